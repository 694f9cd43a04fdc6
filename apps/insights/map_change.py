"""What changed on an edge of the service map, in words. Whether a figure changed at all is decided in `change`; here
stands what of it is worth a colour on a map of hundreds of edges."""

from __future__ import annotations

import math
from typing import NamedTuple

from apps.insights.change import (
    CERTAIN,
    FASTER,
    FEWER,
    MIN_SAMPLES,
    MORE,
    NEAR_FACTOR,
    SAME,
    SLOWER,
    UNCLEAR,
    UNKNOWN,
    UNSURE,
    Change,
    durations_change,
    error_change,
)
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.seen import Held, rate_since

SLOWER_FACTOR = 1.25
"""The p95 of an edge, before it is coloured: traffic is never the same twice."""
SLOWER_NS = 1_000_000
FAN_FACTOR = 2.0
"""Calls for each call of the caller: less than that is another mix of requests."""
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


class EdgeChange(NamedTuple):
    """`words`: of WORDS, what changed; (TOO_FEW,) or (FIRST,) when there is too little to compare; () for as
    before."""

    words: tuple[str, ...]
    latency: Change
    """Of the p95, in ns."""
    errors: Change
    calls: Change
    """A minute."""
    fan: Change
    """Calls for each call that the caller answered."""


class Sides(NamedTuple):
    """Before and now, of an edge and of the node that calls."""

    before: Figures
    now: Figures
    caller_before: Figures = NO_FIGURES
    caller_now: Figures = NO_FIGURES


def edge_change(sides: Sides, held: Held, minutes: float, is_old: bool) -> EdgeChange:
    """`minutes`: of now. `is_old`: the edge was met before the window compared with ended."""
    before, now = sides.before, sides.now
    latency, errors = durations_change(before, now), error_change(before, now)
    calls, fan = rate_since(before, now, held, minutes), fan_change(sides)
    word = presence(before, now, is_old)
    if (word == NEW_EDGE and not held.is_whole) or (word == BACK_EDGE and not held.is_digested):
        word = FIRST
    if word == GONE_EDGE and not held.reaches_end:
        word = TOO_FEW
    if word:
        return EdgeChange((word,), latency, errors, calls, fan)
    if min(before.samples, now.samples) < MIN_SAMPLES:
        return EdgeChange((TOO_FEW,), latency, errors, calls, fan)
    words = sorted(_words(latency, errors, fan), key=WORDS.index)
    if SLOWER_EDGE in words and is_traded(sides):
        words.remove(SLOWER_EDGE)
    return EdgeChange(tuple(words), latency, errors, calls, fan)


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


def _words(latency: Change, errors: Change, fan: Change):
    if latency.word in (SLOWER, FASTER) and matters(latency):
        yield SLOWER_EDGE if latency.word == SLOWER else FASTER_EDGE
    if errors.word in (MORE, FEWER):
        yield MORE_ERRORS if errors.word == MORE else FEWER_ERRORS
    if fan.word in (MORE, FEWER):
        yield MORE_CALLS if fan.word == MORE else FEWER_CALLS


def matters(latency: Change) -> bool:
    """Large enough for a colour, or to lead a page."""
    low, high = sorted((latency.before or 0.0, latency.after or 0.0))
    return high >= low * SLOWER_FACTOR and high - low >= SLOWER_NS


def node_words(before: Figures, now: Figures) -> tuple[str, ...]:
    """What changed on a node, of its own calls: slower or faster, more or fewer errors."""
    if min(before.samples, now.samples) < MIN_SAMPLES:
        return ()
    return tuple(_words(durations_change(before, now), error_change(before, now), Change(UNSURE)))
