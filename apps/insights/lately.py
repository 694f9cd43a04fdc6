"""Whether what got worse in a period goes on, by its last minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from apps.insights.change import (
    SLOWER,
    durations_change,
    durations_ending,
    error_change,
    errors_ending,
)
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.period import Recent, last_words
from apps.insights.queries import traffic_of
from apps.traces.why.ending import GOES_ON, OVER

K = TypeVar("K")
Worse = tuple[str, str]
"""A service, and what got worse: SLOWER, or MORE of its calls fail."""


class Lately(NamedTuple):
    word: str = ""
    """GOES_ON or OVER of `apps.traces.why.ending`; "" where that is unsure."""
    within_ns: int = 0
    """In the last so many of a period it was seen."""

    @property
    def is_over(self) -> bool:
        return self.word == OVER

    @property
    def text(self) -> str:
        """`It was still so in the last 10 minutes.`; "" where it is unsure."""
        if self.word == GOES_ON:
            return f"It was still so in {last_words(self.within_ns)}."
        return f"In {last_words(self.within_ns)} it is as before." if self.is_over else ""


UNSURE_YET = Lately()


def lately_of(
    changed: Iterable[K], recents: Sequence[Recent], words_of: Callable[[Recent, list[K]], Mapping[K, str]]
) -> dict[K, Lately]:
    """Of each change what the shortest of the last parts says that is sure of it: in ten minutes of which seven were
    bad it goes on, when it is long over. `words_of`: GOES_ON, OVER or "" of changes in one such part. What no part is
    sure of is left out."""
    found: dict[K, Lately] = {}
    rest = list(changed)
    for recent in recents:
        if not rest:
            break
        found |= {key: Lately(word, recent.length_ns) for key, word in words_of(recent, rest).items() if word}
        rest = [key for key in rest if key not in found]
    return found


def services_lately(
    workspace_id: int, recents: Sequence[Recent], worse: Mapping[Worse, tuple[Figures, Figures]]
) -> dict[Worse, Lately]:
    """`worse`: figures before and now. Raises StoreUnavailable."""

    def words_of(recent: Recent, changes: list[Worse]) -> dict[Worse, str]:
        found = traffic_of(workspace_id, recent.window, (), {service for service, _ in changes}).services
        return {
            (service, word): worse_lately(
                word == SLOWER, *worse[service, word], found.get(service, NO_FIGURES), is_short=recent.is_short
            )
            for service, word in changes
        }

    return lately_of(worse, recents, words_of)


def worse_lately(is_slower: bool, before: Figures, now: Figures, lately: Figures, *, is_short: bool) -> str:
    """GOES_ON, OVER or "" of durations that got longer, or else of errors that got more."""
    if is_slower:
        return durations_ending(durations_change(before, now), before, now, lately, is_short=is_short)
    return errors_ending(error_change(before, now), before, now, lately)
