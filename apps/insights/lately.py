"""Whether what got worse in a period goes on, by its last minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from apps.insights.change import MAY_BE_OVER, SLOWER, Change, durations_ending, errors_ending
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.period import Recent, last_words
from apps.insights.queries import traffic_of
from apps.traces.why.ending import GOES_ON, OVER

K = TypeVar("K")


class Worse(NamedTuple):
    """What got worse: durations that got longer (SLOWER), or the share of calls that failed (MORE)."""

    change: Change
    before: Figures
    now: Figures

    def word(self, lately: Figures, *, is_short: bool) -> str:
        ending = durations_ending if self.change.word == SLOWER else errors_ending
        return ending(*self, lately, is_short=is_short)


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
    bad it goes on, when it is long over. `words_of`: GOES_ON, OVER, MAY_BE_OVER or "" of changes in one such part. What
    no part is sure of is left out, as is what may be over by a shorter part than the one by which it goes on."""
    found: dict[K, Lately] = {}
    doubted: set[K] = set()
    rest = list(changed)
    for recent in recents:
        if not rest:
            break
        words = words_of(recent, rest)
        doubted |= {key for key, word in words.items() if word == MAY_BE_OVER}
        sure = {key for key, word in words.items() if word in (GOES_ON, OVER)}
        found |= {key: Lately(words[key], recent.length_ns) for key in sure if words[key] == OVER or key not in doubted}
        rest = [key for key in rest if key not in sure]
    return found


def services_lately(
    workspace_id: int, recents: Sequence[Recent], changed: Mapping[tuple[str, str], Worse]
) -> dict[tuple[str, str], Lately]:
    """By service, and the word of its change. Raises StoreUnavailable."""

    def words_of(recent: Recent, keys: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
        found = traffic_of(workspace_id, recent.window, (), {service for service, _ in keys}).services
        return {key: changed[key].word(found.get(key[0], NO_FIGURES), is_short=recent.is_short) for key in keys}

    return lately_of(changed, recents, words_of)
