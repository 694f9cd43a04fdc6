"""What the rules look at: one service of a slow trace, what it contributed, and what is usual of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from apps.traces.contributions import BESIDE, Contributions
from apps.traces.error_words import one_line
from apps.traces.peers import UNNAMED_HOST, Call
from apps.traces.usual import PartKey, Usual, UsualPart
from apps.traces.verdict.limits import (
    FAR_TIMES,
    HIDDEN_PCT,
    MANY_TIMES,
    MAX_NAME,
    MORE_CALLS_PCT,
    RARE_PCT,
    ROUNDING_PCT,
    SPREAD_PCT,
    UNSEEN_PCT,
)
from apps.traces.work import Part, kind_of_work

ABSENT = UsualPart(0, 0, 0, 0, 0)


class Comparison:
    """Parts against the usual. Everything about presence and rarity is decided here."""

    def __init__(self, usual: Usual):
        self.usual = usual

    def service(self, name: str) -> UsualPart:
        """ABSENT when the service is in few of the usual traces."""
        return self._unless_rare(self.usual.services.get(name), RARE_PCT)

    def part(self, key: PartKey) -> UsualPart:
        return self._unless_rare(self.usual.parts.get(key), RARE_PCT)

    def limit_of_service(self, name: str) -> int:
        """What it contributes at most without being unusual; 0 where it is hardly ever seen."""
        known = self._unless_rare(self.usual.services.get(name), UNSEEN_PCT)
        return limit_ns(known.own_p50_ns, known.own_p95_ns)

    def is_far(self, part: Part) -> bool:
        """Far beyond anything usual of that part."""
        known = self._unless_rare(self.usual.parts.get(part[:3]), UNSEEN_PCT)
        return part.own_ns > FAR_TIMES * known.own_p95_ns

    def is_far_service(self, name: str, own_ns: int) -> bool:
        known = self._unless_rare(self.usual.services.get(name), UNSEEN_PCT)
        return own_ns > FAR_TIMES * known.own_p95_ns

    def _unless_rare(self, part: UsualPart | None, rare_pct: int) -> UsualPart:
        if part is None or part.traces * 100 < self.usual.traces * rare_pct:
            return ABSENT
        return part

    def is_hidden(self, own_ns: int) -> bool:
        """So little is usual that the work usually runs beside something longer."""
        return own_ns * 100 <= self.usual.waited_p50_ns * HIDDEN_PCT


class Case:
    """The service that stands out. `excess_ns`: how much more than usual it contributed."""

    def __init__(self, found: Contributions, parts: Sequence[Part], compared: Comparison, service: str, own_ns: int):
        self.found, self.columns, self.compared = found, found.family.columns, compared
        self.service, self.own_ns = service, own_ns
        self.usual = compared.service(service)
        self.excess_ns = own_ns - self.usual.own_p50_ns
        self.parts = [part for part in parts if part.service == service]

    @cached_property
    def lead(self) -> Part:
        """The part of the service with the largest excess; the first of equals by name."""
        return max(self.parts, key=self.excess_of)

    @property
    def lead_usual(self) -> UsualPart:
        return self.compared.part(self.lead[:3])

    def excess_of(self, part: Part) -> int:
        return part.own_ns - self.compared.part(part[:3]).own_p50_ns

    @cached_property
    def lead_spans(self) -> list[int]:
        """Those of the leading part that were waited for, most time first."""
        lead, columns, found = self.lead, self.columns, self.found
        mine = [
            index
            for index, name in enumerate(columns.name)
            if name == lead.span_name and columns.service[index] == lead.service and found.place[index] != BESIDE
            and kind_of_work(found, index) == lead.kind_of_work
        ]  # fmt: skip
        return sorted(mine, key=lambda index: (-found.own_ns[index], index))

    @cached_property
    def lead_peer(self) -> str:
        """Whom the leading part calls: the service that answered, else the peer its attributes name."""
        return self.peer_of(self.lead_spans[0])

    def peer_of(self, index: int) -> str:
        own = self.columns.service[index]
        for child in self.found.family.children[index]:
            if self.columns.service[child] != own:
                return self.columns.service[child]
        return called(self.columns.call[index])

    @cached_property
    def entries(self) -> list[tuple[int, int, int]]:
        """Where the waited-for trace enters the service: (span, its parent, the call it answers or -1)."""
        return [
            entry
            for entry in self.found.family.calls.entries
            if self.columns.service[entry[0]] == self.service and self.found.place[entry[0]] != BESIDE
        ]

    def usual_parts_of(self, indices: Iterable[int]) -> list[UsualPart]:
        """What is usual of spans of these services, names and kinds of work."""
        columns = self.columns
        keys = {(columns.service[i], columns.name[i], kind_of_work(self.found, i)) for i in indices}
        return [self.compared.part(key) for key in sorted(keys)]


def called(call: Call | None) -> str:
    """Whom a call names; "" for a host that is only an address."""
    return call.peer.name if call is not None and call.peer.name != UNNAMED_HOST else ""


def limit_ns(p50_ns: int, p95_ns: int) -> int:
    """What a duration must exceed to be unusual."""
    return p95_ns + (p95_ns - p50_ns) * SPREAD_PCT // 100 + p95_ns * ROUNDING_PCT // 100


def are_more(calls: int, usual_p95: int) -> bool:
    return calls > usual_p95 and calls * 100 >= usual_p95 * MORE_CALLS_PCT


def count_explains(case: Case, own_ns: int, usual_ns: int, calls: int, usual_calls: int) -> bool:
    """The calls grew more in number than in length."""
    if case.compared.is_hidden(usual_ns):
        return calls >= MANY_TIMES * usual_calls
    return own_ns * usual_calls**2 <= usual_ns * calls**2


def short(name: str) -> str:
    return one_line(name, MAX_NAME)
