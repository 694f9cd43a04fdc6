"""What lies beside the waited time: work nobody waited for, other roots, lost parts, and gaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from apps.traces.columns import Columns
from apps.traces.family import Family
from apps.traces.kinship import LOST, NONE

ROOT, ORPHAN, CIRCLE, UNTIMED = "root", "orphan", "circle", "untimed"


class Beside(NamedTuple):
    """A subtree that nobody waited for. Times as the spans have them, not moved."""

    span: int
    """Index of its top."""
    reason: str
    """`queued`, `late`, `early` (see `apps.traces.waiting`); `root` (another root); `orphan` (its parent is missing and
    it ran outside the waited time); `circle`; `untimed` for the main root itself without usable times."""
    start_ns: int
    end_ns: int
    """From the first start to the last end of its spans; both 0 when none has usable times."""
    span_count: int


def describe(
    family: Family, children: Sequence[Sequence[int]], left: list[tuple[int, str]], place: bytearray
) -> tuple[Beside, ...]:
    """Every subtree not waited for, once, by its top, earliest first. `left`: those the walk turned down."""
    tops = dict(left)
    for index, parent in enumerate(family.parents):
        if parent < 0 and not place[index] and index not in tops:
            tops[index] = UNTIMED if index == family.main else _reason(parent)
    all_tops = set(tops)
    found = []
    for index in sorted(tops):
        found.append(_extent(family.columns, children, index, tops[index], all_tops))
    return tuple(found)


def _reason(parent: int) -> str:
    return ROOT if parent == NONE else ORPHAN if parent == LOST else CIRCLE


def _extent(columns: Columns, children: Sequence[Sequence[int]], top: int, reason: str, tops: set[int]) -> Beside:
    if not children[top]:
        is_timed = top not in columns.untimed
        return Beside(top, reason, columns.start[top] if is_timed else 0, columns.end[top] if is_timed else 0, 1)
    below = [top]
    for index in below:  # It grows while it is read.
        below.extend(child for child in children[index] if child not in tops)
    timed = [index for index in below if index not in columns.untimed]
    start = min((columns.start[index] for index in timed), default=0)
    end = max((columns.end[index] for index in timed), default=0)
    return Beside(top, reason, start, end, len(below))


def find_gaps(columns: Columns, start_ns: int, end_ns: int, beside: Sequence[Beside]) -> list[tuple[int, int]]:
    """[start, end) before, after or between, in which neither somebody waited nor work beside ran."""
    runs = [(part.start_ns, part.end_ns) for part in beside if part.end_ns]
    if end_ns:
        runs.append((start_ns, end_ns))
    runs.sort()
    gaps, covered = [], runs[0][1] if runs else 0
    for start, end in runs:
        if start > covered:
            gaps.append((covered, start))
        covered = max(covered, end)
    return gaps
