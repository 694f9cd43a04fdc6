"""The tables of facts by minute, ten minutes, hour, six hours and day: their partitions, and how long each is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings

from apps.store.connection import store_cursor

DAY_MINUTES = 1_440


@dataclass(frozen=True, slots=True)
class Level:
    table: str
    minutes: int
    """Of a bucket."""
    closed_at: str
    """Column of `rollup_closed`."""
    kept_as: str = ""
    """The level whose setting says how long it is kept, where that is not its own."""
    by_month: bool = False
    """A partition holds a month; else a day."""

    @property
    def kept_days(self) -> int:
        name = self.kept_as or self.table.removeprefix("rollup_")
        return getattr(settings, f"TRACER_{name.upper()}_RETENTION_DAYS")

    def first_day(self, day: date) -> date:
        """Of the partition that holds the day."""
        return day.replace(day=1) if self.by_month else day

    def name_of(self, day: date) -> str:
        return f"{self.table}_{self.first_day(day):%Y%m%d}"

    def end_of(self, day: date) -> date:
        """The day after the partition that holds `day`."""
        first = self.first_day(day)
        return (first + timedelta(days=31)).replace(day=1) if self.by_month else first + timedelta(days=1)


MINUTE = Level("rollup_minute", 1, "minutes_at")
TEN = Level("rollup_ten", 10, "tens_at")
HOUR = Level("rollup_hour", 60, "hours_at")
SIX = Level("rollup_six", 360, "sixes_at", kept_as="hour")
DAY = Level("rollup_day", DAY_MINUTES, "days_at", by_month=True)
LEVELS = (MINUTE, TEN, HOUR, SIX, DAY)
"""Each is made of the one before."""

_known: set[str] = set()


def day_at(minute: int) -> date:
    """`minute`: since 1970."""
    return datetime.fromtimestamp(minute * 60, UTC).date()


def minute_at(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MINUTES


def ensure_partitions(level: Level, minutes: Iterable[int]) -> None:
    """Make the partitions that hold these buckets, those that are missing. Commits on its own."""
    for day in sorted({level.first_day(day_at(m * DAY_MINUTES)) for m in {m // DAY_MINUTES for m in minutes}}):
        if level.name_of(day) not in _known:
            _make(level, day)
            _known.add(level.name_of(day))


def forget_partitions() -> None:
    """Look again which partitions exist."""
    _known.clear()


def _make(level: Level, day: date) -> None:
    name = level.name_of(day)
    with store_cursor() as cursor, cursor.connection.transaction():
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tracer-ui partitions'))")
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE {level.table} INCLUDING ALL)")
        cursor.execute(
            f"ALTER TABLE {level.table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{day}T00:00:00Z') TO ('{level.end_of(day)}T00:00:00Z')"
        )


def partitions(cursor, level: Level) -> list[tuple[str, date]]:
    """(name, first day), oldest first."""
    cursor.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass ORDER BY 1", [level.table]
    )
    return [(name, datetime.strptime(name[-8:], "%Y%m%d").date()) for (name,) in cursor.fetchall()]


def drop_before(level: Level, first_kept: date) -> list[date]:
    """Drop the partitions that end by `first_kept`; their first days. Waits at most 5 s for readers of each."""
    with store_cursor() as cursor:
        found = partitions(cursor, level)
    dropped = []
    for name, day in found:
        if level.end_of(day) > first_kept:
            break
        with store_cursor() as cursor, cursor.connection.transaction():
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute(f"DROP TABLE {name}")
        _known.discard(name)
        dropped.append(day)
    return dropped
