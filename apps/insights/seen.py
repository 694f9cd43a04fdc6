"""When services and their versions sent spans, to the minute, and since when anybody did.

`rollup_key.last_seen_at` is written again only when it is ten minutes old, which is too coarse to tell which of two
versions is the one that runs. The minutes after it are few, so they are asked.
"""

from __future__ import annotations

from typing import NamedTuple

from apps.insights.change import FEWER, GONE, MORE, NEW, UNSURE, Change, rate_change
from apps.insights.figures import Figures
from apps.insights.key_search import prefix_sql
from apps.insights.keys import REFRESH_SECONDS
from apps.insights.period import MISSING_SHARE, Period
from apps.insights.queries import first_seen
from apps.store.connection import store_cursor
from apps.traces.deposits import TRACES
from apps.traces.key_book import COVERAGE, SERVICE
from apps.traces.moments import MINUTE_NS

LEAST_MINUTES = 5
"""The first trace is known to the minute: of fewer a rate would be off by a fifth and more."""


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


class Held(NamedTuple):
    """What is known of a window compared with, and of the one that is."""

    is_whole: bool
    """Traces came from its start on, or nearly, and are digested: what was not seen in one that is held in part may
    have been there all the same."""
    minutes: float
    """Of it, those since the first trace, at least one: what its rates are divided by."""
    reaches_end: bool = True
    """The window that is compared is held to its end: what is not in it did not come."""
    is_digested: bool = True
    """The window compared with is read to its end, or nearly: what is not in it did not come then."""

    @property
    def has_rates(self) -> bool:
        """Enough of it to tell how many calls a minute there were."""
        return self.is_whole or self.minutes >= LEAST_MINUTES


def where_held(change: Change, held: Held) -> Change:
    """Where the window compared with is held in part nothing is called new, and where the other one is, nothing gone:
    what is not there may only have to be digested."""
    is_unknown = (change.word == NEW and not held.is_whole) or (change.word == GONE and not held.reaches_end)
    return change._replace(word=UNSURE) if is_unknown else change


def rate_since(before: Figures, now: Figures, held: Held, minutes: float) -> Change:
    """Of the calls a minute; `minutes` of now. Of before as far as it is held: where that is a few
    minutes it is too little to say that there are more or fewer."""
    found = where_held(rate_change(before, now, held.minutes, minutes), held)
    return found._replace(word=UNSURE) if found.word in (FEWER, MORE) and not held.has_rates else found


def held_of(workspace_id: int, period: Period) -> Held:
    """Raises StoreUnavailable."""
    return held_since(period, began_of(workspace_id, period))


def began_of(workspace_id: int, period: Period) -> int | None:
    """When the first trace came, which a held period knows. Raises StoreUnavailable."""
    return first_trace_ns(workspace_id) if period.began_ns is None else period.began_ns


def held_since(period: Period, began_ns: int | None) -> Held:
    """`began_ns`: when the first trace came; None where none ever did."""
    window = period.compared
    end_ns = window.end_ns if period.compared_held_ns is None else period.compared_held_ns
    start_ns = end_ns if began_ns is None else min(max(window.start_ns, began_ns), end_ns)
    missing_ns = start_ns - window.start_ns + period.compared_waiting_ns
    is_whole = missing_ns * MISSING_SHARE <= period.compared_end_ns - window.start_ns
    minutes = max(1.0, (end_ns - start_ns) / MINUTE_NS)
    return Held(is_whole, minutes, not period.is_behind, not period.is_compared_behind)


def first_trace_ns(workspace_id: int) -> int | None:
    """To the minute; None where none ever came. Raises StoreUnavailable."""
    return min((first_ns for first_ns, _ in first_seen(workspace_id, COVERAGE, (TRACES,)).values()), default=None)
