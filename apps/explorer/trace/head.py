"""The head of the trace page: one true sentence, and the facts it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, tzinfo

from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.state import TraceState
from apps.explorer.trace.values import value_search, visible
from apps.store.sealed import filed_at
from apps.traces.attribute_groups import BUSINESS_KEYS
from apps.traces.durations import NBSP, format_count, format_duration_ns
from apps.traces.moments import local, offset_name, utc_text
from apps.traces.skew import clock_skew
from apps.traces.tree import Node, Tree
from apps.traces.values import any_value, value_text

LOOKED_AT_SPANS = 2_000
"""Rows in which business keys and links are looked for, so that a huge trace opens as fast as any."""
SHOWN_VALUES = 3
_WIRE_KEYS = tuple(key.encode() for key in BUSINESS_KEYS)


@dataclass(frozen=True, slots=True)
class FactValue:
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Fact:
    key: str
    values: tuple[FactValue, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Head:
    title: str
    trace_id: str
    root_service: str
    root_name: str
    """"" when the root span is not there."""
    took: str
    after: str
    """The rest of the sentence, from the colon on."""
    skew: str
    """Whose clock seems off, and what stays true; "" when none does."""
    started: str
    started_iso: str
    spans: str
    spans_count: str
    services: str
    depth: str
    errors: str
    error_href: str
    orphans: str
    orphan_href: str
    incomplete: str
    complete: str
    """Of a trace whose parents are all there."""
    business: tuple[Fact, ...]
    links: str
    links_href: str
    stored_until: str
    is_live: bool
    quiet_s: int


def trace_head(loaded: Loaded, state: TraceState, *, zone: tzinfo, retention_days: int, quiet_s: int) -> Head:
    """Words and figures of the head; links keep the rest of the view."""
    tree, trace = loaded.tree, loaded.trace
    root = tree.main_root
    is_rooted = not root.is_orphan and not root.is_cut
    name = (visible(root.span.name) or "(no name)") if is_rooted else ""
    took_ns = root.span.duration_ns if is_rooted else trace.duration_ns
    errors = plural(tree.errors, "error")
    first_error = next((node for node in tree.nodes if node.is_error), None)
    orphans = len(tree.orphans)
    business, linked, first_linked = _carried(loaded)
    return Head(
        title=f"{name or 'Trace without its root'} · {format_duration_ns(took_ns)}"
        + (f" · {errors}" if tree.errors else ""),
        trace_id=trace.trace_id,
        root_service=root.span.service if is_rooted else "",
        root_name=name,
        took=format_duration_ns(took_ns),
        after=_after(loaded, is_rooted, took_ns),
        skew=_skew(loaded, took_ns if is_rooted else 0),
        started=started_text(trace.start_ns, zone),
        started_iso=utc_text(trace.start_ns),
        spans=format_count(len(trace)),
        spans_count=format_count(len(trace)),
        services=plural(len(loaded.services), "service"),
        depth=format_count(tree.depth),
        errors=_errors_text(loaded),
        error_href=_span_href(loaded, state, first_error),
        orphans=f"{plural(orphans, 'span')} without {'its' if orphans == 1 else 'their'} parent" if orphans else "",
        orphan_href=_span_href(loaded, state, tree.orphans[0] if orphans else None),
        incomplete=_incomplete(orphans),
        complete=_complete(tree),
        business=business,
        links=plural(linked, "link") + " to other traces" if linked else "",
        links_href=_span_href(loaded, state, first_linked),
        stored_until=_stored_until(loaded, zone, retention_days),
        is_live=not loaded.is_sealed,
        quiet_s=quiet_s,
    )


def plural(count: int, word: str) -> str:
    """`1 error`, `1 284 spans`, `no errors`."""
    return f"{format_count(count) if count else 'no'}{NBSP}{word}" + ("" if count == 1 else "s")


def started_text(at_ns: int, zone: tzinfo) -> str:
    """`Thu 19 Nov 2026, 14:32:07.418 UTC+1`."""
    at = local(at_ns, zone)
    return (
        f"{at:%a} {at.day} {at:%b %Y}, {at.isoformat(timespec='milliseconds')[11:23]}{NBSP}{offset_name(at_ns, zone)}"
    )


def _after(loaded: Loaded, is_rooted: bool, took_ns: int) -> str:
    """The sentence's second half, which claims nothing that the spans do not say."""
    trace, tree = loaded.trace, loaded.tree
    whole = trace.duration_ns
    start = ""
    if not is_rooted:
        missing = "the root span has not come" if loaded.tree.orphans else "no span here is a root"
        start = f" from the first span here to the last; {missing}"
    elif whole > took_ns * 1.01 and whole - took_ns > 1_000_000 and clock_skew(tree) is None:
        start = f", the whole trace {format_duration_ns(whole)}"
    verb = "span" if len(trace) == 1 else "spans"
    return (
        f"{start}: {format_count(len(trace))}{NBSP}{verb} in {plural(len(loaded.services), 'service')}, "
        f"{plural(tree.errors, 'error')}."
    )


