"""What the rollups answer. Every function raises StoreUnavailable when the database cannot be asked.

Windows are half-open and rounded outwards to minutes; where minutes (hours) are not kept any more, to hours (days).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from apps.insights.figures import Figures
from apps.insights.key_search import ids_around, ids_of, ids_of_first, ids_with, prefix_sql
from apps.insights.keys import digest_of, listed_parts
from apps.insights.reading import Asked, figures_by_key, figures_together, stretches_of, summed_by_key
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.store.connection import store_cursor
from apps.traces import deposits
from apps.traces.deposits import WHOLE
from apps.traces.key_book import COVERAGE, EDGE, ERROR, NAME, PART, SERVICE
from apps.traces.moments import MINUTE_NS


class EdgeKey(NamedTuple):
    caller_kind: str
    caller: str
    callee_kind: str
    callee: str
    kind: str


class NameKey(NamedTuple):
    service: str
    span_name: str
    kind: str
    peer_kind: str
    """`database`, `cache`, `queue` or `external` of a call that names whom it calls; else ""."""
    peer: str


class PartKey(NamedTuple):
    """("", "", "") is the whole waited time, (service, "", "") the sum of a service."""

    service: str
    span_name: str
    work: str


class ErrorKey(NamedTuple):
    service: str
    span_name: str
    exception_type: str
    message: str
    """Without what changes from one occurrence to the next."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the figures of a window rest on: stored traces and spans, not weighted."""

    traces: int
    spans: int
    incomplete: int
    """Traces in which a span's parent is missing."""
    rootless: int
    """Traces without a span that names no parent."""
    sampled_share: float
    """Of the spans, those that stand for more than one call."""
    error_traces: int
    """With an error anywhere."""
    failed: int | None
    """Those whose main root failed itself; None where some were counted before that was asked."""
    unanalysed: int = 0
    """Traces counted here and nowhere else, because their analysis failed."""


def edges(
    workspace_id: int, window: Window, service: str | None = None, *, histograms: bool = True
) -> dict[EdgeKey, Figures]:  # fmt: skip
    """All, or those from and to one service."""
    if service is None:
        found = _figures(workspace_id, EDGE, window, histograms)
    else:
        with store_cursor() as cursor:
            keys = ids_around(cursor, workspace_id, service)
            found = figures_by_key(cursor, Asked(workspace_id, EDGE, stretches_of(cursor, window), keys, histograms))
    return {EdgeKey(*parts): figures for parts, figures in found.items()}


def span_names(
    workspace_id: int,
    window: Window,
    service: str | None = None,
    keys: Iterable[NameKey] | None = None,
    histograms: bool = True,
) -> dict[NameKey, Figures]:
    """Of every span name, of one service's, or of certain ones. Without histograms, quantiles and examples it is cheap
    enough to rank them all."""
    if keys is not None:
        found = _figures(workspace_id, NAME, window, histograms, exact=list(keys))
    else:
        found = _figures(workspace_id, NAME, window, histograms, prefix=() if service is None else (service,))
    return {NameKey(*parts): figures for parts, figures in found.items()}


def calls_to(workspace_id: int, window: Window, kind: str, name: str) -> dict[NameKey, Figures]:
    """What was asked of a peer that has no spans of its own, `database`, `cache`, `queue` or `external`."""
    return {NameKey(*parts): one for parts, one in _figures(workspace_id, NAME, window, suffix=(kind, name)).items()}


def versions(workspace_id: int, window: Window, service: str) -> dict[str, Figures]:
    """Of one service: version ("" for unknown) -> figures of the spans by which it was entered."""
    found = _figures(workspace_id, SERVICE, window, prefix=(service,))
    return {version: figures for (_, version), figures in found.items()}


class Entered(NamedTuple):
    figures: Figures
    """Of the spans by which a service was entered, all versions together."""
    versions: frozenset[str]
    """Those that were; "" for unknown."""


def entered(workspace_id: int, window: Window) -> dict[str, Entered]:
    """What entered each service."""
    with store_cursor() as cursor:
        rows = summed_by_key(cursor, Asked(workspace_id, SERVICE, stretches_of(cursor, window)))
    versions: dict[str, list[str]] = {}
    for (service, version), _ in rows:
        versions.setdefault(service, []).append(version)
    found = figures_together([(service, sums) for (service, _), sums in rows], SERVICE)
    return {service: Entered(figures, frozenset(versions[service])) for service, figures in found.items()}


def services_entered(workspace_id: int, window: Window) -> dict[str, Figures]:
    """The same without versions, in less work."""
    return {service: figures for (service,), figures in _by_service(workspace_id, window).items()}


def services_called(workspace_id: int, window: Window) -> set[str]:
    """Those that were entered at all."""
    with store_cursor() as cursor:
        asked = Asked(workspace_id, SERVICE, stretches_of(cursor, window), histograms=False, by=1)
        return {service for (service,) in figures_by_key(cursor, asked)}


class Traffic(NamedTuple):
    edges: dict[EdgeKey, Figures]
    services: dict[str, Figures]
    """Of the spans by which each was entered, all versions together."""


def traffic(workspace_id: int, windows: Sequence[Window]) -> list[Traffic]:
    """What was called in each window, read at once."""

    calls = [partial(_figures, workspace_id, EDGE, window) for window in windows]
    found = at_once(*calls, *(partial(_by_service, workspace_id, window) for window in windows))
    return [_traffic(*both) for both in zip(found[: len(windows)], found[len(windows) :], strict=True)]


