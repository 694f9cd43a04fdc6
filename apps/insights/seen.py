"""When services and their versions sent spans, to the minute, and since when anybody did.

`rollup_key.last_seen_at` is written again only when it is ten minutes old, which is too coarse to tell which of two
versions is the one that runs. The minutes after it are few, so they are asked.
"""

from __future__ import annotations

from apps.insights.key_search import prefix_sql
from apps.insights.keys import REFRESH_SECONDS
from apps.insights.queries import first_seen
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.deposits import TRACES
from apps.traces.key_book import COVERAGE, SERVICE

MISSING_SHARE = 10
"""A tenth of a window may be missing: what comes at all is hardly missed by that."""


def services_seen(workspace_id: int, service: str | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    """(service, version) -> first and last minute with a span, ns; of one service or of all. The last one may be ten
    minutes old where minutes are no longer kept. Raises StoreUnavailable."""
    conditions, values = prefix_sql(() if service is None else (service,))
    with store_cursor() as cursor:
        cursor.execute(
            f"""
            WITH inbox AS MATERIALIZED (
                SELECT key_id, max(bucket_at) AS at FROM rollup_inbox
                WHERE workspace_id = %(workspace)s AND kind = %(kind)s GROUP BY key_id
            )
            SELECT parts, extract(epoch FROM first_seen_at)::int8,
                   extract(epoch FROM greatest(last_seen_at, inbox.at, (
                       SELECT max(bucket_at) FROM rollup_minute WHERE key_id = rollup_key.id
                       AND bucket_at > last_seen_at AND bucket_at <= last_seen_at + %(stale)s * interval '1 second'
                   )))::int8
            FROM rollup_key LEFT JOIN inbox ON inbox.key_id = rollup_key.id
            WHERE workspace_id = %(workspace)s AND kind = %(kind)s{conditions}
            """,
            {"workspace": workspace_id, "kind": SERVICE, "stale": REFRESH_SECONDS, **values},
        )
        return {tuple(parts): (first * 10**9, last * 10**9) for parts, first, last in cursor.fetchall()}


def is_held(workspace_id: int, window: Window) -> bool:
    """Whether traces came from the start of the window on, or nearly: what was not seen in one that is held in part may
    have been there all the same. Raises StoreUnavailable."""
    began_ns = first_trace_ns(workspace_id)
    return began_ns is not None and reaches_back(window, began_ns)


def reaches_back(window: Window, began_ns: int) -> bool:
    return began_ns <= window.start_ns + (window.end_ns - window.start_ns) // MISSING_SHARE


def first_trace_ns(workspace_id: int) -> int | None:
    """To the minute; None where none ever came. Raises StoreUnavailable."""
    return min((first_ns for first_ns, _ in first_seen(workspace_id, COVERAGE, (TRACES,)).values()), default=None)
