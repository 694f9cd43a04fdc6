"""How far each level is closed: a bucket that ends by then is in its level, whole.

What comes late for a closed bucket is added to it in the transaction that takes it from the inbox, hence a level stays
closed for good.
"""

from __future__ import annotations

from apps.insights.levels import LEVELS, Level

Closed = dict[Level, int]
"""Level -> minutes since 1970."""


def read_closed(cursor) -> Closed | None:
    """None before the first fold."""
    columns = ", ".join(f"(extract(epoch FROM {level.closed_at}) / 60)::int8" for level in LEVELS)
    cursor.execute(f"SELECT {columns} FROM rollup_closed")
    row = cursor.fetchone()
    return dict(zip(LEVELS, row, strict=True)) if row else None


def begin(cursor, now: int) -> Closed:
    """At the first fold everything before `now` (minutes since 1970) counts as closed."""
    closed = {level: now // level.minutes * level.minutes for level in LEVELS}
    cursor.execute(
        f"INSERT INTO rollup_closed ({', '.join(level.closed_at for level in LEVELS)}) "
        f"VALUES ({', '.join(['to_timestamp(%s)'] * len(LEVELS))})",
        [minute * 60 for minute in closed.values()],
    )
    return closed


def close(cursor, level: Level, until: int) -> None:
    cursor.execute(f"UPDATE rollup_closed SET {level.closed_at} = to_timestamp(%s)", [until * 60])
