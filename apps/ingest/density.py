"""Bodies that are small as bytes and huge as objects.

Two bytes are an empty span to protobuf, and 170 bytes of memory to us: 64 MiB of them (64 KiB in gzip) took 5.6 GiB
and a minute. So large bodies are walked over first, length by length, at 0.4 µs a span; no real span is near the limit.
"""

from __future__ import annotations

from collections.abc import Iterator

WALKED_FROM_BYTES = 2**20
"""Smaller bodies cannot become much, and are nearly all there are."""
LEAST_BYTES_PER_MESSAGE = 16
"""A span is at least 28 bytes (its two ids), a log record with a time and a trace id 29."""
LEAST_BYTES_PER_JSON_VALUE = 6

_GROUPS, _INNER = 0x0A, 0x12
"""Tags of resource_spans in a request; of scope_spans in those, and of spans in those (logs alike)."""


def is_hollow_protobuf(body: bytes) -> bool:
    """Whether an export request is mostly empty messages. What is no protobuf is left to the parser to refuse."""
    if len(body) < WALKED_FROM_BYTES:
        return False
    allowed = len(body) // LEAST_BYTES_PER_MESSAGE
    try:
        for _ in _messages(body):
            allowed -= 1
            if allowed < 0:
                return True
    except IndexError:
        pass
    return False


def is_hollow_json(body: bytes) -> bool:
    """Whether a JSON body is mostly empty objects and arrays."""
    if len(body) < WALKED_FROM_BYTES:
        return False
    return body.count(b"{") + body.count(b"[") > len(body) // LEAST_BYTES_PER_JSON_VALUE


def _messages(body: bytes) -> Iterator[None]:
    for start, end in _fields(body, 0, len(body), _GROUPS):
        yield
        for inner_start, inner_end in _fields(body, start, end, _INNER):
            yield
            for _ in _fields(body, inner_start, inner_end, _INNER):
                yield


def _fields(body: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the contents of the fields with this tag stand in body[at:end]. Raises IndexError on broken protobuf."""
    while at < end:
        tag = body[at]
        at += 1
        if tag & 0x87 == 2:  # length-delimited, one byte of tag: all fields there are
            size = body[at]
            at += 1
            if size > 0x7F:
                size, at = _varint(body, at - 1)
            if tag == wanted:
                yield at, at + size
            at += size
        else:
            at = _skip(body, at - 1)


def _skip(body: bytes, at: int) -> int:
    tag, at = _varint(body, at)
    wire_type = tag & 7
    if wire_type == 0:
        return _varint(body, at)[1]
    if wire_type == 2:
        size, at = _varint(body, at)
        return at + size
    if wire_type in (1, 5):
        return at + (8 if wire_type == 1 else 4)
    raise IndexError


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise IndexError
