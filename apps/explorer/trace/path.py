"""The critical path as rows draw it: by a span's position, on the clock the span has itself."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.axis import MIN_WIDTH_PCT, Bar, Window
from apps.traces.contributions import BESIDE, Contributions
from apps.traces.work import NOT_BROKEN_DOWN, OWN_CODE, is_long, kind_of_work

Stretch = tuple[int, int]
"""[start_ns, end_ns) since 1970."""


@dataclass(frozen=True, slots=True)
class Path:
    """All by position of a span in its trace."""

    stretches: dict[int, list[Stretch]]
    """When a span was accountable, ascending; spans that never were are left out."""
    own_ns: dict[int, int]
    unexplained: frozenset[int]
    """Whose own time no span explains."""
    beside: frozenset[int]
    """Nobody waited for these."""


NO_PATH = Path({}, {}, frozenset(), frozenset())
"""Of a trace that is not analysed yet."""


def path_of(found: Contributions) -> Path:
    positions, shifts = found.family.columns.position, found.shifts_ns
    stretches: dict[int, list[Stretch]] = {}
    for start, end, index in found.segments:
        shift = shifts.get(index, 0)
        stretches.setdefault(positions[index], []).append((start - shift, end - shift))
    on_path = [index for index, own in enumerate(found.own_ns) if own]
    unexplained = (
        index
        for index in on_path
        if (work := kind_of_work(found, index)) == NOT_BROKEN_DOWN or (work == OWN_CODE and is_long(found, index))
    )
    return Path(
        stretches,
        {positions[index]: found.own_ns[index] for index in on_path},
        frozenset(positions[index] for index in unexplained),
        frozenset(positions[index] for index, place in enumerate(found.place) if place == BESIDE),
    )


def bars(stretches: list[Stretch], window: Window, trace_start_ns: int) -> list[Bar]:
    """Where they stand in a window; what cannot be told apart is one bar, so that a row never has many."""
    found: list[Bar] = []
    for start, end in stretches:
        bar = window.bar(start - trace_start_ns, end - trace_start_ns)
        if bar.outside:
            continue
        last = found[-1] if found else None
        if last is not None and bar.x - (last.x + last.width) < MIN_WIDTH_PCT:
            found[-1] = Bar(last.x, round(max(last.width, bar.x + bar.width - last.x), 3))
        else:
            found.append(Bar(bar.x, bar.width))
    return found
