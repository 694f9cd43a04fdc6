"""Which buckets of which level make up a window: as few as possible, each closed, together exactly the window."""

from __future__ import annotations

from typing import NamedTuple

from apps.insights.fold import Closed
from apps.insights.levels import DAY, HOUR, MINUTE, Level
from apps.insights.window import MINUTE_NS, Window


class Stretch(NamedTuple):
    """[start, end) in minutes since 1970, to be read from one level."""

    level: Level
    start: int
    end: int


def cover(
    window: Window, closed: Closed | None, oldest_minute: int = 0, oldest_hour: int = 0, step: int | None = None
) -> list[Stretch]:  # fmt: skip
    """Ascending, without holes or overlaps. Where a level's facts are gone (before `oldest_…`, minutes since 1970),
    the window is widened to whole buckets of the next one; that is all that can be known of so long ago.

    With a `step` in minutes no bucket is longer than a step where finer ones are kept.
    """
    start, end = window.start_ns // MINUTE_NS, -(-window.end_ns // MINUTE_NS)
    if closed is None:
        closed = Closed(0, 0, 0)
    levels = ((DAY, closed.days_at), (HOUR, closed.hours_at), (MINUTE, 1 << 62))
    return _cover(start, end, levels, (0, oldest_hour, oldest_minute), step or DAY.minutes)


def _cover(start: int, end: int, levels: tuple, oldest: tuple, step: int) -> list[Stretch]:
    if start >= end:
        return []
    (level, closed_at), *finer = levels
    if not finer:
        return [Stretch(level, start, end)]
    size, gone_before = level.minutes, oldest[1]
    first, last = -(-start // size) * size, min(end, closed_at) // size * size
    if start < min(gone_before, closed_at):
        first = start // size * size
    if end < min(gone_before, closed_at):
        last = -(-end // size) * size
    if step % size:
        last = min(last, gone_before // size * size)
    if first >= last:
        return _cover(start, end, tuple(finer), oldest[1:], step)
    before, after = (
        _cover(start, first, tuple(finer), oldest[1:], step),
        _cover(last, end, tuple(finer), oldest[1:], step),
    )
    return [*before, Stretch(level, first, last), *after]
