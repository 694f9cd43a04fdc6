"""Bad and odd requests, and the answer each gets: one row per request.

The rows are sent to real servers by `test_odd_requests.py` and printed as docs/ingest-answers.md by
`python -m tests.ingest.answers_page`.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

import zstandard

from tests.ingest import spans
from tests.ingest.wire_http import JSON, PROTOBUF

BOMB_BYTES = 256 * 2**20
SMALL_LIMIT_BYTES = 2**20
"""TRACER_MAX_BODY_BYTES of the server called `keyed`."""

Body = Callable[[str], bytes]
"""Trace id in, body out: every row is sent under a trace id of its own."""


@dataclass(frozen=True)
class Row:
    """One request. `stored` is how many spans of its trace id are found afterwards; None: not looked at."""

    sent: str
    status: int
    body: Body = field(default=lambda trace: spans.protobuf(spans.span(trace)))
    says: str = ""
    rejected: int = 0
    stored: int | None = 1
    path: str = "/v1/traces"
    method: str = "POST"
    content_type: str | None = PROTOBUF
    headers: dict[str, str] = field(default_factory=dict)
    way: str = "counted"
    """counted, chunked, broken chunks, cut short, or twice."""
    server: str = "open"
    answers: dict[str, str] = field(default_factory=dict)
    """Headers the answer must have."""


def refused(sent: str, status: int, says: str, **more) -> Row:
    return Row(sent, status, says=says, **({"stored": 0} | more))


def _json(**fields) -> Body:
    return lambda trace: spans.json_request(spans.json_span(trace, **fields))


def _span(**fields) -> Body:
    return lambda trace: spans.protobuf(spans.span(trace, **fields))


def _attribute(value: object) -> Body:
    return _json(attributes=[{"key": "note", "value": value}])


def _with_good(bad: Callable[[str], object]) -> Body:
    return lambda trace: spans.protobuf(spans.span(trace), bad(trace))


def _good(trace: str) -> bytes:
    return spans.protobuf(spans.span(trace))


def _two_members(trace: str) -> bytes:
    body = _good(trace)
    return gzip.compress(body[:20]) + gzip.compress(body[20:])


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def _unknown_field(trace: str) -> bytes:
    return _good(trace) + b"\xba\x3e\x03new"


def _json_unknown_field(trace: str) -> bytes:
    request = json.loads(spans.json_request(spans.json_span(trace, futureField={"a": [1]})))
    return json.dumps(request | {"alsoNew": True}).encode()


def _bomb(pack: Callable[[bytes], bytes]) -> Body:
    return lambda trace: pack(bytes(BOMB_BYTES))


def nested_json(trace: str, depth: int) -> bytes:
    """A good span, and one whose attribute is arrays inside arrays."""
    value = '{"arrayValue":{"values":[' * depth + '{"intValue":"1"}' + "]}}" * depth
    deep = spans.json_span(trace, spanId="1" * 16, attributes=[{"key": "deep", "value": "@"}])
    return spans.json_request(spans.json_span(trace), deep).replace(b'"@"', value.encode())


ENCODED = [
    Row("Content-Encoding: gzip", 200, lambda t: gzip.compress(_good(t)), headers={"Content-Encoding": "gzip"}),
    Row("gzip in two members", 200, _two_members, headers={"Content-Encoding": "gzip"}),
    Row("gzip followed by zero bytes", 200, lambda t: gzip.compress(_good(t)) + b"\0" * 9,
        headers={"Content-Encoding": "GZIP"}),
    Row("deflate as RFC 9110 means it (zlib)", 200, lambda t: zlib.compress(_good(t)),
        headers={"Content-Encoding": "deflate"}),
    Row("deflate without zlib's wrapping", 200, lambda t: _raw_deflate(_good(t)),
        headers={"Content-Encoding": "deflate"}),
    Row("zstd", 200, lambda t: zstandard.compress(_good(t)), headers={"Content-Encoding": "zstd"}),
    Row("Content-Encoding: identity", 200, headers={"Content-Encoding": "identity"}),
    refused("Content-Encoding: br", 415, "Content-Encoding", headers={"Content-Encoding": "br"},
            answers={"accept-encoding": "gzip, deflate, zstd"}),
    refused("Content-Encoding: gzip, gzip", 415, "nested", body=lambda t: gzip.compress(gzip.compress(_good(t))),
            headers={"Content-Encoding": "gzip, gzip"}),
    refused("says gzip, is not", 400, "not complete gzip data", headers={"Content-Encoding": "gzip"}),
    refused("gzip cut short", 400, "not complete gzip data", body=lambda t: gzip.compress(_good(t))[:-9],
            headers={"Content-Encoding": "gzip"}),
    refused("zstd cut short", 400, "not complete zstd data", body=lambda t: zstandard.compress(_good(t))[:-5],
            headers={"Content-Encoding": "zstd"}),
    refused("zlib data with more bytes after its end", 400, "not complete deflate data",
            body=lambda t: zlib.compress(_good(t)) + b"more", headers={"Content-Encoding": "deflate"}),
    refused("10 000 empty gzip members", 400, "not complete gzip data", body=lambda t: gzip.compress(b"") * 10_000,
            headers={"Content-Encoding": "gzip"}),
    refused("a gzip bomb of 256 MiB", 413, "larger than 64 MiB after decompression", body=_bomb(gzip.compress),
            headers={"Content-Encoding": "gzip"}),
    refused("a zstd bomb of 256 MiB", 413, "larger than 64 MiB after decompression",
            body=_bomb(zstandard.compress), headers={"Content-Encoding": "zstd"}),
    refused("a deflate bomb of 256 MiB", 413, "larger than 64 MiB after decompression", body=_bomb(zlib.compress),
            headers={"Content-Encoding": "deflate"}),
]  # fmt: skip

TYPED = [
    Row("JSON", 200, _json(), content_type=JSON),
    Row("Content-Type: application/json; charset=utf-8", 200, _json(), content_type="application/json; charset=utf-8",
        answers={"content-type": JSON}),
    Row("Content-Type: Application/X-Protobuf", 200, content_type="Application/X-Protobuf",
        answers={"content-type": PROTOBUF}),
    refused("Content-Type: text/plain", 415, "Content-Type", content_type="text/plain", body=_json()),
    refused("no Content-Type", 415, "Content-Type", content_type=None),
    refused("protobuf under Content-Type: application/json", 400, "", content_type=JSON),
    refused("JSON under Content-Type: application/x-protobuf", 400, "protobuf", body=_json()),
]  # fmt: skip

ADDRESSED = [
    Row("/v1/traces/ (with slash)", 200, path="/v1/traces/"),
    Row("a query string behind the address", 200, path="/v1/traces?tenant=7"),
    Row("/v1/metrics, any body", 200, lambda t: b"anything", path="/v1/metrics", stored=0),
    Row("/v1/metrics/ as JSON", 200, lambda t: b"{}", path="/v1/metrics/", content_type=JSON, stored=0),
    Row("/v1/logs, records without a trace id", 200, lambda t: spans.log_request(), path="/v1/logs", stored=0),
    Row("/v1/logs as JSON", 200, lambda t: b'{"resourceLogs":[]}', path="/v1/logs/", content_type=JSON, stored=0),
    refused("/v1/logs, not decodable", 400, "ExportLogsServiceRequest", body=lambda t: b"\xff\xff", path="/v1/logs"),
    refused("/v1/trace (mistyped)", 404, "/v1/traces", path="/v1/trace"),
    refused("/ (the address without its path)", 404, "/v1/traces", path="/"),
    refused("GET", 405, "POST", method="GET", body=lambda t: b"", content_type=None,
            answers={"allow": "POST, OPTIONS"}),
    refused("PUT", 405, "POST", method="PUT", answers={"allow": "POST, OPTIONS"}),
    refused("DELETE", 405, "POST", method="DELETE", body=lambda t: b"", answers={"allow": "POST, OPTIONS"}),
    Row("a session cookie and a Referer, no CSRF token", 200,
        headers={"Cookie": "sessionid=abc", "Referer": "http://elsewhere.example/"}),
]  # fmt: skip

FRAMED = [
    Row("chunked protobuf", 200, way="chunked"),
    Row("chunked JSON in gzip", 200, lambda t: gzip.compress(_json()(t)), way="chunked", content_type=JSON,
        headers={"Content-Encoding": "gzip"}),
    Row("chunked and Content-Length at once: chunked counts", 200, way="chunked", headers={"Content-Length": "5"}),
    refused("chunked and empty", 400, "empty or broken", way="chunked", body=lambda t: b""),
    refused("broken chunk sizes", 400, "empty or broken", way="broken chunks"),
    refused("ends before its Content-Length", 400, "ended after", way="cut short"),
    refused("Content-Length over the limit", 413, "larger than 64 MiB as sent", body=lambda t: b"",
            headers={"Content-Length": str(65 * 2**20)}),
    refused("2 MiB where 1 MiB is the limit", 413, "larger than 1 MiB as sent", body=lambda t: bytes(2 * 2**20),
            server="keyed", headers={"x-tracer-token": "{secret}"}),
    refused("2 MiB chunked where 1 MiB is the limit", 413, "larger than 1 MiB as sent", way="chunked",
            body=lambda t: bytes(2 * 2**20), server="keyed", headers={"x-tracer-token": "{secret}"}),
    Row("Expect: 100-continue", 200, headers={"Expect": "100-continue"}),
    Row("an empty protobuf body", 200, lambda t: b"", stored=0),
    Row("{} as JSON", 200, lambda t: b"{}", content_type=JSON, stored=0),
    Row("a resource without spans", 200, lambda t: spans.protobuf(), stored=0),
    Row("the same request twice (a retry)", 200, way="twice"),
]  # fmt: skip

REPAIRED = [
    Row("text that is not UTF-8", 200, lambda t: spans.with_text(t, b"caf\xe9 \xff"), says="UTF-8"),
    Row("a NUL in a value", 200, lambda t: spans.with_text(t, b"a\0b")),
    Row("a NUL in the service name", 200, lambda t: spans.protobuf(spans.span(t), service="sh\0p")),
    Row("a lone surrogate in JSON", 200, _attribute({"stringValue": "\ud800 half"}), content_type=JSON, stored=1,
        says="*"),
    Row("a field of a later version (protobuf)", 200, _unknown_field),
    Row("a field of a later version (JSON)", 200, _json_unknown_field, content_type=JSON),
    Row("no start time", 200, _span(start_time_unix_nano=0), says="start time"),
    Row("a start in the year 2554", 200, _span(start_time_unix_nano=2**64 - 1), says="start time"),
    Row("a start in 1970", 200, _span(start_time_unix_nano=1), says="*"),
    Row("an end before the start", 200, _span(end_time_unix_nano=1_000_000_000), says="end before"),
    Row("one span id on two different spans", 200, _with_good(lambda t: spans.span(t, name="GET /other")), stored=2),
    Row("a kind and a status from the future", 200, _json(kind=99, status={"code": 42}),
        content_type=JSON),
    Row("intValue as a number, NaN as null (JavaScript)", 200,
        _json(attributes=[{"key": "n", "value": {"intValue": 5}}, {"key": "d", "value": {"doubleValue": None}}]),
        content_type=JSON),
    Row('"intValue":"5", "NaN" (Python)', 200,
        _json(attributes=[{"key": "n", "value": {"intValue": "5"}}, {"key": "d", "value": {"doubleValue": "NaN"}}]),
        content_type=JSON),
    Row("ids in upper case (JSON)", 200,
        lambda t: spans.json_request(spans.json_span(t.upper(), spanId="00F067AA0BA902B7")), content_type=JSON),
    Row("a service and a span name of 5 000 emoji", 200,
        lambda t: spans.protobuf(spans.span(t, name="🙂" * 5000), service="🛒" * 5000)),
    Row("an attribute key and a value of 100 000 characters", 200,
        _json(attributes=[{"key": "k" * 100_000, "value": {"stringValue": "v" * 100_000}}]), content_type=JSON),
    Row("an attribute twice on one span", 200,
        _json(attributes=[{"key": "k", "value": {"intValue": 1}}, {"key": "k", "value": {"stringValue": "b"}}]),
        content_type=JSON),
    Row("an attribute without a value, one without a key", 200,
        _json(attributes=[{"key": "k", "value": {}}, {"key": "", "value": {"intValue": 1}}]), content_type=JSON),
    Row("10 000 attributes on a span", 200,
        _json(attributes=[{"key": f"k{n}", "value": {"boolValue": True}} for n in range(10_000)]), content_type=JSON),
]  # fmt: skip

PARTLY_REFUSED = [
    Row("one trace id all zero, one good span", 200, _with_good(lambda t: spans.span("0" * 32)), "trace_id", 1),
    Row("one span id all zero, one good span", 200, _with_good(lambda t: spans.span(t, "0" * 16)), "span_id", 1),
    Row("one trace id of 8 bytes, one good span", 200, _with_good(lambda t: spans.span(t[:16])), "trace_id", 1),
    Row("one value nested 100 deep, one good span", 200, lambda t: spans.with_nested(t, 100), "nested", 1),
    Row("ids in base64 (JSON of other encoders)", 200,
        lambda t: spans.json_request(
            spans.json_span(t), spans.json_span(b64encode(bytes.fromhex(t)).decode(), spanId="APBnqgupArc=")),
        "hex", 1, content_type=JSON),
    Row("one value nested 100 000 deep, one good span (JSON)", 200,
        lambda t: nested_json(t, 100_000), "nested", 1, content_type=JSON),
    Row('"traceId": "", one good span (JSON)', 200,
        lambda t: spans.json_request(spans.json_span(t), spans.json_span("")), "trace_id", 1, content_type=JSON),
    Row("an integer of 5 000 digits, one good span (JSON)", 200,
        lambda t: spans.json_request(
            spans.json_span(t),
            spans.json_span(t, spanId="1" * 16, attributes=[{"key": "n", "value": {"intValue": "9" * 5000}}])),
        "*", None, content_type=JSON, stored=None),
]  # fmt: skip

UNDECODABLE = [
    refused("2 MiB of empty spans (340 MiB as objects)", 400, "empty messages",
            body=lambda t: spans.protobuf(spans.span(t)) + spans.hollow(2**20)),
    refused("2 MiB of empty JSON objects", 400, "empty messages", body=lambda t: b"[" + b"{}," * 2**19 + b"{}]",
            content_type=JSON),
    refused("bytes that are no protobuf", 400, "protobuf", body=lambda t: b"\xff" * 40),
    refused("protobuf cut in the middle", 400, "protobuf", body=lambda t: _good(t)[:-7]),
    refused("text that is no JSON", 400, "JSON", body=lambda t: b"{'a'", content_type=JSON),
    refused("JSON cut in the middle", 400, "JSON", body=lambda t: _json()(t)[:-7], content_type=JSON),
    refused("a JSON array", 400, "", body=lambda t: b"[]", content_type=JSON),
    refused("an empty JSON body", 400, "JSON", body=lambda t: b"", content_type=JSON),
]  # fmt: skip

KEYED = [
    refused("no key where one is needed", 401, "key is needed", server="keyed",
            answers={"www-authenticate": "Bearer"}),
    refused("a wrong key", 401, "not valid", server="keyed", headers={"Authorization": "Bearer trc_" + "x" * 43}),
    refused("a wrong key where none is needed", 401, "not valid", headers={"x-tracer-token": "mistyped"}),
    refused("Basic that is no base64", 401, "not valid", server="keyed", headers={"Authorization": "Basic ***"}),
    refused("Authorization: Digest", 401, "not valid", server="keyed", headers={"Authorization": "Digest a=b"}),
    refused("an empty x-tracer-token", 401, "not valid", server="keyed", headers={"x-tracer-token": ""}),
    Row("Authorization: Bearer <key>", 200, server="keyed", headers={"Authorization": "Bearer {secret}"}),
    Row("Authorization: Bearer%20<key> (not undone by the SDK)", 200, server="keyed",
        headers={"Authorization": "Bearer%20{secret}"}),
    Row("Basic, the key as password", 200, server="keyed", headers={"Authorization": "{basic}"}),
    Row("x-tracer-token: <key>", 200, server="keyed", headers={"x-tracer-token": "{secret}"}),
    Row("a public key in the address", 200, server="keyed", path="/ingest/{public}/v1/traces"),
    refused("a secret key in the address", 403, "header", server="keyed", path="/ingest/{secret}/v1/traces"),
    refused("a public key from an origin that is not its own", 403, "origin", server="keyed",
            headers={"x-tracer-token": "{public}", "Origin": "https://elsewhere.example"}),
    Row("a public key from its origin", 200, server="keyed",
        headers={"x-tracer-token": "{public}", "Origin": "https://shop.example"},
        answers={"access-control-allow-origin": "https://shop.example", "vary": "Origin"}),
    refused("an error answered to a page", 401, "not valid", server="keyed",
            headers={"x-tracer-token": "mistyped", "Origin": "https://shop.example"},
            answers={"access-control-allow-origin": "https://shop.example"}),
]  # fmt: skip

STRAINED = [
    refused("more unsealed spans than TRACER_MAX_BACKLOG_SPANS", 503, "digested", server="full",
            answers={"retry-after": "5"}),
    refused("the database is down", 503, "not available", server="broken", stored=None,
            answers={"retry-after": "2"}),
]  # fmt: skip

SECTIONS = {
    "Content types": TYPED,
    "Encodings": ENCODED,
    "Addresses and methods": ADDRESSED,
    "Framing and size": FRAMED,
    "Odd, taken, and repaired where needed": REPAIRED,
    "Partly refused": PARTLY_REFUSED,
    "Not decodable": UNDECODABLE,
    "Keys and origins": KEYED,
    "Trouble on our side": STRAINED,
}
ROWS = [row for rows in SECTIONS.values() for row in rows]
