"""All services of a workspace over a period, each with its figures and what changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from apps.insights.change import (
    GONE,
    MORE,
    SLOWER,
    Change,
    durations_change,
    error_change,
)
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.keys import OTHER
from apps.insights.lately import UNSURE_YET, Lately, Worse, services_lately
from apps.insights.map_change import matters
from apps.insights.own_time import own_by_service
from apps.insights.period import Period, Recent
from apps.insights.queries import Entered, entered
from apps.insights.seen import Held, held_of, rate_since, services_seen, where_held
from apps.insights.series import series, step_of
from apps.store.at_once import at_once
from apps.traces.key_book import SERVICE
from apps.traces.why.ending import GOES_ON

SPARK_POINTS = 24
ERROR_WEIGHT = 20.0
"""A rise of errors by 5 points stirs as much as a duration e times as long."""
RATE_WEIGHT = 0.25
"""Traffic alone is the least of changes: every large service has more of it in the morning."""
GOING_ON, WORSE, WAS_WORSE, SILENT, REST = STATES = "going_on", "worse", "was_worse", "silent", "rest"
"""What whoever is on call asks first: what is bad now, what got worse, what was and is over, what does not answer any
more; then what got better, what is as before and the rest."""


@dataclass(frozen=True, slots=True)
class ServiceLine:
    name: str
    now: Figures
    """Of the calls that entered it."""
    before: Figures
    version: str
    """The one that sent last within the window, the newer one of two in the same minute; "" when spans name none."""
    is_new_version: bool
    """It was first seen within the window, and another one before."""
    duration: Change
    rate: Change
    errors: Change
    own_share: float
    """Of all waited time in the window, 0 to 1."""
    size: float
    """Its share of that, or of all calls in either window, whichever is most, 0 to 1."""
    first_seen_ns: int
    last_seen_ns: int
    duration_lately: Lately = UNSURE_YET
    """Of durations that got longer."""
    error_lately: Lately = UNSURE_YET

    @property
    def state(self) -> str:
        """Of STATES. A duration a tenth longer is told in its row, but is no reason to stand above a large change."""
        endings = {self.duration_lately.word} if self.duration.is_worse and matters(self.duration) else set()
        endings |= {self.error_lately.word} if self.errors.is_worse else set()
        if endings:
            return GOING_ON if GOES_ON in endings else WORSE if "" in endings else WAS_WORSE
        return SILENT if GONE in (self.duration.word, self.rate.word) else REST

    @property
    def stir(self) -> float:
        """How much it changed, for sorting; what got worse counts double, and a large service more than a small one:
        a tenth of the size weighs a third, so that half a call a minute stays below what people wait for."""
        found = [self.duration.weight * (2 if self.duration.is_worse else 1), self.rate.weight * RATE_WEIGHT]
        if self.errors.is_change:
            points = abs(self.errors.after - self.errors.before)
            found.append(points * ERROR_WEIGHT * (2 if self.errors.is_worse else 1))
        return max(found) * math.sqrt(self.size)


@dataclass(frozen=True, slots=True)
class ServiceLines:
    lines: tuple[ServiceLine, ...]
    has_before: bool
    """The window compared with holds anything at all."""
    held: Held
    """How much of it is known."""


SORTS: dict[str, Callable[[ServiceLine], tuple]] = {
    "change": lambda line: (STATES.index(line.state), -line.stir, -line.own_share, line.name),
    "impact": lambda line: (-line.own_share, -line.now.sum_ns, line.name),
    "rate": lambda line: (-line.now.calls, line.name),
    "errors": lambda line: (-line.now.error_share, -line.now.calls, line.name),
    "p95": lambda line: (-(line.now.p(0.95) or 0), line.name),
    "name": lambda line: (line.name.lower(), line.name),
}
"""Names in the address. Nothing that changed, or no time at all, sorts last, by name."""


def service_lines(workspace_id: int, period: Period) -> ServiceLines:
    """Every service ever seen, in no promised order; those silent in the window have no figures."""
    own, now, before, seen, held = at_once(
        lambda: own_by_service(workspace_id, period.window),
        lambda: entered(workspace_id, period.window),
        lambda: entered(workspace_id, period.compared),
        lambda: services_seen(workspace_id),
        lambda: held_of(workspace_id, period),
    )
    waited_ns = sum(one.sum_ns for one in own.values())
    calls = [_calls(side) for side in (now, before)]
    versions: dict[str, list[tuple[int, int, str]]] = {}
    last: dict[str, int] = {}
    for (name, version), (first_ns, last_ns) in seen.items():
        versions.setdefault(name, []).append((min(last_ns, period.window.end_ns), first_ns, version))
        last[name] = max(last.get(name, 0), last_ns)
    lines = []
    for name, known in versions.items():
        if name == OTHER and name not in now:
            continue  # the place for names beyond the limit, which is always there
        is_now = [one for one in known if name in now and one[2] in now[name].versions]
        _, newest_ns, version = max(is_now or known)
        first_ns = min(first for _, first, _ in known)
        after_, before_ = (side[name].figures if name in side else NO_FIGURES for side in (now, before))
        own_share = own[name].sum_ns / waited_ns if waited_ns and name in own else 0.0
        shares = [side.calls / all_ for side, all_ in zip((after_, before_), calls, strict=True)]
        lines.append(
            ServiceLine(
                name, after_, before_, version,
                bool(version) and newest_ns >= period.window.start_ns and first_ns < newest_ns,
                own_share=own_share, size=max(own_share, *shares), first_seen_ns=first_ns, last_seen_ns=last[name],
                duration=where_held(durations_change(before_, after_), held),
                rate=rate_since(before_, after_, held, period.minutes), errors=error_change(before_, after_),
            )
        )  # fmt: skip
    return ServiceLines(tuple(_with_lately(workspace_id, period.recents, lines)), bool(before), held)


def _with_lately(workspace_id: int, recents: Sequence[Recent], lines: Sequence[ServiceLine]) -> Iterator[ServiceLine]:
    worse = {
        (line.name, change.word): Worse(change, line.before, line.now)
        for line in lines for change in (line.duration, line.errors) if change.is_worse
    }  # fmt: skip
    found = services_lately(workspace_id, recents, worse)
    for line in lines:
        duration, error = (found.get((line.name, word), UNSURE_YET) for word in (SLOWER, MORE))
        yield replace(line, duration_lately=duration, error_lately=error)


def _calls(found: Mapping[str, Entered]) -> float:
    return sum(one.figures.calls for one in found.values()) or 1.0


def sorted_lines(lines: Iterable[ServiceLine], sort: str, text: str = "") -> tuple[ServiceLine, ...]:
    """Those whose name holds the text, whatever the case; by one of SORTS."""
    wanted = text.casefold()
    return tuple(sorted((line for line in lines if wanted in line.name.casefold()), key=SORTS[sort]))


def sparks(workspace_id: int, period: Period, names: Sequence[str]) -> dict[str, tuple[float | None, ...]]:
    """p95 of some services over the window, in equal steps: of those that are drawn, for it is the dearest figure."""
    step_ns = step_of(period.window, period.now_ns, SPARK_POINTS)
    found = series(workspace_id, period.window, SERVICE, (), step_ns, group=1, firsts=names)
    return {name: tuple(point.p(0.95) for point in points) for (name,), points in found.lines.items()}
