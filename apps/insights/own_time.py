"""The time that somebody waited for a service and nobody below it accounts for, over all root span names.

A caller's span holds its callee's time as well, so durations of spans count one slow call several times. Contributions
(docs/contributions.md) count every instant once. They exist for what was waited for in traces whose root arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from apps.insights.key_search import listed_parts
from apps.insights.reading import SUMS, Asked, facts_sql, stretches_of
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.deposits import QUEUE_WAIT
from apps.traces.key_book import PART
from apps.traces.sampling import CALL


class Own(NamedTuple):
    """Sums over a window."""

    sum_ns: int
    """Weighted by adjusted count."""
    traces: float
    """In which it was waited for, weighted."""
    samples: int
    """The same, unweighted."""


class Place(NamedTuple):
    span_name: str
    work: str
    """Kind of work, `apps.traces.work`."""


NO_OWN = Own(0, 0.0, 0)


def own_by_service(workspace_id: int, window: Window) -> dict[str, Own]:
    """Service -> its own time, of every service that was waited for."""
    (found,) = _sums(workspace_id, (window,), "parts[3]", "parts[4] = '' AND parts[3] <> ''", {})
    return {service: own for (service,), own in found.items()}


def own_of_service(workspace_id: int, window: Window, service: str) -> dict[Place, Own]:
    """The own time of one service by span name and kind of work."""
    which = "parts[3] = %(service)s AND parts[4] <> '' AND parts[5] <> %(wait)s"
    (found,) = _sums(
        workspace_id, (window,), "parts[4], parts[5]", which,
        {"service": listed_parts((service,))[0], "wait": QUEUE_WAIT},
    )  # fmt: skip
    return {Place(*place): own for place, own in found.items()}


def own_of_names(
    workspace_id: int, windows: Sequence[Window], names: Iterable[tuple[str, str]]
) -> list[dict[tuple[str, str], Own]]:
    """In each window the own time of certain (service, span name) pairs, all kinds of work together."""
    listed = [listed_parts(name) for name in names]
    if not listed:
        return [{} for _ in windows]
    pairs = "SELECT * FROM unnest(%(services)s::text[], %(names)s::text[])"
    which = f"(parts[3], parts[4]) IN ({pairs}) AND parts[5] <> %(wait)s"
    values = {"services": [s for s, _ in listed], "names": [n for _, n in listed], "wait": QUEUE_WAIT}
    return _sums(workspace_id, windows, "parts[3], parts[4]", which, values)


def _sums(
    workspace_id: int, windows: Sequence[Window], by: str, which: str, values: dict
) -> list[dict[tuple[str, ...], Own]]:
    with store_cursor() as cursor:
        cursor.execute(
            f"SELECT id, ARRAY[{by}] FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = {PART} AND {which}",
            {"workspace": workspace_id, **values},
        )
        places = {id_: tuple(place) for id_, place in cursor.fetchall()}
        return [_of_window(cursor, workspace_id, window, places) for window in windows]


def _of_window(cursor, workspace_id: int, window: Window, places: dict[int, tuple]) -> dict[tuple[str, ...], Own]:
    """Summed by key, and by place here: to sort every fact by a text array takes a quarter longer."""
    stretches = stretches_of(cursor, window)
    if not places or not stretches:
        return {}
    facts, values = facts_sql(Asked(workspace_id, PART, stretches, [*places], histograms=False))
    cursor.execute(f"SELECT key_id, {SUMS} FROM ({facts}) AS facts GROUP BY key_id", values, binary=True)
    found: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for key, weight, _, samples, sum_ns, _ in cursor:
        of_place = found.get(places[key], (0, 0, 0))
        found[places[key]] = (of_place[0] + sum_ns, of_place[1] + weight, of_place[2] + samples)
    return {
        place: Own(sum_ns, weight / CALL, samples) for place, (sum_ns, weight, samples) in found.items() if samples > 0
    }
