"""Takes facts away, to be written anew."""

from __future__ import annotations

from apps.insights.levels import LEVELS


def erase_from(cursor, minute: int, workspace_id: int | None) -> None:
    """Delete the facts of every bucket that begins at or after `minute` (since 1970, a whole day), of one workspace or
    all; and all ends of messages. Within a transaction that holds the fold's lock."""
    for table in ("rollup_put", "rollup_taken"):
        cursor.execute(f"DELETE FROM {table} WHERE %s::int IS NULL OR workspace_id = %s", [workspace_id, workspace_id])
    for table in ("rollup_inbox", *(level.table for level in LEVELS)):
        cursor.execute(
            f"DELETE FROM {table} WHERE bucket_at >= to_timestamp(%s) AND (%s::int IS NULL OR workspace_id = %s)",
            [minute * 60, workspace_id, workspace_id],
        )
