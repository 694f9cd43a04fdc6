"""Everything one span holds, ready for the side panel."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.moment import SHOWN_MOMENTS, Moment, event_moment, log_moment
from apps.explorer.trace.values import Attribute, attributes, visible
from apps.traces import semconv
from apps.traces.attribute_groups import group_attributes
from apps.traces.durations import format_count, format_duration_ns, format_offset_ns
from apps.traces.failed import HTTP_STATUS, RPC_STATUS
from apps.traces.model import Link, Span
from apps.traces.moments import utc_text
from apps.traces.tree import Node

HOT_KEYS = frozenset((*HTTP_STATUS, *RPC_STATUS, "error", "error.type"))


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class LinkedSpan:
    trace_id: str
    span_id: str
    href: str
    is_here: bool
    trace_state: str
    attributes: tuple[Attribute, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class Panel:
    key: str
    service: str
    name: str
    peer: str
    error: tuple[str, str] | None
    """(what, message)"""
    facts: tuple[tuple[str, str], ...]
    is_error: bool
    status: str
    count: int
    groups: tuple[Group, ...]
    events: tuple[Moment, ...]
    more_events: int
    logs: tuple[Moment, ...]
    links: tuple[LinkedSpan, ...]
    resource: tuple[Attribute, ...]
    resource_says: str
    scope: tuple[Attribute, ...]
    scope_says: str
    ids: tuple[tuple[str, str], ...]
    """(label, value) of ids, times, flags, trace state and dropped counts."""


def span_panel(node: Node, loaded: Loaded, usual_ns: float | None) -> Panel:
    """What the panel of a node's span shows; `usual_ns`: the middle of what spans like it take, where that is known."""
    span, trace = node.span, loaded.trace
    trace_id = trace.trace_id
    logs = trace.logs.get(span.span_id, ())
    events = span.events
    hot = HOT_KEYS if span.is_error else frozenset()
    return Panel(
        key=loaded.key_of(node),
        service=span.service,
        name=visible(span.name) or "(no name)",
        peer=semconv.peer_name(span) or "",
        error=_error(span, logs),
        facts=_facts(node, loaded, usual_ns),
        is_error=span.is_error,
        status="UNSET, but it failed" if span.is_error and span.status == "UNSET" else span.status,
        count=len(span.attributes),
        groups=tuple(Group(group.name, attributes(group.pairs, hot)) for group in group_attributes(span.attributes)),
        events=tuple(event_moment(event, span) for event in events[:SHOWN_MOMENTS]),
        more_events=max(0, len(events) - SHOWN_MOMENTS),
        logs=tuple(log_moment(record, span) for record in logs[:SHOWN_MOMENTS]),
        links=tuple(_link(link, trace_id) for link in span.links[:SHOWN_MOMENTS]),
        resource=_with_schema(span.resource),
        resource_says=_resource_says(span),
        scope=_with_schema(span.scope),
        scope_says=visible(f"{span.scope.name} {span.scope.version}".strip()),
        ids=_ids(span, trace_id),
    )


def _facts(node: Node, loaded: Loaded, usual_ns: float | None) -> tuple[tuple[str, str], ...]:
    span, trace_start_ns = node.span, loaded.trace.start_ns
    return (
        ("Duration", format_duration_ns(span.duration_ns) if span.is_timed else "–"),
        ("Usually", format_duration_ns(round(usual_ns)) if usual_ns is not None else "–"),
        ("On the path", _on_path(node, loaded)),
        ("Starts", format_offset_ns(span.start_ns - trace_start_ns) if span.is_timed else "not set"),
        ("Ends", format_offset_ns(span.start_ns + span.duration_ns - trace_start_ns) if span.is_timed else "–"),
        ("Kind", span.kind),
        ("Spans below", format_count(node.size - 1)),
    )


def _on_path(node: Node, loaded: Loaded) -> str:
    """How much of the waited time is this span's own."""
    own_ns = loaded.path.own_ns.get(node.position)
    if own_ns:
        return format_duration_ns(own_ns)
    return "no, nobody waited" if node.position in loaded.path.beside else "no, others took longer"


def _error(span: Span, logs: tuple) -> tuple[str, str] | None:
    found = semconv.error_summary(span, logs)
    if found is None:
        return None
    title = {"ERROR": "Status ERROR"}.get(span.status, "Failed") if found.title == "error" else found.title
    message = "" if found.message in title else found.message
    return _short(title, 200), _short(message, 1000)


def _link(link: Link, trace_id: str) -> LinkedSpan:
    is_here = link.trace_id == trace_id
    query = f"?span={link.span_id}" if link.span_id.strip("0") else ""
    return LinkedSpan(
        trace_id=link.trace_id,
        span_id=link.span_id,
        href=(query or "?") if is_here else f"/t/{link.trace_id}{query}",
        is_here=is_here,
        trace_state=visible(link.trace_state),
        attributes=attributes(link.attributes),
        dropped=link.dropped_attributes_count,
    )


def _with_schema(holder) -> tuple[Attribute, ...]:
    extra = (("(schema URL)", holder.schema_url),) if holder.schema_url else ()
    return attributes(holder.attributes) + attributes(extra)


def _resource_says(span: Span) -> str:
    pairs = dict(span.resource.attributes)
    version = pairs.get("service.version", "")
    where = pairs.get("service.instance.id") or pairs.get("k8s.pod.name") or pairs.get("host.name") or ""
    return visible(" · ".join(filter(None, (f"{span.service} {version}".strip(), str(where)[:40]))))


def _ids(span: Span, trace_id: str) -> tuple[tuple[str, str], ...]:
    pb = span.pb
    rows = [
        ("trace ID", trace_id),
        ("span ID", span.span_id),
        ("parent span ID", span.parent_id or "none: a root"),
        ("start", utc_ns(span.start_ns)),
        ("end", utc_ns(span.end_ns)),
        ("status message", visible(span.status_message)),
        ("trace state", visible(span.trace_state)),
        ("flags", _flags(span.flags)),
    ]
    for label, count in (
        ("dropped attributes", pb.dropped_attributes_count),
        ("dropped events", pb.dropped_events_count),
        ("dropped links", pb.dropped_links_count),
        ("dropped resource attributes", span.resource.dropped_attributes_count),
        ("dropped scope attributes", span.scope.dropped_attributes_count),
    ):
        rows.append((label, str(count) if count else ""))
    return tuple((label, value) for label, value in rows if value)


def _flags(flags: int) -> str:
    """trace.proto: bits 0 to 7 are W3C's, bit 8 says whether bit 9 (the parent is remote) is known."""
    if not flags:
        return ""
    said = ["sampled" if flags & 1 else "not sampled"]
    if flags & 2:
        said.append("random trace ID")
    if flags & 0x100:
        said.append("parent in another process" if flags & 0x200 else "parent in this process")
    return f"0x{flags:x}: " + ", ".join(said)


def utc_ns(at_ns: int) -> str:
    """An instant to the nanosecond, as the span says it."""
    return f"{utc_text(at_ns)[:19]}.{at_ns % 1_000_000_000:09}Z" if at_ns else "not set"


def _short(text: str, limit: int) -> str:
    return visible(text if len(text) <= limit else text[: limit - 1] + "…")
