"""A change as a page marks it: ▲ 5.1 ×, ▼ 11 %, same, `▲ 1.3 × ?` within the usual spread, new, gone,
or that there is not enough data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from apps.insights.change import FASTER, FEWER, GONE, MORE, NEW, SAME, SLOWER, UNCLEAR, Change
from apps.traces.durations import MINUS, NBSP, format_duration_ns, format_percent, format_times

UP, DOWN, EVEN = "up", "down", "same"
MOST_TIMES = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """`text` stands on the page in the class `css`, `title` says it in words."""

    text: str
    css: str
    title: str
    is_change: bool = False
    short: str = ""
    """For a narrow column, where it differs from `text`."""


def duration_mark(change: Change, against: str) -> Mark:
    """`against`: in words, such as `the hour before`."""
    mark = _mark(change, against, format_ns)
    if change.quantile == "p95":
        return mark
    return replace(mark, text=f"{change.quantile}{NBSP}{mark.text}", title=f"{change.quantile} {mark.title}")


def rate_mark(change: Change, against: str) -> Mark:
    return _mark(change, against, format_rate)


def error_mark(change: Change, against: str) -> Mark:
    """In points of a percent: from 0.2 % to 2.4 % is +2.2 points, and 12 times as many says too much."""
    if change.word not in (MORE, FEWER, UNCLEAR):
        return _mark(change, against, format_percent)
    points = (change.after - change.before) * 100
    number = f"{abs(points):.1f}" if abs(points) < 10 else f"{abs(points):.0f}"
    text = f"{'+' if points > 0 else MINUS}{number}{NBSP}points"
    if change.word == UNCLEAR:
        return _unclear(text, change, against, format_percent)
    return Mark(text, "err" if points > 0 else DOWN, _told(change, against, format_percent), True)


@lru_cache(maxsize=4_096)
def format_ns(ns: float) -> str:
    """A page writes thousands of quantiles, which are the middles of some hundred buckets."""
    return format_duration_ns(round(ns))


def format_rate(a_minute: float) -> str:
    """`426`, `33.4`, `0.7`, `0.02`, of calls a minute."""
    if a_minute >= 99.95:
        return f"{round(a_minute):,}".replace(",", NBSP)
    if a_minute >= 0.095 or not a_minute:
        return f"{a_minute:.1f}" if a_minute else "0"
    return f"{a_minute:.2f}" if a_minute >= 0.005 else "<0.01"


def _mark(change: Change, against: str, write: Callable[[float], str]) -> Mark:
    if change.word == NEW:
        return Mark("new", UP, f"There was none {against_in(against)}", True)
    if change.word == GONE:
        return Mark("gone", UP, f"There were some {against_in(against)}, and none now", True)
    if change.word == SAME:
        return Mark("same", EVEN, _told(change, against, write))
    if change.word == UNCLEAR:
        return _unclear(_figure(change), change, against, write)
    if change.word in (SLOWER, MORE):
        return Mark(_figure(change), UP, _told(change, against, write), True)
    if change.word in (FASTER, FEWER):
        return Mark(_figure(change), DOWN, _told(change, against, write), True)
    few = f"n{NBSP}={NBSP}{change.samples}"
    return Mark(f"not enough data ({few})", EVEN, f"Not enough data to compare with {against}", short=few)


def _unclear(figure: str, change: Change, against: str, write: Callable[[float], str]) -> Mark:
    return Mark(f"{figure}{NBSP}?", EVEN, f"{_told(change, against, write)}: within its usual spread")


def _figure(change: Change) -> str:
    """`▲ 1.3 ×`, `▼ 11 %`."""
    if change.factor is not None and change.factor < 1:
        return f"▼{NBSP}{format_percent(1 - change.factor)}"
    return f"▲{NBSP}{times_text(change)}"


def times_text(change: Change) -> str:
    """`2.5 ×`, or `from 0`."""
    factor = change.factor
    if factor is None:
        return "from 0"
    return format_times(factor) if factor < MOST_TIMES else f">{format_times(MOST_TIMES)}"


def _told(change: Change, against: str, write: Callable[[float], str]) -> str:
    if change.before is None or change.after is None:
        return ""
    return f"{write(change.after)}, and {write(change.before)} {against_in(against)}"


def against_in(against: str) -> str:
    """`in the hour before`, `yesterday, same time`."""
    return f"in {against}" if against.startswith("the ") else against
