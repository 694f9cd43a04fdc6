"""What a client made and what we kept, in one form, attribute by attribute."""

from __future__ import annotations

import math

from opentelemetry.sdk.trace import ReadableSpan

from apps.traces.model import Span

KINDS = ("INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def kept(span: Span) -> dict:
    """Our side."""
    return {
        "trace_id": span.pb.trace_id.hex(),
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "status": (span.status, span.status_message),
        "trace_state": span.trace_state,
        "attributes": plain(dict(span.attributes)),
        "events": [(e.name, e.time_ns, plain(dict(e.attributes))) for e in span.events],
        "links": [(k.trace_id, k.span_id, plain(dict(k.attributes))) for k in span.links],
        "resource": plain(dict(span.resource.attributes)),
        "scope": (span.scope.name, span.scope.version, plain(dict(span.scope.attributes))),
        "dropped": (span.pb.dropped_attributes_count, span.pb.dropped_events_count, span.pb.dropped_links_count),
    }


def made(span: ReadableSpan) -> dict:
    """The Python SDK's side."""
    scope = span.instrumentation_scope
    return {
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else "",
        "name": span.name,
        "kind": span.kind.name,
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": (span.status.status_code.name, span.status.description or ""),
        "trace_state": span.context.trace_state.to_header(),
        "attributes": plain(dict(span.attributes)),
        "events": [(e.name, e.timestamp, plain(dict(e.attributes))) for e in span.events],
        "links": [
            (f"{k.context.trace_id:032x}", f"{k.context.span_id:016x}", plain(dict(k.attributes))) for k in span.links
        ],
        "resource": plain(dict(span.resource.attributes)),
        "scope": (scope.name, scope.version or "", plain(dict(scope.attributes or {}))),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
    }


def from_script(span: dict) -> dict:
    """A JavaScript SDK's side: JSON made by tests/sdk/told.mjs, with what JSON cannot hold put back."""
    return span | {
        "start_ns": int(span["start_ns"]),
        "end_ns": int(span["end_ns"]),
        "kind": KINDS[span["kind"]],
        "status": (("UNSET", "OK", "ERROR")[span["status"][0]], span["status"][1]),
        "attributes": plain(span["attributes"]),
        "events": [(name, int(time_ns), plain(attributes)) for name, time_ns, attributes in span["events"]],
        "links": [(trace_id, span_id, plain(attributes)) for trace_id, span_id, attributes in span["links"]],
        "resource": plain(span["resource"]),
        "scope": (*span["scope"], {}),
        "dropped": tuple(span["dropped"]),
    }


def plain(value: object) -> object:
    """Values with their types: 1, 1.0, True and "1" stay different; NaN equals itself; sequences are lists."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and math.isnan(value):
        return ("float", "NaN")
    return (type(value).__name__, value)


def differences(kept_spans: list[dict], made_spans: list[dict]) -> list[str]:
    """What differs, one line a field; empty when every span made was kept, once, with everything it holds."""
    there, here = _by_id(made_spans), _by_id(kept_spans)
    lines = [f"{span_id} ({there[span_id]['name']}) is missing" for span_id in there.keys() - here.keys()]
    lines += [f"{span_id} ({here[span_id]['name']}) was never made" for span_id in here.keys() - there.keys()]
    if len(kept_spans) != len(here):
        lines.append(f"{len(kept_spans)} spans kept under {len(here)} ids")
    for span_id in there.keys() & here.keys():
        lines += _unequal(span_id, here[span_id], there[span_id])
    return sorted(lines)


def _unequal(path: str, kept_value: object, made_value: object) -> list[str]:
    if isinstance(kept_value, dict) and isinstance(made_value, dict):
        keys = kept_value.keys() | made_value.keys()
        return [line for key in keys for line in _unequal(f"{path}.{key}", kept_value.get(key), made_value.get(key))]
    return [] if kept_value == made_value else [f"{path}: kept {kept_value!r}, made {made_value!r}"]


def _by_id(spans: list[dict]) -> dict[str, dict]:
    return {span["span_id"]: span for span in spans}
