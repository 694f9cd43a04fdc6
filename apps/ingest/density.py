"""Bodies that are small as bytes and huge as objects.

Two bytes are an empty span to protobuf, and 170 bytes of memory to us: 64 MiB of them (64 KiB in gzip) took 5.6 GiB
and a minute. So large bodies are walked over first, length by length, at 0.4 µs a span; no real span is near the limit.
A body of other small fields than messages would make the walk itself slow (50 MiB of zeros: 8 s), so those are
counted too.
"""

from __future__ import annotations

from collections.abc import Iterator

WALKED_FROM_BYTES = 2**20
"""Smaller bodies cannot become much, and are nearly all there are."""
LEAST_BYTES_PER_MESSAGE = 16
"""A span is at least 28 bytes (its two ids), a log record with a time and a trace id 29."""
MOST_OTHER_FIELDS, MOST_OTHER_FIELDS_PER_MESSAGE = 1000, 8
"""OTLP has two in a group (resource or scope, and schema URL)."""
LEAST_BYTES_PER_JSON_VALUE = 6

_GROUPS, _INNER = 0x0A, 0x12
"""Tags of resource_spans in a request; of scope_spans in those, and of spans in those (logs alike)."""


def is_hollow_protobuf(body: bytes) -> bool:
    """Whether an export request is mostly empty messages, or small fields that OTLP does not know. What is no protobuf
    is left to the parser to refuse."""
    if len(body) < WALKED_FROM_BYTES:
        return False
    most, messages, others = len(body) // LEAST_BYTES_PER_MESSAGE, 0, 0
    try:
        for is_message in _walk(body):
            if is_message:
                messages += 1
                if messages > most:
                    return True
            else:
                others += 1
                if others > MOST_OTHER_FIELDS + MOST_OTHER_FIELDS_PER_MESSAGE * messages:
                    return True
    except IndexError:
        pass
    return False


def is_hollow_json(body: bytes) -> bool:
    """Whether a JSON body is mostly empty objects and arrays."""
    if len(body) < WALKED_FROM_BYTES:
        return False
    return body.count(b"{") + body.count(b"[") > len(body) // LEAST_BYTES_PER_JSON_VALUE


def _walk(body: bytes) -> Iterator[bool]:
    """For each field down to the spans, whether it is a message: a group, an inner group or a span."""
    for is_group, start, end in _fields(body, 0, len(body), _GROUPS):
        yield is_group
        if is_group:
            for is_inner, inner_start, inner_end in _fields(body, start, end, _INNER):
                yield is_inner
                if is_inner:
                    for is_span, _, _ in _fields(body, inner_start, inner_end, _INNER):
                        yield is_span


def _fields(body: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[bool, int, int]]:
    """Whether a field of body[at:end] has this tag, and then where its contents stand. Raises IndexError on broken
    protobuf."""
    while at < end:
        tag = body[at]
        at += 1
        if tag & 0x87 == 2:  # length-delimited, one byte of tag: all fields there are
            size = body[at]
            at += 1
            if size > 0x7F:
                size, at = _varint(body, at - 1)
            yield tag == wanted, at, at + size
            at += size
        else:
            at = _skip(body, at - 1)
            yield False, at, at


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
