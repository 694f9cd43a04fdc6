"""A trace as Jaeger's JSON: spans, processes, references, logs. Microseconds, all ids 32 and 16 hex digits."""

from __future__ import annotations

import orjson

from apps.api.jaeger.tag_json import span_tags, tag, tags
from apps.traces.model import Event, Link, Resource, Span
from apps.traces.trace import LogRecord, Trace
from apps.traces.values import value_text

US = 1_000


def trace_json(trace: Trace, *, is_raw: bool = False, pretty: bool = False) -> bytes:
    """The trace as one JSON object. `is_raw` leaves everything as it was sent: log records stay out, and links
    without an id stay in. Each span is encoded by itself, so that a large trace is never held as Python objects."""
    option = orjson.OPT_INDENT_2 if pretty else 0
    processes = _Processes()
    spans = b",".join(orjson.dumps(span_object(span, trace, processes, is_raw), option=option) for span in trace)
    return b"".join(
        (
            b'{"traceID":"', trace.trace_id.encode(), b'","spans":[', spans,
            b'],"processes":', orjson.dumps(processes.objects, option=option), b',"warnings":null}',
        )
    )  # fmt: skip


class _Processes:
    """Resources by number, each different one once: `p1`, `p2`, …"""

    def __init__(self):
        self.objects: dict[str, dict] = {}
        self._ids: dict[bytes, str] = {}
        self._last: tuple[Resource | None, str] = (None, "")

    def id_of(self, resource: Resource) -> str:
        if self._last[0] is not resource:
            wire = resource.pb.SerializeToString(deterministic=True)
            known = self._ids.setdefault(wire, f"p{len(self._ids) + 1}")
            self._last = resource, known
            if known not in self.objects:
                rest = tuple((key, value) for key, value in resource.attributes if key != "service.name")
                self.objects[known] = {"serviceName": resource.service, "tags": tags(rest)}
        return self._last[1]


def span_object(span: Span, trace: Trace, processes: _Processes, is_raw: bool) -> dict:
    warnings = [] if is_raw else _warnings(span)
    return {
        "traceID": trace.trace_id,
        "spanID": span.span_id,
        "flags": span.flags,
        "operationName": span.name,
        "references": _references(span, trace.trace_id, is_raw),
        "startTime": span.start_ns // US,
        "duration": span.duration_ns // US,
        "tags": span_tags(span),
        "logs": _logs(span, () if is_raw else _records_of(span, trace)),
        "processID": processes.id_of(span.resource),
        "warnings": warnings or None,
    }


def _references(span: Span, trace_id: str, is_raw: bool) -> list[dict]:
    found = []
    if span.parent_id:
        found.append({"refType": "CHILD_OF", "traceID": trace_id, "spanID": span.parent_id})
    for link in span.links:
        if is_raw or _is_whole(link):
            found.append({"refType": _reference_type(link), "traceID": link.trace_id, "spanID": link.span_id})
    return found


def _reference_type(link: Link) -> str:
    """FOLLOWS_FROM, unless an OpenTracing bridge said otherwise (OpenTracing semantic conventions)."""
    return "CHILD_OF" if ("opentracing.ref_type", "child_of") in link.attributes else "FOLLOWS_FROM"


def _is_whole(link: Link) -> bool:
    return bool(link.trace_id.strip("0") and link.span_id.strip("0"))


def _warnings(span: Span) -> list[str]:
    said = []
    if span.end_ns < span.start_ns:
        said.append(f"the span ends {(span.start_ns - span.end_ns) / US:.0f} µs before it starts; its duration is 0")
    lost = sum(not _is_whole(link) for link in span.links)
    if lost:
        said.append(f"{lost} links without a trace or span id left out")
    return said


def _records_of(span: Span, trace: Trace) -> tuple[LogRecord, ...]:
    """Log records sent with this span's id; only its first span has them where an id stands twice."""
    records = trace.logs.get(span.span_id, ())
    return records if records and trace.by_id[span.span_id][0] is span else ()


def _logs(span: Span, records: tuple[LogRecord, ...]) -> list[dict]:
    found = [(event.time_ns, _event_fields(event)) for event in span.events]
    found += [(record.time_ns, _record_fields(record)) for record in records]
    if records:
        found.sort(key=lambda timed: timed[0])
    return [{"timestamp": time_ns // US, "fields": fields} for time_ns, fields in found]


def _event_fields(event: Event) -> list[dict]:
    name = [tag("event", event.name)] if event.name and "event" not in dict(event.attributes) else []
    return name + tags(event.attributes)


def _record_fields(record: LogRecord) -> list[dict]:
    named = (("event", record.event_name), ("level", record.severity), ("message", value_text(record.body)))
    own = dict(record.attributes)
    return [tag(key, text) for key, text in named if text and key not in own] + tags(record.attributes)
