"""A verdict in a few dozen bytes, for the column `trace.verdict`.

A version byte and the cause of the main finding (an index of the table `trace` looks at it); then figures as LEB128
integers, durations in µs, and for each finding a bit for every field that is not empty, and those fields in the order
of `_FIELDS`; then the shares, and at the end p95 of the usual where it is said. Texts are UTF-8 behind their length.
"""

from __future__ import annotations

from dataclasses import fields

from apps.traces.verdict.facts import CAUSES, NOT_ENOUGH_TRAFFIC, Finding, Verdict
from apps.traces.verdict.waits import QUEUE_WORK
from apps.traces.work import KINDS_OF_WORK

VERSION = 1
TOO_FEW = bytes([VERSION, CAUSES.index(NOT_ENOUGH_TRAFFIC)])
"""How verdicts begin that could not compare (apps/store/sql/add_verdict.sql has it, too)."""
US = 1_000
_WORKS = (*KINDS_OF_WORK, QUEUE_WORK)
_FIELDS = tuple(field.name for field in fields(Finding) if field.name != "cause")
_TIMES = frozenset(("added_ns", "usual_ns", "part_ns", "part_usual_ns"))
_FLAGS = frozenset(("is_called", "is_fatal", "is_recovered"))
_COUNTS = frozenset(("calls", "usual_calls", "failed"))


def pack(verdict: Verdict) -> bytes:
    """Durations are rounded to µs. A kind of work outside of those known raises ValueError."""
    out = bytearray([VERSION, CAUSES.index(verdict.main.cause)])
    for number in (verdict.waited_ns // US, verdict.usual_waited_ns // US, verdict.sample_size):
        _write(out, number)
    _write_finding(out, verdict.main)
    out.append(len(verdict.also))
    for finding in verdict.also:
        out.append(CAUSES.index(finding.cause))
        _write_finding(out, finding)
    out.append(len(verdict.shares))
    for number in (number for share in verdict.shares for number in share):
        _write(out, number)
    if verdict.usual_most_ns:
        _write(out, verdict.usual_most_ns // US)
    return bytes(out)


def unpack(packed: bytes | None) -> Verdict | None:
    """None for nothing, for another version, and for bytes that are no verdict."""
    if not packed or packed[0] != VERSION:
        return None
    reader = _Reader(packed)
    try:
        cause = reader.byte()
        waited, usual, sample = (reader.number() for _ in range(3))
        main = _read_finding(reader, cause)
        also = tuple(_read_finding(reader, reader.byte()) for _ in range(reader.byte()))
        shares = tuple((reader.number(), reader.number()) for _ in range(reader.byte()))
        most = reader.number() if reader.at < len(packed) else 0
    except (IndexError, ValueError):
        return None
    return Verdict(waited * US, usual * US, sample, main, also, shares, most * US)


def _write_finding(out: bytearray, finding: Finding) -> None:
    values = [getattr(finding, name) for name in _FIELDS]
    _write(out, sum(1 << at for at, value in enumerate(values) if value))
    for name, value in zip(_FIELDS, values, strict=True):
        if not value or name in _FLAGS:
            continue
        if name == "kind_of_work":
            out.append(_WORKS.index(value))
        elif name in _TIMES:
            _write(out, (abs(value) // US << 1) | (value < 0))
        elif name in _COUNTS:
            _write(out, value)
        elif name == "origin":
            out += value.ljust(8, b"\0")[:8]
        else:
            text = value.encode("utf-8", "replace")
            _write(out, len(text))
            out += text


def _read_finding(reader: _Reader, cause: int) -> Finding:
    present = reader.number()
    values: dict[str, object] = {}
    for at, name in enumerate(_FIELDS):
        if not present >> at & 1:
            continue
        if name in _FLAGS:
            values[name] = True
        elif name == "kind_of_work":
            values[name] = _WORKS[reader.byte()]
        elif name in _TIMES:
            number = reader.number()
            values[name] = (number >> 1) * US * (-1 if number & 1 else 1)
        elif name in _COUNTS:
            values[name] = reader.number()
        elif name == "origin":
            values[name] = reader.bytes(8)
        else:
            values[name] = reader.bytes(reader.number()).decode()
    return Finding(CAUSES[cause], **values)


def _write(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


class _Reader:
    def __init__(self, packed: bytes):
        self.packed, self.at = packed, 1

    def byte(self) -> int:
        self.at += 1
        return self.packed[self.at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 70:
                raise ValueError("too long for a number")

    def bytes(self, length: int) -> bytes:
        self.at += length
        if self.at > len(self.packed):
            raise ValueError("cut off")
        return self.packed[self.at - length : self.at]
