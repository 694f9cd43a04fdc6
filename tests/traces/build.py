"""Traces for tests: from tuples, from a drawing, or random with a seed.

A drawing has one span a line: `service [KIND] name [#id] [parent=id] |lane`. Indentation gives the
parent, `parent=` overrides it (an id nobody has makes an orphan). In the lane one column is one
millisecond: `[==]` from its first to behind its last column, `.` for a span of no length, `<==`
for a span that ends before it starts, `!` behind the bar for status ERROR:

    shop SERVER GET /cart        |[==========]
      shop CLIENT call           |  [====]   !
        stock SERVER GET /stock  |   [==]
    mail INTERNAL send parent=ff |     [==]
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from apps.traces.model import KINDS, STATUSES
from apps.traces.otlp import read_trace
from apps.traces.trace import Trace

TRACE_ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"
START_NS = 1_795_000_000_000_000_000
MS = 1_000_000


@dataclass
class SpanSpec:
    """`parent` is the index of another spec, a span id in hex, or None. Times in ms from the trace's start; a start of
    None is 0 on the wire."""

    service: str
    name: str
    parent: int | str | None
    start_ms: float | None
    duration_ms: float
    attributes: Mapping[str, object] = field(default_factory=dict)
    kind: str = "INTERNAL"
    status: str = "UNSET"
    message: str = ""
    events: Sequence[tuple[float, str, Mapping[str, object]]] = ()
    span_id: str | None = None


def any_value(value: object) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    built = AnyValue()
    if isinstance(value, Mapping):
        built.kvlist_value.SetInParent()
        built.kvlist_value.values.extend(key_values(value))
    elif value is not None:
        built.array_value.SetInParent()
        built.array_value.values.extend(any_value(item) for item in value)
    return built


def key_values(attributes: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span_id_of(index: int) -> str:
    return f"{index + 1:016x}"


def span_message(index: int, spec: SpanSpec, specs: Sequence[SpanSpec], trace_id: str = TRACE_ID) -> SpanMessage:
    parent = spec.parent
    if isinstance(parent, int):
        parent = specs[parent].span_id or span_id_of(parent)
    start = START_NS + round(spec.start_ms * MS) if spec.start_ms is not None else 0
    built = SpanMessage(
        trace_id=bytes.fromhex(trace_id),
        span_id=bytes.fromhex(spec.span_id or span_id_of(index)),
        parent_span_id=bytes.fromhex((parent or "").rjust(16, "0") if parent else ""),
        name=spec.name,
        kind=KINDS.index(spec.kind, 1),
        start_time_unix_nano=start,
        end_time_unix_nano=(start or START_NS) + round(spec.duration_ms * MS),
        attributes=key_values(spec.attributes),
    )
    built.status.code = STATUSES.index(spec.status)
    built.status.message = spec.message
    for at_ms, name, attributes in spec.events:
        time_ns = START_NS + round(at_ms * MS)
        built.events.add(time_unix_nano=time_ns, name=name, attributes=key_values(attributes))
    return built


def traces_data(specs: Iterable[SpanSpec | tuple], trace_id: str = TRACE_ID, by_service: bool = False) -> TracesData:
    """OTLP TracesData. Runs of one service share a ResourceSpans, so that the order of spans is kept;
    with `by_service` all its spans do, as senders do it."""
    specs = [spec if isinstance(spec, SpanSpec) else SpanSpec(*spec) for spec in specs]
    built, groups = TracesData(), {}
    for index, spec in enumerate(specs):
        if index and not by_service and specs[index - 1].service != spec.service:
            groups = {}
        if spec.service not in groups:
            group: ResourceSpans = built.resource_spans.add()
            group.resource.attributes.extend(key_values({"service.name": spec.service}))
            group.scope_spans.add().scope.name = "tests"
            groups[spec.service] = group.scope_spans[0].spans
        groups[spec.service].append(span_message(index, spec, specs, trace_id))
    return built


def as_trace(data: TracesData, trace_id: str = TRACE_ID) -> Trace:
    return read_trace(trace_id, data.SerializeToString())


def trace_of(*specs: SpanSpec | tuple) -> Trace:
    """`trace_of(("shop", "GET /", None, 0, 100), ("shop", "SELECT", 0, 10, 5, {"db.system.name": "postgresql"}))`"""
    return as_trace(traces_data(specs))


def draw(drawing: str) -> Trace:
    return as_trace(traces_data(draw_specs(drawing)))


def draw_specs(drawing: str) -> list[SpanSpec]:
    specs: list[SpanSpec] = []
    ids: dict[str, str] = {}
    above: list[tuple[int, int]] = []
    lines = [line for line in dedent(drawing).splitlines() if line.strip()]
    for line in lines:  # Ids first: a parent may be drawn below its child.
        for word in line.split("|")[0].split():
            if word.startswith("#"):
                ids.setdefault(word[1:], f"{0xA0000 + len(ids):016x}")
    for index, line in enumerate(lines):
        label, lane = line.split("|", 1)
        indent = len(label) - len(label.lstrip())
        above = [(depth, at) for depth, at in above if depth < indent]
        specs.append(_drawn(label.split(), lane, above[-1][1] if above else None, ids))
        above.append((indent, index))
    return specs


def _drawn(words: list[str], lane: str, parent: int | str | None, ids: dict[str, str]) -> SpanSpec:
    service, kind, span_id, name = words[0], "INTERNAL", None, []
    for word in words[1:]:
        if word in KINDS:
            kind = word
        elif word.startswith("#"):
            span_id = ids[word[1:]]
        elif word.startswith("parent="):
            parent = ids.get(word[7:]) or word[7:] or None
        else:
            name.append(word)
    bar = lane.rstrip(" !")
    start, length = len(bar) - len(bar.lstrip()), len(bar.strip())
    if bar.strip() == ".":
        length = 0
    elif bar.strip().startswith("<"):
        start, length = start + length, -length
    status = "ERROR" if "!" in lane else "UNSET"
    return SpanSpec(service, " ".join(name), parent, start, length, {}, kind, status, span_id=span_id)


def random_specs(seed: int, spans: int, services: int = 8, fan_out: int = 6) -> list[SpanSpec]:
    """A plausible trace: children inside their parents, a few errors, attributes, siblings that repeat."""
    pick = random.Random(seed)
    answered = {"http.response.status_code": pick.choice((200, 404, 500))} if seed % 2 else {}
    specs = [SpanSpec("service-0", "GET /", None, 0, 1000 + spans, answered, "SERVER")]
    for index in range(1, spans):
        parent = index - 1 if pick.random() < 0.2 else max(0, index - pick.randint(1, fan_out * 4))
        above = specs[parent]
        start = above.start_ms + above.duration_ms * pick.random() * 0.8
        length = (above.start_ms + above.duration_ms - start) * pick.random()
        service = above.service if pick.random() < 0.6 else f"service-{pick.randrange(services)}"
        attributes = {"order.id": pick.randrange(10**6), "http.request.method": "GET", "db.system.name": "postgresql"}
        status = "ERROR" if pick.random() < 0.02 else "UNSET"
        name = pick.choice(("SELECT orders", "GET /stock", "charge", "render"))
        specs.append(SpanSpec(service, name, parent, start, length, attributes, pick.choice(KINDS[1:]), status))
    return specs


def random_trace(seed: int, spans: int, **shape) -> Trace:
    return as_trace(traces_data(random_specs(seed, spans, **shape), by_service=True))