def _by_service(workspace_id: int, window: Window) -> dict[tuple[str, ...], Figures]:
    with store_cursor() as cursor:
        return figures_by_key(cursor, Asked(workspace_id, SERVICE, stretches_of(cursor, window), by=1))


def traffic_of(workspace_id: int, window: Window, edges: Iterable[EdgeKey], services: Iterable[str]) -> Traffic:
    """Of certain edges and services."""
    with store_cursor() as cursor:
        stretches = stretches_of(cursor, window)
        calls, own = {}, {}
        if asked := [tuple(key) for key in edges]:
            keys = ids_of(cursor, workspace_id, EDGE, asked)
            calls = figures_by_key(cursor, Asked(workspace_id, EDGE, stretches, keys))
        if names := list(services):
            keys = ids_of_first(cursor, workspace_id, SERVICE, names)
            own = figures_by_key(cursor, Asked(workspace_id, SERVICE, stretches, keys, by=1))
    return _traffic(calls, own)


def _traffic(calls: dict[tuple[str, ...], Figures], own: dict[tuple[str, ...], Figures]) -> Traffic:
    return Traffic(
        {EdgeKey(*parts): figures for parts, figures in calls.items()},
        {service: figures for (service,), figures in own.items()},
    )


def parts(workspace_id: int, window: Window, root_service: str, root_name: str) -> dict[PartKey, Figures]:
    """Contributions to the waited time of one root span name, one sample a trace in which the part was waited for."""
    found = _figures(workspace_id, PART, window, prefix=(root_service, root_name))
    return {PartKey(*parts[2:]): figures for parts, figures in found.items()}


def roots(workspace_id: int, window: Window) -> dict[tuple[str, str], Figures]:
    """(service, span name) of main roots -> the waited time; `errors` are traces with an error anywhere."""
    found = _figures(workspace_id, PART, window, suffix=WHOLE)
    return {(root_service, root_name): figures for (root_service, root_name, *_), figures in found.items()}


def errors(workspace_id: int, window: Window) -> dict[ErrorKey, Figures]:
    """By where they started."""
    return {ErrorKey(*parts): found for parts, found in _figures(workspace_id, ERROR, window).items()}


def errors_started(workspace_id: int, window: Window, services: Iterable[str]) -> dict[str, int]:
    """Spans in which an error started, by service; those without any left out."""
    with store_cursor() as cursor:
        keys = ids_of_first(cursor, workspace_id, ERROR, list(services))
        asked = Asked(workspace_id, ERROR, stretches_of(cursor, window), keys, histograms=False, by=1)
        return {service: figures.samples for (service,), figures in figures_by_key(cursor, asked).items()}


def coverage(workspace_id: int, window: Window) -> Coverage:
    found = _figures(workspace_id, COVERAGE, window, histograms=False)
    count = {word: figures.samples for (word,), figures in found.items()}.get
    spans, failed = count(deposits.SPANS, 0), count(deposits.FAILED, 0)
    return Coverage(
        count(deposits.TRACES, 0),
        spans,
        count(deposits.INCOMPLETE, 0),
        count(deposits.ROOTLESS, 0),
        count(deposits.SAMPLED, 0) / spans if spans else 0.0,
        count(deposits.WITH_ERRORS, 0),
        failed if failed + count(deposits.SURVIVED, 0) == count(deposits.WITH_ERRORS, 0) else None,
        count(deposits.UNANALYSED, 0),
    )


def covered(window: Window) -> Window:
    """The window that is answered for this one: wider where its minutes (ten minutes, hours, …) are not kept."""
    with store_cursor() as cursor:
        stretches = stretches_of(cursor, window)
    if not stretches:
        return window
    return Window(stretches[0].start * MINUTE_NS, stretches[-1].end * MINUTE_NS)


def first_seen(workspace_id: int, kind: int, parts_prefix: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Parts of each key -> (first, last) minute in which it was seen, ns; the last may be ten minutes old."""
    conditions, values = prefix_sql(parts_prefix)
    return _seen(workspace_id, kind, conditions, values)


def first_seen_of(
    workspace_id: int, kind: int, keys: Iterable[Sequence[str]]
) -> dict[tuple[str, ...], tuple[int, int]]:
    """The same of certain keys, those that are known."""
    digests = [digest_of(listed_parts(parts)) for parts in keys]
    return _seen(workspace_id, kind, " AND digest = ANY(%(digests)s)", {"digests": digests}) if digests else {}


def _seen(workspace_id: int, kind: int, conditions: str, values: dict) -> dict[tuple[str, ...], tuple[int, int]]:
    with store_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT parts, extract(epoch FROM first_seen_at)::int8, extract(epoch FROM last_seen_at)::int8
            FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = %(kind)s{conditions}
            """,
            {"workspace": workspace_id, "kind": kind, **values},
        )
        return {tuple(parts): (first * 10**9, last * 10**9) for parts, first, last in cursor.fetchall()}


def _figures(
    workspace_id: int,
    kind: int,
    window: Window,
    histograms: bool = True,
    *,
    prefix: tuple[str, ...] = (),
    suffix: tuple[str, ...] = (),
    exact: list[tuple[str, ...]] | None = None,
) -> dict[tuple[str, ...], Figures]:
    with store_cursor() as cursor:
        keys = None
        if exact is not None:
            keys = ids_of(cursor, workspace_id, kind, exact)
        elif prefix or suffix:
            keys = ids_with(cursor, workspace_id, kind, prefix, suffix)
        return figures_by_key(cursor, Asked(workspace_id, kind, stretches_of(cursor, window), keys, histograms))
