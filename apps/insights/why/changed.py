"""Which root span names changed: where to begin when nobody has asked about one."""

from __future__ import annotations

from dataclasses import dataclass

from apps.insights.change import GONE, NEW, Change, durations_change, error_change
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.keys import OTHER
from apps.insights.period import Period
from apps.insights.queries import roots
from apps.insights.seen import Held, held_of, where_held
from apps.store.connection import store_cursor
from apps.traces.deposits import WHOLE
from apps.traces.key_book import PART

FAILED_AS_NS = 10 * 10**9
"""A trace that failed weighs as one that somebody waited so much longer for."""


@dataclass(frozen=True, slots=True)
class ChangedRoot:
    service: str
    name: str
    before: Figures
    after: Figures
    duration: Change
    """Of the p95."""
    errors: Change
    """Of the share of traces with an error."""

    @property
    def longer_ns(self) -> float:
        """Of the quantile that changed, times the calls: what people waited more; negative for less. Of what is new or
        gone all of it changed, and nothing became worse."""
        if not self.duration.weight:
            return 0.0
        calls = (self.before if self.duration.word == GONE else self.after).calls
        return ((self.duration.after or 0.0) - (self.duration.before or 0.0)) * calls

    @property
    def failed_ns(self) -> float:
        """More failed traces, as time."""
        if not self.errors.weight:
            return 0.0
        return ((self.errors.after or 0.0) - (self.errors.before or 0.0)) * self.after.calls * FAILED_AS_NS

    @property
    def is_about_errors(self) -> bool:
        """They are the larger part of what changed."""
        return abs(self.failed_ns) > abs(self.longer_ns)

    @property
    def weight(self) -> tuple[float, float, int]:
        """For sorting: what became worse before what became better, then for how many and by how much."""
        longer = 0.0 if self.duration.word in (NEW, GONE) else self.longer_ns
        return max(self.failed_ns, longer, 0.0), max(abs(self.failed_ns), abs(self.longer_ns)), self.after.samples

    @property
    def is_changed(self) -> bool:
        return bool(self.duration.weight or self.errors.weight)


def changed_roots(workspace_id: int, period: Period) -> tuple[ChangedRoot, ...]:
    """All root span names of either window, those that changed most first. Raises StoreUnavailable."""
    old, new = roots(workspace_id, period.compared), roots(workspace_id, period.window)
    held = held_of(workspace_id, period)
    found = [
        _changed(root, old.get(root, NO_FIGURES), new.get(root, NO_FIGURES), held)
        for root in {*old, *new}
        if root[0] != OTHER
    ]
    return tuple(sorted(found, key=lambda root: ([-part for part in root.weight], root.service, root.name)))


def root_names(workspace_id: int, seen_since_ns: int, most: int) -> tuple[tuple[str, str], ...]:
    """(service, span name) of main roots, by name; () when there are more than `most`."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT parts[1], parts[2] FROM rollup_key
            WHERE workspace_id = %s AND kind = %s AND parts[3:5] = %s AND last_seen_at >= to_timestamp(%s)
            ORDER BY 1, 2 LIMIT %s
            """,
            [workspace_id, PART, list(WHOLE), seen_since_ns / 1e9, most + 1],
        )
        names = tuple((service, name) for service, name in cursor.fetchall() if service != OTHER)
    return names if len(names) <= most else ()


def _changed(root: tuple[str, str], before: Figures, after: Figures, held: Held) -> ChangedRoot:
    duration = where_held(durations_change(before, after), held)
    return ChangedRoot(*root, before, after, duration, error_change(before, after))
