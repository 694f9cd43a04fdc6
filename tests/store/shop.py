"""A handful of traces, with random batches to send them in."""

from __future__ import annotations

import random
import time

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.traces.build import START_NS, SpanSpec, random_specs, traces_data


def now_shifted(data: TracesData, start_ns: int) -> TracesData:
    """The document with all times moved so that tests.traces.build's START_NS becomes `start_ns`."""
    by = start_ns - START_NS
    for group in data.resource_spans:
        for scoped in group.scope_spans:
            for span in scoped.spans:
                span.start_time_unix_nano += by
                span.end_time_unix_nano += by
                for event in span.events:
                    event.time_unix_nano += by
    return data


def some_trace(number: int, specs: list[SpanSpec | tuple], ago_s: float = 60.0) -> TracesData:
    """A trace with an id of its own that started `ago_s` seconds ago."""
    return now_shifted(
        traces_data(specs, trace_id=trace_id_of(number), by_service=True), time.time_ns() - int(ago_s * 1e9)
    )


def trace_id_of(number: int) -> str:
    return f"{number + 1:08x}" * 4


def random_traces(seed: int, count: int, spans: int = 12) -> list[TracesData]:
    pick = random.Random(seed)
    return [
        some_trace(n, random_specs(seed * 1000 + n, pick.randint(1, spans)), ago_s=pick.uniform(1, 3600))
        for n in range(count)
    ]


def cut(documents: list[TracesData], seed: int, batches: int) -> list[TracesData]:
    """All spans of `documents`, shuffled into `batches` documents as senders' batches would have them."""
    pick = random.Random(seed)
    cut_into = [TracesData() for _ in range(batches)]
    pieces = [
        (group.resource, scoped.scope, span)
        for document in documents
        for group in document.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    ]
    pick.shuffle(pieces)
    for resource, scope, span in pieces:
        group = pick.choice(cut_into).resource_spans.add(resource=resource)
        group.scope_spans.add(scope=scope).spans.append(span)
    return cut_into
