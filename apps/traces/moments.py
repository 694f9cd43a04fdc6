"""Instants as people write them in an address or a field, and as a page shows them. Integer nanoseconds inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from apps.traces.durations import parse_duration_ns

NBSP = "\u00a0"
EN_DASH = "\u2013"
S_NS = 1_000_000_000
MINUTE_NS, HOUR_NS, DAY_NS = 60 * S_NS, 3_600 * S_NS, 86_400 * S_NS
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_NS = 2**63 - 1

_WRITTEN = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
_EPOCH_DIGITS = {10: S_NS, 13: 1_000_000, 16: 1_000, 19: 1}
"""Digits of an epoch number -> nanoseconds of its unit (seconds, milliseconds, microseconds, nanoseconds)."""

_HOW = "Write 2026-11-23 14:05, with seconds if you like, an epoch number, or -1h for an hour ago."


def zone_named(name: str) -> tzinfo | None:
    """The time zone of an IANA name, UTC for "UTC", None for what is no zone."""
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name) if re.fullmatch(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+){0,2}", name) else None
    except (OSError, ValueError):
        return None  # ZoneInfoNotFoundError is a KeyError only on paper: folders and odd files raise OSError
    except KeyError:
        return None


def parse_moment_ns(text: str, zone: tzinfo) -> int:
    """Epoch ns of `2026-11-23 14:05[:06[.789]]` in `zone`, the same with `Z` or an offset, or an epoch number.

    Raises ValueError with a message for the person who typed it.
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) in _EPOCH_DIGITS:
        return min(int(text) * _EPOCH_DIGITS[len(text)], LATEST_NS)
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError(f"This is not a date and time. {_HOW}")
    day, minute, second, fraction, offset = found.groups()
    written = f"{day}T{minute or '00:00'}:{second or '00'}" + (offset or "").upper().replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(written)
        moment = moment if offset else moment.replace(tzinfo=zone)
        seconds = (moment - EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise ValueError(f"There is no such date or time. {_HOW}") from None
    if not 0 <= seconds < LATEST_NS // S_NS:
        raise ValueError("This time lies outside of 1970 to 2262.")
    return seconds * S_NS + int((fraction or "").ljust(9, "0"))


def parse_instant_ns(text: str, zone: tzinfo, now_ns: int) -> int:
    """As `parse_moment_ns`, and `now` or a duration before it: `-1h`, `-30m`."""
    text = text.strip()
    if not is_from_now(text):
        return parse_moment_ns(text, zone)
    return now_ns if text == "now" else max(0, now_ns - parse_duration_ns(text[1:]))


def is_from_now(text: str) -> bool:
    """`now`, `-1h`: it means the same in every zone, and another moment tomorrow."""
    text = text.strip()
    return text == "now" or text.startswith("-")


def exact_text(at_ns: int) -> str:
    """RFC 3339 to the nanosecond: `2026-11-23T13:05:06.789012345Z`."""
    seconds, rest = divmod(at_ns, S_NS)
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def local(at_ns: int, zone: tzinfo) -> datetime:
    """The wall clock of `zone`, cut to microseconds."""
    return (EPOCH + timedelta(microseconds=at_ns // 1_000)).astimezone(zone)


def field_text(at_ns: int, zone: tzinfo) -> str:
    """For a datetime-local field: `2026-11-23T14:05:06.789`."""
    return local(at_ns, zone).replace(tzinfo=None).isoformat(timespec="milliseconds")


def utc_text(at_ns: int) -> str:
    """For an address that means the same to everybody: `2026-11-23T13:05:06.789Z`."""
    return field_text(at_ns, UTC) + "Z"


def offset_name(at_ns: int, zone: tzinfo) -> str:
    """`UTC`, `UTC+1`, `UTC+5:30`, `UTC−3` at that instant."""
    minutes = int(local(at_ns, zone).utcoffset().total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '−'}{hours}" + (f":{rest:02d}" if rest else "")


def clock_text(at_ns: int, now_ns: int, zone: tzinfo) -> str:
    """`14:37:52.107` on the day of now, `21 Nov 14:37:52` in its year, `2025-11-21 14:37` else."""
    at, now = local(at_ns, zone), local(now_ns, zone)
    if at.date() == now.date():
        return at.isoformat(timespec="milliseconds")[11:23]
    if at.year == now.year:
        return f"{at.day}{NBSP}{at:%b}{NBSP}{at:%H:%M:%S}"
    return f"{at:%Y-%m-%d}{NBSP}{at:%H:%M}"


def second_text(at_ns: int, now_ns: int, zone: tzinfo) -> str:
    """As `clock_text`, to the second: `14:37:52`, `21 Nov 14:37:52`, `2025-11-21 14:37`."""
    return clock_text(at_ns, now_ns, zone).partition(".")[0]


def minute_text(at_ns: int, now_ns: int, zone: tzinfo, beside_ns: int | None = None) -> str:
    """As `clock_text`, to the minute: `14:37`, `21 Nov 14:37`, `2025-11-21 14:37`. `beside_ns`: a moment that is told
    just before it, whose day is not told again."""
    if _is_same_day(at_ns, beside_ns, zone):
        return f"{local(at_ns, zone):%H:%M}"
    return second_text(at_ns, now_ns, zone)[: None if local(at_ns, zone).year != local(now_ns, zone).year else -3]


def dated_minute_text(at_ns: int, zone: tzinfo, beside_ns: int | None = None) -> str:
    """`2025-11-21 14:37`, for whoever reads it later; `beside_ns` as of `minute_text`."""
    return f"{local(at_ns, zone):{'%H:%M' if _is_same_day(at_ns, beside_ns, zone) else '%Y-%m-%d %H:%M'}}"


def _is_same_day(at_ns: int, beside_ns: int | None, zone: tzinfo) -> bool:
    return beside_ns is not None and local(at_ns, zone).date() == local(beside_ns, zone).date()


def ago_text(at_ns: int, now_ns: int) -> str:
    """`28 s ago`, `1 min ago`, `3 h ago`, `2 d ago`; `in 5 s` for clocks that run ahead."""
    if abs(now_ns - at_ns) < S_NS:
        return "just now"
    return f"{rough_text(now_ns - at_ns)} ago" if at_ns < now_ns else f"in {rough_text(at_ns - now_ns)}"


def rough_text(length_ns: int) -> str:
    """`28 s`, `1 min`, `47 h`, `2 d`: the largest unit alone, rounded down."""
    seconds = length_ns // S_NS
    for limit, unit, name in ((60, 1, "s"), (3_600, 60, "min"), (172_800, 3_600, "h")):
        if seconds < limit:
            return f"{seconds // unit}{NBSP}{name}"
    return f"{seconds // 86_400}{NBSP}d"


def is_ahead(at_ns: int, now_ns: int) -> bool:
    """Whether what has arrived by `now_ns` was timed by a clock that is ahead, as far as `ago_text` would tell."""
    return at_ns - now_ns >= S_NS


def _clock_span_text(start_ns: int, end_ns: int, zone: tzinfo) -> str:
    """`23:38 – 02:38`, whatever the days."""
    return f"{local(start_ns, zone):%H:%M}{NBSP}{EN_DASH}{NBSP}{local(end_ns, zone):%H:%M}"


def brief_span_text(start_ns: int, end_ns: int, zone: tzinfo) -> str:
    """By the clock alone where that tells it, up to a day; else as `span_text`."""
    return (_clock_span_text if end_ns - start_ns < DAY_NS else span_text)(start_ns, end_ns, zone)


def span_text(start_ns: int, end_ns: int, zone: tzinfo) -> str:
    """`13:38 – 14:38` on one day, `21 Nov 13:38 – 23 Nov 14:38` over several, seconds where minutes hide it."""
    start, end = local(start_ns, zone), local(end_ns, zone)
    fine = end_ns - start_ns < 600 * S_NS
    clock = "%H:%M:%S" if fine else "%H:%M"
    if start.date() == end.date():
        return f"{start:{clock}}{NBSP}{EN_DASH}{NBSP}{end:{clock}}"
    return f"{start.day}{NBSP}{start:%b}{NBSP}{start:{clock}}{NBSP}{EN_DASH} {end.day}{NBSP}{end:%b}{NBSP}{end:{clock}}"
