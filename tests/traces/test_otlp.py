"""Requests with something wrong in them: the bad part is repaired or refused, the good part is kept."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from apps.traces.batch import SHARDS, split_batch
from apps.traces.draft import Draft, raw_scopes
from apps.traces.otlp import parse_request, read_trace
from apps.traces.packing import decompress
from apps.traces.wire import TolerantTracesData
from tests.traces.build import TRACE_ID, SpanSpec, random_specs, traces_data


def test_one_text_that_is_not_utf8_is_repaired_and_the_rest_is_untouched():
    data = traces_data([SpanSpec("a", "x", None, 0, 5, {"k": "good"}), SpanSpec("a", "y", None, 0, 5, {"k": "bad"})])
    tolerant = TolerantTracesData.FromString(data.SerializeToString())
    tolerant.resource_spans[0].scope_spans[0].spans[1].attributes[0].value.string_value = b"\xff\xfe!"
    request, problems, refused = parse_request(tolerant.SerializeToString())
    assert refused == 0
    assert "UTF-8" in problems[0]
    trace = read_trace(TRACE_ID, request.SerializeToString())
    assert [span.get("k") for span in trace] == ["good", "\ufffd\ufffd!"]


@pytest.mark.parametrize(("depth", "is_kept"), [(10, True), (40, True), (60, False), (200, False)])
def test_values_nested_too_deeply_cost_their_span_and_no_other(depth, is_kept):
    data = traces_data([SpanSpec("a", "x", None, 0, 5), SpanSpec("a", "y", None, 0, 5)])
    value = AnyValue(string_value="deep").SerializeToString()
    for _ in range(depth):  # ArrayValue in AnyValue, by hand: the classes refuse to write what they cannot read
        value = b"\x0a" + _varint(len(value)) + value
        value = b"\x2a" + _varint(len(value)) + value
    pair = b"\x0a\x01k\x12" + _varint(len(value)) + value
    body = _with_attribute(data, pair)
    request, problems, refused = parse_request(body)
    assert refused == (not is_kept)
    assert len(problems) == refused
    assert split_batch(request).accepted == 1 + is_kept


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _with_attribute(data, pair: bytes) -> bytes:
    spans = data.resource_spans[0].scope_spans[0].spans
    first = spans[0].SerializeToString() + b"\x4a" + _varint(len(pair)) + pair
    second = spans[1].SerializeToString()
    scoped = b"".join(b"\x12" + _varint(len(s)) + s for s in (first, second))
    group = b"\x12" + _varint(len(scoped)) + scoped
    return b"\x0a" + _varint(len(group)) + group


@pytest.mark.parametrize("body", [b"\xff", b"hello", b"\x0a\xff"])
def test_what_is_no_request_is_refused(body):
    with pytest.raises(ValueError, match="protobuf"):
        parse_request(body)


def test_ids_of_the_wrong_length_or_all_zero_cost_only_their_span():
    data = traces_data([SpanSpec("a", "x", None, n, 5) for n in range(5)])
    spans = data.resource_spans[0].scope_spans[0].spans
    spans[0].trace_id, spans[1].trace_id = b"short", bytes(16)
    spans[2].span_id, spans[3].span_id = bytes(8), b""
    batch = split_batch(ExportTraceServiceRequest.FromString(data.SerializeToString()))
    assert (batch.accepted, batch.rejected) == (1, 4)
    assert "4 spans refused" in batch.problems[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_holds_every_span_byte_for_byte_in_the_shard_of_its_trace(seed):
    data = traces_data(random_specs(seed, 300), by_service=True)
    for n, span in enumerate(s for g in data.resource_spans for c in g.scope_spans for s in c.spans):
        span.trace_id = bytes([n % 7 + 1]) * 16
    body = data.SerializeToString()
    batch = split_batch(ExportTraceServiceRequest.FromString(body), body)
    kept = []
    for part in batch.parts:
        for _, raws in raw_scopes(decompress(part.payload)):
            kept += raws
            assert {raw[17] % SHARDS for raw in raws} == {part.shard}
    sent = [s.SerializeToString() for g in data.resource_spans for c in g.scope_spans for s in c.spans]
    assert sorted(kept) == sorted(sent)
    assert batch.accepted == sum(p.span_count for p in batch.parts) == 300


def test_a_second_trace_id_in_a_span_message_cannot_hide_it_from_its_trace():
    data = traces_data([SpanSpec("a", "x", None, 0, 5)])
    span = data.resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    twice = b"\x0a\x10" + b"\x77" * 16 + span
    scoped = b"\x12" + _varint(len(twice)) + twice
    group = b"\x12" + _varint(len(scoped)) + scoped
    body = b"\x0a" + _varint(len(group)) + group
    batch = split_batch(ExportTraceServiceRequest.FromString(body), body)
    draft = Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(decompress(batch.parts[0].payload))
    assert draft.span_count == 1
