"""How fresh the rollups are: they hold what digest has sealed."""

from __future__ import annotations

from dataclasses import dataclass

from apps.store.connection import store_cursor
from apps.traces.moments import S_NS


@dataclass(frozen=True, slots=True)
class Freshness:
    fresh_to_ns: int
    """Everything received before that is in the rollups."""
    now_ns: int

    @property
    def behind_s(self) -> float:
        return max(0.0, (self.now_ns - self.fresh_to_ns) / S_NS)


def freshness(workspace_id: int, now_ns: int) -> Freshness:
    """By the oldest span that is not sealed yet; spans of a trace still arriving wait for the rest of it."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT (extract(epoch FROM min(first_received_at)) * 1e6)::int8 * 1000 FROM batch
            WHERE workspace_id = %s AND span_count > 0
            """,
            [workspace_id],
        )
        (oldest_ns,) = cursor.fetchone()
    return Freshness(min(oldest_ns or now_ns, now_ns), now_ns)
