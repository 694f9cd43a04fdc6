"""Whether a change goes on, and if not, whether all is again as it was before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from apps.traces.durations import NBSP, format_count
from apps.traces.why.judge import AS_BEFORE, FELL, ROSE, UNCLEAR, Judged

GOES_ON, OVER, OVER_BY_NOW, NOT_AS_BEFORE, TOO_SOON = "goes_on", "over", "over_by_now", "not_as_before", "too_soon"
"""`over_by_now`: something followed that was not as before, and that is over as well. `not_as_before`: it ended, and
what followed is still worse (or better) than what was before it. `too_soon`: too little followed to say."""
MANY = 200
"""Observations, which are not too few: what they are is between before and within."""
NEAR_FACTOR = 1.25
"""Figures that differ by chance are alike up to here; farther apart, nothing is said."""


class Ending(NamedTuple):
    word: str
    value: float | None = None
    """Of the figure since it ended: ns, or a share of 0 to 1."""
    samples: int = 0
    """Since then."""


STILL = Ending(GOES_ON)


def ending_of(since: Judged, is_more: bool, latest: Judged | None = None, change: Judged | None = None) -> Ending:
    """`since`: what came before a stretch against what came after it; `is_more`: within, it was more. `latest`: against
    the last part of what came after; `change`: all of that against this last part."""
    same = ROSE if is_more else FELL
    if is_as_before(since, is_more):
        return Ending(OVER, since.after, since.after_traces)
    if latest and change and is_as_before(latest, is_more) and change.word == (FELL if is_more else ROSE):
        return Ending(OVER_BY_NOW, latest.after, latest.after_traces)
    return Ending(NOT_AS_BEFORE if since.word == same else TOO_SOON, since.after, since.after_traces)


def is_as_before(judged: Judged, is_more: bool) -> bool:
    """What became better than before is over, too, be it by chance. After a time with less, more than before is not."""
    if judged.word == UNCLEAR:
        is_better = is_more and judged.after < judged.before
        return is_better or _are_near(judged.before, judged.after)
    return judged.word == AS_BEFORE or (is_more and judged.word == FELL)


def _are_near(one: float, other: float) -> bool:
    return max(one, other) <= NEAR_FACTOR * min(one, other)


def ending_text(ending: Ending | None, value_text: Callable[[float], str], is_more: bool = True) -> str:
    """`It goes on.`, `It is over: 271 ms since.`; "" when nothing is known."""
    if ending is None:
        return ""
    if ending.word == GOES_ON:
        return "It goes on."
    if ending.value is None:
        return "Nothing came since."
    told = value_text(ending.value)
    if ending.word == TOO_SOON:
        doubt = ", too few to say that it is over" if is_more and ending.samples < MANY else ""
        return f"Since then it is {told} (n{NBSP}={NBSP}{format_count(ending.samples)}){doubt}."
    if ending.word == OVER_BY_NOW:
        return f"By now it is as before: {told} (n{NBSP}={NBSP}{format_count(ending.samples)})."
    if ending.word == OVER and is_more:
        return f"It is over: {told} since."
    return f"Since then it is {told}, {'as' if ending.word == OVER else 'not as'} before."
