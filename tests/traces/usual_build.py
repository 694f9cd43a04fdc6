"""What is usual, from traces: the figures the rollups keep, made of the same histograms without a database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.traces.contributions import Contributions
from apps.traces.histogram import Histogram
from apps.traces.usual import Usual, UsualPart
from apps.traces.verdict.waits import QUEUE_WORK, QueueWait
from apps.traces.work import Part, by_name


@dataclass
class _Sum:
    traces: int = 0
    own: Histogram = field(default_factory=Histogram)
    calls: Histogram = field(default_factory=Histogram)

    def add(self, own_ns: int, calls: int) -> None:
        self.traces += 1
        self.own.add(own_ns)
        self.calls.add(calls)

    def part(self) -> UsualPart:
        figures = [round(h.quantile(share)) for h in (self.own, self.calls) for share in (0.5, 0.95)]
        return UsualPart(self.traces, *figures)


class UsualSum:
    """Traces of one root span name, added one by one."""

    def __init__(self):
        self.traces = self.with_error = 0
        self.waited = Histogram()
        self.services: dict[str, _Sum] = defaultdict(_Sum)
        self.parts: dict[tuple[str, str, str], _Sum] = defaultdict(_Sum)

    def add(self, found: Contributions, parts: Sequence[Part], waits: Iterable[QueueWait] = ()) -> None:
        self.traces += 1
        self.with_error += True in found.family.columns.is_error
        self.waited.add(found.waited_ns)
        own, calls = Counter(), Counter()
        for part in parts:
            self.parts[part[:3]].add(part.own_ns, part.calls)
            own[part.service] += part.own_ns
            calls[part.service] += part.calls
        for service in calls:
            self.services[service].add(own[service], calls[service])
        for wait in waits:
            self.parts[wait.service, wait.queue, QUEUE_WORK].add(wait.lay_ns, 1)

    def usual(self) -> Usual:
        return Usual(
            self.traces, 0, 0, round(self.waited.quantile(0.5) or 0), round(self.waited.quantile(0.95) or 0),
            {name: sum_.part() for name, sum_ in self.services.items()},
            {key: sum_.part() for key, sum_ in self.parts.items()},
            self.with_error,
        )  # fmt: skip


def usual_of(*founds: Contributions, times: int = 1) -> Usual:
    """As if each of them had been there so many times."""
    made = UsualSum()
    for found in founds:
        for _ in range(times):
            made.add(found, by_name(found))
    return made.usual()
