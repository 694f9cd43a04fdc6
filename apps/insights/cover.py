"""Which buckets of which level make up a window: as few as possible, each closed, together exactly the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from apps.insights.closed import Closed
from apps.insights.levels import LEVELS, MINUTE, Level
from apps.insights.window import Window
from apps.traces.moments import MINUTE_NS


class Stretch(NamedTuple):
    """[start, end) in minutes since 1970, to be read from one level."""

    level: Level
    start: int
    end: int


def cover(
    window: Window, closed: Closed | None, oldest: Mapping[Level, int] | None = None, step: int | None = None
) -> list[Stretch]:  # fmt: skip
    """Ascending, without holes or overlaps. Where a level's facts are gone (before `oldest`, minutes since 1970), the
    window is widened to whole buckets of the next one: that is all that can be known of so long ago.

    With a `step` in minutes no bucket crosses from one step into the next where finer ones are kept.
    """
    start, end = window.start_ns // MINUTE_NS, -(-window.end_ns // MINUTE_NS)
    levels = LEVELS if closed else (MINUTE,)
    return _cover(start, end, levels, closed or {}, oldest or {}, step)


def _cover(
    start: int, end: int, levels: tuple[Level, ...], closed: Closed, oldest: Mapping[Level, int], step: int | None
) -> list[Stretch]:  # fmt: skip
    if start >= end:
        return []
    *finer, level = levels
    if not finer:
        return [Stretch(level, start, end)]
    size, gone_before = level.minutes, min(oldest.get(finer[-1], 0), closed[level])
    first, last = -(-start // size) * size, min(end, closed[level]) // size * size
    if start < gone_before:
        first = start // size * size
    if end < gone_before:
        last = -(-end // size) * size
    if step is not None and step % size:
        last = min(last, gone_before // size * size)
    more = tuple(finer), closed, oldest, step
    if first >= last:
        return _cover(start, end, *more)
    return [*_cover(start, first, *more), Stretch(level, first, last), *_cover(last, end, *more)]
