"""Figures over time: one line for all keys that begin alike, or one for each value of their next parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.key_search import ids_of_first, ids_with
from apps.insights.period import bucket_ns
from apps.insights.reading import SUMS, Asked, facts_sql, figures_together, merged_sql, stretches_of
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.moments import MINUTE_NS

STEPS_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080)


@dataclass(frozen=True, slots=True)
class Series:
    steps: tuple[int, ...]
    """Start of each in ns, on whole multiples of the step since 1970; the window may begin and end within a step."""
    lines: dict[tuple[str, ...], tuple[Figures, ...]]
    """The next parts of the keys (`()` when they were not asked for) -> figures of each step."""


def step_for(window: Window, most: int = 180) -> int:
    """A round step in ns, so that a chart of the window has at most `most` points."""
    for minutes in STEPS_MINUTES:
        if window.minutes / minutes <= most:
            return minutes * MINUTE_NS
    weeks = -(-window.minutes // (most * STEPS_MINUTES[-1]))
    return int(weeks) * STEPS_MINUTES[-1] * MINUTE_NS


def step_of(view: Window, now_ns: int, most: int = 180, *, compared: Window | None = None) -> int:
    """As fine as a chart of `most` points has room for and figures are kept, of `compared` too, ns."""
    oldest_ns = min(window.start_ns for window in (view, compared or view))
    least_ns, kept_ns = step_for(view, most), bucket_ns(now_ns - oldest_ns)
    steps = (minutes * MINUTE_NS for minutes in STEPS_MINUTES)
    return next((step for step in steps if step >= least_ns and step % kept_ns == 0), max(least_ns, kept_ns))


def rates(
    steps: Sequence[int], step_ns: int, calls: Sequence[float], window: Window, now_ns: int
) -> list[float | None]:  # fmt: skip
    """Calls a minute in each step, by what the window covers of it up to now: the first may begin before the window,
    the last goes on. None where that is less than a quarter."""
    ends = [min(at + step_ns, window.end_ns, now_ns) for at in steps]
    covered = [end - max(at, window.start_ns) for at, end in zip(steps, ends, strict=True)]
    return [
        count / (some_ns / MINUTE_NS) if some_ns >= step_ns / 4 else None
        for count, some_ns in zip(calls, covered, strict=True)
    ]


def series(
    workspace_id: int, window: Window, kind: int, parts_prefix: tuple[str, ...], step_ns: int, group: int = 0,
    firsts: Sequence[str] | None = None, histograms: bool = True, keys: Sequence[int] | None = None,
) -> Series:  # fmt: skip
    """Figures by step of all keys of the kind whose parts begin with the prefix; a line for each value of the next
    `group` parts, or one. `firsts` narrows to keys whose first part is one of these; `keys` are ids to take in place of
    both. Where facts are kept by the hour or longer only, they stand in the step that holds its start. Without
    `histograms` only what is counted and summed."""
    step = step_ns // MINUTE_NS
    first, last = window.start_ns // step_ns, -(-window.end_ns // step_ns)
    steps = tuple(n * step_ns for n in range(first, last))
    with store_cursor() as cursor:
        stretches = stretches_of(cursor, window, step)
        if parts_prefix:
            keys = ids_with(cursor, workspace_id, kind, parts_prefix)
        if firsts is not None:
            keys = ids_of_first(cursor, workspace_id, kind, firsts)
        rows = []
        if stretches and keys != []:
            facts, values = facts_sql(Asked(workspace_id, kind, stretches, keys, histograms), f", {_STEP} AS step")
            merged = f", {merged_sql(kind)}" if histograms else ""
            begin = len(parts_prefix)
            values |= {"step": step, "from": begin + 1, "to": begin + group}
            # By key before the names come in: to sort every fact by a text array takes as long as all the rest.
            cursor.execute(
                f"""
                SELECT coalesce(parts[%(from)s:%(to)s], '{{}}'), summed.* FROM (
                    SELECT step, key_id, {SUMS}{merged} FROM ({facts}) AS facts GROUP BY key_id, step
                ) AS summed JOIN rollup_key ON rollup_key.id = key_id
                """,
                values,
                binary=True,
            )
            rows = cursor.fetchall()
    found = figures_together([((tuple(line), number), sums) for line, number, _, *sums in rows], kind, histograms)
    lines: dict[tuple[str, ...], list[Figures]] = {}
    for (line, number), figures in found.items():
        points = lines.setdefault(line, [NO_FIGURES] * len(steps))
        # An hour of which only the start is in the first step, when minutes are gone, may begin before it.
        points[min(max(number - first, 0), len(steps) - 1)] = figures
    if not group and not lines:
        lines[()] = [NO_FIGURES] * len(steps)
    return Series(steps, {line: tuple(points) for line, points in lines.items()})


_STEP = "(extract(epoch FROM bucket_at)::int8 / 60 / %(step)s)::int8"