def _skew(loaded: Loaded, request_ns: int) -> str:
    """`request_ns`: the root's duration, which one clock has measured; 0 without a root."""
    skew = clock_skew(loaded.tree)
    if skew is None:
        return ""
    where = "ahead of" if skew.skew_ns > 0 else "behind"
    said = f"The clock of {visible(skew.service)} seems at least {format_duration_ns(abs(skew.skew_ns))} {where} "
    said += f"{visible(skew.caller)}’s, so its spans stand in the wrong place."
    return said + (f" The request itself took {format_duration_ns(request_ns)}." if request_ns else "")


def _errors_text(loaded: Loaded) -> str:
    places = [name for name, errors in loaded.services.items() if errors]
    where = places[0] if len(places) == 1 else plural(len(places), "service")
    return f"{format_count(loaded.tree.errors)} in {where}"


def _incomplete(orphans: int) -> str:
    if not orphans:
        return ""
    one = orphans == 1
    return (
        f"{plural(orphans, 'span')} {'names a parent that has' if one else 'name parents that have'} not come. "
        f"{'It' if one else 'They'} may have been lost on the way, or sampled out, or sent elsewhere."
    )


def _complete(tree: Tree) -> str:
    return "no parent missing" if not any(root.is_cut for root in tree.roots) else "parents in a circle"


def _span_href(loaded: Loaded, state: TraceState, node: Node | None) -> str:
    return state.href(span=loaded.key_of(node), first=0) if node else ""


def _carried(loaded: Loaded) -> tuple[tuple[Fact, ...], int, Node | None]:
    """Business keys with their values, and links to other traces, of the first LOOKED_AT_SPANS rows."""
    found: dict[str, dict[str, None]] = {}
    links, first_linked = 0, None
    own = bytes.fromhex(loaded.trace.trace_id)
    for node in loaded.tree.nodes[:LOOKED_AT_SPANS]:
        wire = node.span.message.SerializeToString()
        # Looking for the keys in a span's bytes takes 1 µs, decoding it 6.
        if not node.span.message.links and not any(map(wire.__contains__, _WIRE_KEYS)):
            continue
        pb = node.span.pb
        for pair in pb.attributes:
            if pair.key in BUSINESS_KEYS:
                found.setdefault(pair.key, {})[value_text(any_value(pair.value))] = None
        other = sum(link.trace_id != own for link in pb.links) if pb.links else 0
        if other and first_linked is None:
            first_linked = node
        links += other
    facts = tuple(_fact(key, list(found[key])) for key in BUSINESS_KEYS if key in found)
    return facts, links, first_linked


def _fact(key: str, values: list[str]) -> Fact:
    shown = tuple(
        FactValue(visible(text) or "(empty)", value_search(key, text[:512])) for text in values[:SHOWN_VALUES]
    )
    return Fact(key, shown, len(values) > SHOWN_VALUES)


def _stored_until(loaded: Loaded, zone: tzinfo, retention_days: int) -> str:
    """The day on which retention reaches the trace; it counts from what digest files the trace under."""
    filed_ns = filed_at(loaded.trace.start_ns, loaded.received_ns, retention_days)
    at = local(filed_ns, zone) + timedelta(days=retention_days)
    return f"{at.day} {at:%b %Y}"
