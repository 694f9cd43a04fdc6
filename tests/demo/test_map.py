"""The shop's service map, as the product answers it, is the topology it declares: with sampling and without."""

import time
from collections import Counter, defaultdict
from math import sqrt

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from apps.demo.catalogue import EXTERNALS, QUEUES, SERVICES, STORES
from apps.demo.topology import EDGES, USERS
from apps.traces.edges import edges_of
from apps.traces.peers import Node
from tests.demo.conftest import HOUR_NS, START_NS, Day, families
from tests.demo.test_edges import KINDS, declared_name
from tests.storing import digest_all

MOST_OF_A_ROOT = 60
"""Traces of one root span name: all edges are among them, in a fifth of the spans."""
TRACES_A_REQUEST = 100
HALF, WHOLE = "ot=th:8", "ot=th:0"
DECLARED = {(edge.source, edge.target, KINDS[edge.kind]) for edge in EDGES}


def some_traces(day) -> list[list]:
    """Spans by trace, every root span name's first."""
    taken, chosen = Counter(), []
    for spans in day.traces.values():
        roots = [(span.resource.attributes["service.name"], span.name) for span in spans if span.parent is None]
        root = roots[0] if roots else ("", "")
        taken[root] += 1
        if taken[root] <= MOST_OF_A_ROOT:
            chosen.append(spans)
    return chosen


def post(client, traces: list[list], states: list[str]) -> None:
    """Over OTLP/HTTP, moved so that the two hours end now; `states`: each trace's trace state."""
    by_ns = time.time_ns() - (START_NS + 2 * HOUR_NS)
    for at in range(0, len(traces), TRACES_A_REQUEST):
        some = traces[at : at + TRACES_A_REQUEST]
        state = {
            span.context.span_id.to_bytes(8, "big"): told
            for spans, told in zip(some, states[at : at + TRACES_A_REQUEST], strict=True) for span in spans
        }  # fmt: skip
        request = encode_spans([span for spans in some for span in spans])
        for group in request.resource_spans:
            for part in group.scope_spans:
                for span in part.spans:
                    span.trace_state = state[span.span_id]
                    span.start_time_unix_nano += by_ns
                    span.end_time_unix_nano += by_ns
        answer = client.post("/v1/traces", request.SerializeToString(), content_type="application/x-protobuf")
        assert answer.status_code == 200, answer.content
    digest_all(later_s=120)


def read_map(client) -> dict:
    answer = client.get("/api/v1/map", {"range": "3h"})
    assert answer.status_code == 200
    return answer.json()


def edges_in(told: dict) -> dict[tuple[str, str, str], dict]:
    return {
        (declared_name(Node(**edge["caller"])), declared_name(Node(**edge["callee"])), edge["kind"]): edge
        for edge in told["edges"]
    }


def counts(edges: dict, name: str) -> dict:
    return {ends: edge["now"][name] for ends, edge in edges.items()}


def counted(traces: list[list]) -> dict[tuple[str, str, str], list[int]]:
    """Calls of each edge in every trace that has it, from the spans themselves."""
    found = defaultdict(list)
    for family in families(Day(spans=[span for spans in traces for span in spans])):
        ends = ((declared_name(edge.caller), declared_name(edge.callee), edge.kind) for edge in edges_of(family).edges)
        for edge, calls in Counter(ends).items():
            found[edge].append(calls)
    return found


@pytest.mark.django_db(transaction=True)
def test_the_map_is_the_declared_topology(day, client, empty_store):
    traces = some_traces(day)
    post(client, traces, [""] * len(traces))
    told = read_map(client)
    edges = edges_in(told)
    assert set(edges) == DECLARED
    assert {declared_name(Node(node["kind"], node["name"])) for node in told["nodes"]} == {
        USERS, *SERVICES, *STORES, *QUEUES, *EXTERNALS
    }  # fmt: skip
    expected = {edge: sum(calls) for edge, calls in counted(traces).items()}
    assert counts(edges, "calls") == counts(edges, "samples") == expected
    assert told["coverage"]["traces"] == len(traces) and told["coverage"]["sampled_share"] == 0


@pytest.mark.django_db(transaction=True)
def test_the_map_of_every_second_trace_is_the_same_and_counts_for_all(day, client, empty_store):
    """As a consistent sampler keeps them: by the trace id's last 56 bits, all spans of a trace or none. What runs once
    a night is kept whole."""
    traces = some_traces(day)
    whole = counted(traces)
    kept, states = [], []
    for spans in traces:
        is_rare = any(span.resource.attributes["service.name"] == "nightly" for span in spans)
        if is_rare or spans[0].context.trace_id & ((1 << 56) - 1) >= 1 << 55:
            kept.append(spans)
            states.append(WHOLE if is_rare else HALF)
    assert len(traces) * 0.4 < len(kept) < len(traces) * 0.6
    post(client, kept, states)
    told = read_map(client)
    edges = edges_in(told)
    assert set(edges) == DECLARED
    assert told["coverage"]["sampled_share"] > 0.8
    samples = counts(edges, "samples")
    for ends, calls in counts(edges, "calls").items():
        assert calls == samples[ends] * (1 if "nightly" in ends else 2)
        # Each trace counts twice or not at all: off by as much as it has calls.
        deviation = sqrt(sum(calls_of_one**2 for calls_of_one in whole[ends]))
        assert abs(calls - sum(whole[ends])) <= 4 * deviation, (ends, calls, sum(whole[ends]))
