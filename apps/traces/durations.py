"""Durations as people type and read them. Everything inside is integer nanoseconds.

Written with no-break spaces, so that a number never leaves its unit or its thousands.
"""

from __future__ import annotations

import re
from functools import lru_cache

NBSP = "\u00a0"
MINUS = "\u2212"
NONE = "\u2013"
"""What stands for a duration or share that there is none of."""

US, MS, S = 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * S, 3_600 * S, 86_400 * S
MAX_NS = 2**63 - 1
"""About 292 years; the store keeps durations as bigint."""

UNITS = {
    "ns": 1, "us": US, "µs": US, "μs": US, "ms": MS, "s": S, "sec": S, "m": MINUTE, "min": MINUTE,
    "h": HOUR, "d": DAY,
}  # fmt: skip
_HOW = "Write a number with a unit: 300ms, 1.5s, 2m, 1m30s. Units are ns, us (or µs), ms, s, m, h, d."

# The fraction stops at 30 digits and the number at 20, so that hostile input stays cheap.
_PART = re.compile(r"(\d{1,20})(?:\.(\d{0,30}))?\s*([a-zµμ]*)\s*", re.ASCII | re.IGNORECASE)


def parse_duration_ns(text: str) -> int:
    """Nanoseconds of `300ms`, `1.5s`, `2m`, `1m30s`, `100us`, `1 min 30 s`, rounded half up.

    Raises ValueError, with a message for the person who typed it, for anything else: a number
    without a unit too, because Jaeger, Zipkin and people mean three different things by it.
    """
    cleaned = text.replace(NBSP, "").replace("\u202f", "").strip().lower()
    if not cleaned:
        raise ValueError(f"A duration is missing. {_HOW}")
    total, at = 0, 0
    while at < len(cleaned):
        part = _PART.match(cleaned, at)
        if not part:
            raise ValueError(f"“{_short(text)}” is not a duration. {_HOW}")
        total += _part_ns(part, text)
        at = part.end()
        if total > MAX_NS:
            raise ValueError(f"“{_short(text)}” is longer than 292 years.")
    return total


def _part_ns(part: re.Match, text: str) -> int:
    whole, fraction, unit = part.groups()
    if not unit:
        raise ValueError(f"“{_short(text)}” has no unit. {_HOW}")
    if unit not in UNITS:
        raise ValueError(f"“{_short(unit)}” is not a unit. {_HOW}")
    size = UNITS[unit]
    scale = 10 ** len(fraction or "")
    return int(whole) * size + (int(fraction or 0) * size * 2 + scale) // (scale * 2)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


@lru_cache(maxsize=2_048)
def format_duration_ns(ns: int) -> str:
    """`1.73 s`, `106 ms`, `41.0 ms`, `2.6 ms`, `640 µs`, `2 min 5 s`, `1 h 5 min`, `3 d 2 h`."""
    if ns < 0:
        return MINUS + format_duration_ns(-ns)
    if ns < US:
        return f"{ns}{NBSP}ns"
    for size, name, digits in ((US, "µs", 1), (MS, "ms", 1), (S, "s", 2)):
        number = _three_digits(ns, size, digits)
        if number is not None:
            return f"{number}{NBSP}{name}"
    for size, name, part, part_name in ((MINUTE, "min", S, "s"), (HOUR, "h", MINUTE, "min"), (DAY, "d", HOUR, "h")):
        parts = (ns + part // 2) // part
        whole, rest = divmod(parts, size // part)
        if name == "d" or parts * part < (HOUR if name == "min" else DAY):
            return f"{format_count(whole)}{NBSP}{name}" + (f"{NBSP}{rest}{NBSP}{part_name}" if rest else "")
    raise AssertionError("days take everything")


def _three_digits(ns: int, size: int, digits: int) -> str | None:
    """ns in units of size with three significant digits, or None when it rounds into the next unit."""
    limit = 60 if size == S else 1000
    for bound, decimals in ((10, digits), (100, 1), (1000, 0)):
        scaled = _round(ns * 10**decimals, size)
        if scaled < min(bound, limit) * 10**decimals:
            return f"{scaled // 10**decimals}.{scaled % 10**decimals:0{decimals}}" if decimals else str(scaled)
    return None


def duration_text(ns: float | None) -> str:
    """As `format_duration_ns`, of a quantile for instance; NONE where there is none."""
    return NONE if ns is None else format_duration_ns(round(ns))


def format_offset_ns(ns: int) -> str:
    """A distance from a start, always signed: `+59.9 ms`, `+1 061 ms`, `−3.0 ms`; from 100 s on `+1 min 42 s`.

    From one second on it stays in whole milliseconds, so that offsets in one trace compare at a glance.
    """
    sign = MINUS if ns < 0 else "+"
    size = abs(ns)
    if S <= size < 100 * S:
        return f"{sign}{format_count(_round(size, MS))}{NBSP}ms"
    return sign + format_duration_ns(size)


def format_count(number: int) -> str:
    """Thousands apart: `1 284`."""
    return f"{number:,}".replace(",", NBSP).replace("-", MINUS)


def counted(number: int, noun: str) -> str:
    """`1 trace`, `2 traces`, `0 traces`: of a noun whose plural ends in s."""
    return f"{format_count(number)} {noun}{'' if number == 1 else 's'}"


def counted_of(number: int, known: int, noun: str) -> str:
    """`16 services`, `3 of 16 services`."""
    return counted(known, noun) if number == known else f"{format_count(number)} of {counted(known, noun)}"


def n_times(number: int) -> str:
    """`once`, `twice`, `14 times`."""
    return "once" if number == 1 else "twice" if number == 2 else counted(number, "time")


def format_percent(ratio: float) -> str:
    """`82 %`, `0.3 %`, `<0.1 %`; ratio 1.0 is 100 %."""
    percent = ratio * 100
    if 0 < percent < 0.1:
        return f"<0.1{NBSP}%"
    rounded = round(percent, 1)
    number = f"{rounded:.1f}" if 0 < rounded < 1 else format_count(round(percent))
    return f"{number}{NBSP}%"


def format_times(factor: float) -> str:
    """`5.1 ×`, `14 ×`, `1 200 ×`."""
    rounded = round(factor, 1)
    return f"{rounded:.1f}{NBSP}×" if rounded < 10 else f"{format_count(round(factor))}{NBSP}×"


def _round(number: int, size: int) -> int:
    return (number * 2 + size) // (size * 2)
