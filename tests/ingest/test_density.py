"""Hollow bodies are told from full ones, whatever they are made of."""

from __future__ import annotations

import gzip
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest import density
from apps.ingest.density import WALKED_FROM_BYTES, is_hollow_json, is_hollow_protobuf
from tests.costs import within
from tests.ingest import spans
from tests.ingest.test_bombs import MIB, PeakMemory, send


def group(content: bytes) -> bytes:
    """One resource_spans around a scope_spans around `content`."""
    return spans._field(1, spans._field(2, content))


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * WALKED_FROM_BYTES,
        spans._field(1, b"\x12\x00" * WALKED_FROM_BYTES),
        group(b"\x12\x00" * WALKED_FROM_BYTES),
        group(b"\x12\x04\x2a\x02ab" * WALKED_FROM_BYTES),
    ],
    ids=["groups", "scopes", "spans", "spans with a name of two letters"],
)
def test_a_large_body_of_empty_messages_is_hollow_at_any_level(body):
    assert is_hollow_protobuf(body)


@pytest.mark.parametrize("field", [b"\0", b"\x08\x01", b"\x1a\x01x", b"\x1d1234"])
@pytest.mark.parametrize("wrap", [bytes, lambda c: spans._field(1, c), group], ids=["top", "group", "inner"])
def test_a_large_body_of_small_unknown_fields_is_hollow_and_is_not_walked_to_its_end(field, wrap):
    body = wrap(field * (40 * MIB // len(field)))
    assert within(0.5, lambda: is_hollow_protobuf(body))  # walked to its end it is 10 s


def test_spans_that_each_have_a_group_of_their_own_are_not_hollow():
    assert not is_hollow_protobuf(spans.protobuf(spans.span(spans.new_trace_id())) * 20_000)


def test_the_smallest_real_spans_are_not_hollow():
    least = [spans.Span(trace_id=secrets.token_bytes(16), span_id=secrets.token_bytes(8)) for _ in range(50_000)]
    body = spans.protobuf(*least)
    assert len(body) > WALKED_FROM_BYTES
    assert not is_hollow_protobuf(body)
    assert not is_hollow_json(spans.json_request(*[spans.json_span("0" * 32) for _ in range(10_000)]))


@given(st.binary(max_size=400))
def test_the_walk_ends_on_any_bytes(data):
    least = density.WALKED_FROM_BYTES
    try:
        density.WALKED_FROM_BYTES = 0
        assert is_hollow_protobuf(data) in (True, False)
    finally:
        density.WALKED_FROM_BYTES = least


def test_64_mib_of_empty_spans_in_gzip_do_not_raise_memory_by_more_than_200_mib(servers):
    server = servers("open")
    body = gzip.compress(spans.hollow(31 * MIB), 1)
    with PeakMemory(server.process.pid) as memory:
        assert send(server.port, body, {"Content-Encoding": "gzip"}).status == 400
    assert memory.peak - memory.before < 200 * MIB
