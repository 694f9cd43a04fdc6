"""What changed on an edge of the service map, in words. Whether a figure changed at all is decided in `change`; here
stands what of it is worth a colour on a map of hundreds of edges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from apps.insights.change import (
    CERTAIN,
    FASTER,
    FEWER,
    MAY_BE_OVER,
    MIN_SAMPLES,
    MORE,
    NEAR_FACTOR,
    QUANTILES,
    SAME,
    SAME_ERROR_POINTS,
    SLOWER,
    UNCLEAR,
    UNKNOWN,
    Change,
    durations_change,
    ending_word,
    error_change,
    middle_of,
)
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.seen import Held, rate_since

SLOWER_FACTOR = 1.25
"""The p95 of an edge, before it is coloured: traffic is never the same twice."""
SLOWER_NS = 1_000_000
FAN_FACTOR = 2.0
"""Calls for each call of the caller: less than that is another mix of requests."""
LEAST_CALLERS = 3
"""Of a few minutes: two that happen to ask seldom are nothing."""
MIN_PRESENCE = 10
"""Calls after which none at all is no accident: one in 22 000."""

(
    SLOWER_EDGE, MORE_ERRORS, MORE_CALLS, NEW_EDGE, BACK_EDGE, GONE_EDGE, FASTER_EDGE, FEWER_ERRORS, FEWER_CALLS,
) = WORDS = (
    "slower", "more_errors", "more_calls", "new", "back", "gone", "faster", "fewer_errors", "fewer_calls",
)  # fmt: skip
"""In the order of a list of changes."""
TROUBLE = frozenset((SLOWER_EDGE, MORE_ERRORS, MORE_CALLS))
"""What people suffer from while it goes on."""
BAD_WORDS = TROUBLE | {NEW_EDGE, BACK_EDGE, GONE_EDGE}
TOO_FEW, FIRST = "too_few", "first"
"""No changes, but why none is told. `first`: it was not met before, of which too little is held to call it new."""


class Sides(NamedTuple):
    """Before and now, of an edge and of the node that calls."""

    before: Figures
    now: Figures
    caller_before: Figures = NO_FIGURES
    caller_now: Figures = NO_FIGURES


class EdgeChange:
    """How the figures of an edge changed, each compared when somebody asks: a map has thousands of edges and tells of a
    few. `minutes`: of now."""

    def __init__(self, sides: Sides, held: Held, minutes: float):
        self.sides, self.held, self.minutes = sides, held, minutes

    @cached_property
    def latency(self) -> Change:
        """Of the p95, in ns."""
        return durations_change(self.sides.before, self.sides.now)

    @cached_property
    def errors(self) -> Change:
        return error_change(self.sides.before, self.sides.now)

    @cached_property
    def calls(self) -> Change:
        """A minute."""
        return rate_since(self.sides.before, self.sides.now, self.held, self.minutes)

    @cached_property
    def fan(self) -> Change:
        """Calls for each call that the caller answered."""
        return fan_change(self.sides)


def edge_words(sides: Sides, held: Held, is_old: bool) -> tuple[str, ...]:
    """Of WORDS, what changed; (TOO_FEW,) or (FIRST,) when there is too little to compare; () for as before. `is_old`:
    the edge was met before the window compared with ended."""
    before, now = sides.before, sides.now
    word = presence(before, now, is_old)
    if (word == NEW_EDGE and not held.is_whole) or (word == BACK_EDGE and not held.is_digested):
        word = FIRST
    if word == GONE_EDGE and not held.reaches_end:
        word = TOO_FEW
    if word:
        return (word,)
    if min(before.samples, now.samples) < MIN_SAMPLES:
        return (TOO_FEW,)
    words = [*_words(before, now)]
    if _fans_differ(_fan(before, sides.caller_before), _fan(now, sides.caller_now)):
        word = fan_change(sides).word
        words += [MORE_CALLS] if word == MORE else [FEWER_CALLS] if word == FEWER else []
    if SLOWER_EDGE in words and is_traded(sides):
        words.remove(SLOWER_EDGE)
    return tuple(sorted(words, key=WORDS.index))


def presence(before: Figures, now: Figures, is_old: bool) -> str:
    """New: never met before, a fact from the first call on. Back and gone need calls enough, for what comes once in a
    while is missing now and then. "" otherwise."""
    if now.samples and not before.samples:
        if not is_old:
            return NEW_EDGE
        return BACK_EDGE if now.samples >= MIN_PRESENCE else ""
    return GONE_EDGE if not now.samples and before.samples >= MIN_PRESENCE else ""


def fan_change(sides: Sides) -> Change:
    """How many calls the caller makes for each call it gets; a loop of calls (N+1) shows here, and traffic does not.

    Calls come in bunches, as many as the caller was called: that number decides how far chance goes.
    """
    old, new = _fan(sides.before, sides.caller_before), _fan(sides.now, sides.caller_now)
    samples = min(figures.samples for figures in sides)
    if samples < MIN_SAMPLES or not old or not new:
        return UNKNOWN._replace(before=old, after=new, samples=samples)
    noise = math.sqrt(sum(1 / figures.samples for figures in sides))
    far = abs(math.log(new / old))
    if far < math.log(FAN_FACTOR) or far < CERTAIN * noise:
        return Change(SAME if far < math.log(NEAR_FACTOR) else UNCLEAR, old, new, samples)
    return Change(MORE if new > old else FEWER, old, new, samples)


def fan_ending(
    change: Change, before: tuple[Figures, Figures], now: tuple[Figures, Figures], lately: tuple[Figures, Figures], *,
    is_short: bool,
) -> str:  # fmt: skip
    """`ending_word` of calls that got more for each of the caller's, or MAY_BE_OVER. Each side: the calls, and those
    that the caller got."""
    calls, callers = lately
    word = ending_word(change, *(fan_change(Sides(side, calls, caller, callers)) for side, caller in (before, now)))
    fan = _fan(calls, callers)
    is_missed = callers.samples >= LEAST_CALLERS and fan is not None and fan < middle_of(change)
    return MAY_BE_OVER if is_short and not word and is_missed else word


def is_traded(sides: Sides) -> bool:
    """Fewer calls that each take longer, and together not: then nobody waits longer. (One call for what was many.)"""
    if fan_change(sides).word != FEWER:
        return False
    before, now = (edge.sum_ns / caller.weight for edge, caller in (
        (sides.before, sides.caller_before), (sides.now, sides.caller_now)
    ))  # fmt: skip
    return now <= before


def _fan(edge: Figures, caller: Figures) -> float | None:
    return edge.weight / caller.weight if caller.weight else None


def _words(before: Figures, now: Figures) -> Iterator[str]:
    """Of durations and errors. Whether a difference is too large for chance is asked where there is one that would be
    told: a map has thousands of edges, nearly all of them as before."""
    if any(_is_large(before.p(share), now.p(share)) for share in QUANTILES.values()):
        latency = durations_change(before, now)
        if latency.word in (SLOWER, FASTER) and matters(latency):
            yield SLOWER_EDGE if latency.word == SLOWER else FASTER_EDGE
    if _errors_differ(before, now):
        errors = error_change(before, now)
        if errors.word in (MORE, FEWER):
            yield MORE_ERRORS if errors.word == MORE else FEWER_ERRORS


def matters(latency: Change) -> bool:
    """Large enough for a colour, or to lead a page."""
    return _is_large(latency.before, latency.after)


def is_unclear(before: Figures, now: Figures) -> bool:
    """The durations or the errors of an edge without words differ, but no more than they do by chance."""
    old, new = before.p(0.95) or 0.0, now.p(0.95) or 0.0
    if old != new and max(old, new) >= min(old, new) * NEAR_FACTOR and durations_change(before, now).word == UNCLEAR:
        return True
    return _errors_differ(before, now) and error_change(before, now).word == UNCLEAR


def _errors_differ(before: Figures, now: Figures) -> bool:
    return abs(now.error_share - before.error_share) >= SAME_ERROR_POINTS


def _is_large(one: float | None, other: float | None) -> bool:
    low, high = one or 0.0, other or 0.0
    if low > high:
        low, high = high, low
    return high >= low * SLOWER_FACTOR and high - low >= SLOWER_NS


def _fans_differ(one: float | None, other: float | None) -> bool:
    """By as much as may be told, and a little less: `fan_change` goes by logarithms, which are rounded."""
    return bool(one and other) and max(one, other) > min(one, other) * FAN_FACTOR * 0.999


def node_words(before: Figures, now: Figures) -> tuple[str, ...]:
    """What changed on a node, of its own calls: slower or faster, more or fewer errors."""
    if min(before.samples, now.samples) < MIN_SAMPLES:
        return ()
    return tuple(_words(before, now))
