"""Two sets of traces compared by what their waited time was spent on: changes that add up to the whole change.

A set is told as nanoseconds a trace: the mean of all its traces, or the traces around a quantile brought to it in
proportion. Everything is integers, apportioned by largest remainder, so that the parts sum to the whole exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from apps.traces.contributions import ON_PATH, Contributions
from apps.traces.why.tries import PAUSE, pauses_of
from apps.traces.work import EXTERNAL, NETWORK, OWN_CODE, works_of

PEERED = ("database", "cache", "queue", EXTERNAL)
"""Kinds of work that wait for somebody who sends no spans."""
LEADING_NETWORK_PCT = 25
"""Network time is one part of all services together, but where one caller's is so much of the whole change."""


class Part(NamedTuple):
    """What one service spent on one kind of work (`apps.traces.work`). "" where a grouping leaves a field out."""

    service: str
    work: str
    peer: str
    """Whom it waited for, of a database, cache, queue or somebody external; at whom it tried again."""
    span_name: str = ""

    @property
    def group(self) -> Part:
        """Without the span name."""
        return self._replace(span_name="")


@dataclass(slots=True)
class Sum:
    """Over many traces, or of one."""

    own_ns: int = 0
    calls: float = 0.0
    """Spans waited for."""
    on_path: float = 0.0
    """Those of them that time belongs to: the others ran beside something longer."""

    def add(self, own_ns: int, calls: float, on_path: float) -> None:
        self.own_ns += own_ns
        self.calls += calls
        self.on_path += on_path


def parts_of(found: Contributions) -> dict[Part, Sum]:
    """One trace. The own times sum to its waited time."""
    columns, sums, works, paused_ns = found.family.columns, {}, works_of(found), {}
    for caller, failed, ns in pauses_of(found):
        if works[caller] == OWN_CODE:
            paused_ns[caller] = paused_ns.get(caller, 0) + ns
            part = Part(columns.service[caller], PAUSE, columns.call[failed].peer.name, columns.name[failed])
            sums.setdefault(part, Sum()).add(ns, 1, 1)
    for index, work in enumerate(works):
        if not work:
            continue
        call = columns.call[index]
        peer = call.peer.name if call is not None and work in PEERED else ""
        part = Part(columns.service[index], work, peer, columns.name[index])
        sums.setdefault(part, Sum()).add(
            found.own_ns[index] - paused_ns.get(index, 0), 1, found.place[index] == ON_PATH
        )
    return sums


@dataclass(frozen=True, slots=True)
class Side:
    """A set of traces. All figures are per trace."""

    traces: int
    """What it rests on, unweighted."""
    whole_ns: int
    own_ns: Mapping[Part, int] = field(default_factory=dict)
    """Sums to `whole_ns`."""
    calls: Mapping[Part, float] = field(default_factory=dict)
    on_path: Mapping[Part, float] = field(default_factory=dict)
    """Empty when not known."""


def side_of(traces: int, weight: float, sums: Mapping[Part, Sum], whole_ns: int) -> Side:
    """`sums` over traces of `weight` calls together, brought to `whole_ns` a trace in proportion."""
    if not weight or not sums:
        return Side(traces, whole_ns, {Part("", "", ""): whole_ns} if whole_ns else {})
    own_ns = apportion({part: sum_.own_ns for part, sum_ in sums.items()}, whole_ns)
    calls = {part: sum_.calls / weight for part, sum_ in sums.items()}
    return Side(traces, whole_ns, own_ns, calls, {part: sum_.on_path / weight for part, sum_ in sums.items()})


def apportion(shares: Mapping[Part, int], whole: int) -> dict[Part, int]:
    """`whole` divided in proportion to `shares`: integers that sum to it, each less than 1 off. Shares are >= 0; when
    all are 0, the whole goes to a part without a name."""
    total = sum(shares.values())
    if not total:
        return dict.fromkeys(shares, 0) | ({Part("", "", ""): whole} if whole else {})
    parts = {part: divmod(share * whole, total) for part, share in shares.items()}
    missing = whole - sum(floor for floor, _ in parts.values())
    up = set(sorted(parts, key=lambda part: (-parts[part][1], part))[:missing])
    return {part: floor + (part in up) for part, (floor, _) in parts.items()}


class Change(NamedTuple):
    """One part before and after, ns and calls a trace."""

    part: Part
    before_ns: int
    after_ns: int
    calls_before: float
    calls_after: float
    on_path_after: float
    together: int = 1
    """How many parts stand in this row."""

    @property
    def change_ns(self) -> int:
        return self.after_ns - self.before_ns


def compare(before: Side, after: Side) -> tuple[Change, ...]:
    """Every part of either, the largest change first; changes sum to `after.whole_ns - before.whole_ns`."""
    parts = {*before.own_ns, *after.own_ns}
    return _sorted(
        Change(
            part, before.own_ns.get(part, 0), after.own_ns.get(part, 0), before.calls.get(part, 0.0),
            after.calls.get(part, 0.0), after.on_path.get(part, 0.0),
        )
        for part in parts
    )  # fmt: skip


def grouped(changes: Iterable[Change]) -> tuple[Change, ...]:
    """By service, kind of work and peer. Sums stay what they were."""
    return _joined(changes, lambda change: change.part.group)


def rows_of(changes: Iterable[Change], most: int) -> tuple[Change, ...]:
    """For a chart, from the largest rise to the largest fall: at most `most` parts by service, kind of work and peer,
    network together; what is small stands in one row at the end, the part of which has no name."""
    changes = grouped(changes)
    whole = sum(abs(change.change_ns) for change in changes)

    def key(change: Change) -> Part:
        is_leading = abs(change.change_ns) * 100 >= whole * LEADING_NETWORK_PCT
        return Part("", NETWORK, "") if change.part.work == NETWORK and not is_leading else change.part

    joined = _joined(changes, key)
    shown = sorted(joined[:most], key=lambda change: (-change.change_ns, change.part))
    rest = _joined(joined[most:], lambda change: Part("", "", ""))
    return (*shown, *(change._replace(together=len(joined) - most) for change in rest))


def _joined(changes: Iterable[Change], key: Callable[[Change], Part]) -> tuple[Change, ...]:
    found: dict[Part, list] = {}
    for change in changes:
        sums = found.setdefault(key(change), [0, 0, 0.0, 0.0, 0.0])
        for place, value in enumerate(change[1:6]):
            sums[place] += value
    return _sorted(Change(part, *sums) for part, sums in found.items())


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: (-abs(change.change_ns), change.part)))
