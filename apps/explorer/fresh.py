"""How far the figures of a page reach: `Fresh to 14:38:05 · 11 s behind`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from apps.traces.durations import format_duration_ns
from apps.traces.moments import S_NS, minute_text, second_text, utc_text

LATE_S = 30.0
"""Behind by more than that, the page says so in amber."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What `parts/fresh.html` draws."""

    to: str
    to_utc: str
    behind: str
    is_late: bool
    until: str = ""
    """The figures end before the period does: when."""
    until_utc: str = ""
    against: str = ""
    """What the period is compared with, where that is still being digested."""


def fresh_line(
    fresh_to_ns: int, behind_s: float, now_ns: int, zone: tzinfo, until_ns: int | None = None, against: str = ""
) -> Fresh:
    """All that was received before `fresh_to_ns` is in the figures, which is `behind_s` ago. `until_ns`: where they end
    when that is before the period does, because what began later is still to be digested. `against`: what they are
    compared with, if that is."""
    behind = format_duration_ns(max(0, round(behind_s)) * S_NS) if behind_s >= 1 else ""
    told = second_text(fresh_to_ns, now_ns, zone), utc_text(fresh_to_ns), _whole(behind)
    if until_ns is None:
        return Fresh(*told, behind_s > LATE_S or bool(against), against=against)
    return Fresh(*told, True, minute_text(until_ns, now_ns, zone), utc_text(until_ns), against)


def _whole(duration: str) -> str:
    """`11 s`, not `11.0 s`: the page was not made to the tenth of a second."""
    number, _, unit = duration.partition("\u00a0")
    return f"{number.partition('.')[0]}\u00a0{unit}" if unit else duration
