"""Faults put into the shop's traces at random places and in random sizes, and whether the verdict finds them.

The truth comes from the injector's ledger (tests/demo/injection.py): the service that spent more than in the same
trace without the fault, how much it spent while somebody waited, and the cause that was put in.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from apps.demo import aftercare, browsing
from apps.demo.chance import SeededIds
from apps.demo.checkout import check_out
from apps.demo.days import buy
from apps.demo.faults import Fault
from apps.demo.shop import Settings, Shop
from apps.demo.telemetry import Telemetry
from apps.traces.column_readers import ColumnReader
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.draft import Draft
from apps.traces.edges import Edges, edges_of
from apps.traces.error_origin import draft_reader
from apps.traces.family import Family
from apps.traces.usual import Usual
from apps.traces.verdict.facts import Verdict
from apps.traces.verdict.failures import failures_of
from apps.traces.verdict.judge import judge
from apps.traces.verdict.waits import QueueWait, waits_in
from apps.traces.verdict.words import also, sentence
from apps.traces.work import Part, by_name
from tests.demo.conftest import START_NS, Collected, CollectedLogs
from tests.demo.injection import Injector, Ledger, Place, delay, error, repeat, retry_storm, routine
from tests.traces.usual_build import UsualSum

MS, S = 1_000_000, 1_000_000_000
TIME_TOLERANCE = 0.05


class Calm:
    """A schedule on which nothing ever goes wrong."""

    def is_active(self, name: str, at_ns: int) -> bool:
        return False


@dataclass
class Made:
    """One trace of the shop."""

    spans: list
    ledger: Ledger
    producers: dict[tuple[int, int], int]
    """(trace id, span id) -> end of every message sent before."""


class Stage:
    """Runs one request, or one message, of a fresh shop with a seed of its own."""

    def __init__(self):
        self._spans: list = []
        self._telemetry = Telemetry(SeededIds("known"), lambda _: (Collected(self._spans), CollectedLogs([])))

    def make(self, flow: str, seed: int, injector: Injector | None = None, lag_ns: int = 0, patch=None) -> Made:
        """`lag_ns`: how much longer than usual the message lies in its queue."""
        shop = Shop(Settings(seed, START_NS + seed * S, START_NS), self._telemetry)
        shop.schedule = Calm()
        self._spans.clear()
        begin, run = FLOWS[flow]
        begin(shop)
        producers = {
            (span.context.trace_id, span.context.span_id): span.end_time
            for span in self._spans
            if span.kind.name == "PRODUCER"
        }
        shop.agenda.postpone(lag_ns)
        self._spans.clear()
        injector = injector or Injector()
        restore = patch(injector) if patch else lambda: None
        try:
            # A request that failed sent no message: what the shop would do with it has nothing to start from.
            with injector.watching(), suppress(UnboundLocalError):
                run(shop)
        finally:
            restore()
        return Made(_first_trace(self._spans), injector.ledger, producers)


def _first_trace(spans: list) -> list:
    first = min((span for span in spans if span.parent is None), key=lambda span: span.start_time)
    return [span for span in spans if span.context.trace_id == first.context.trace_id]


def _order(shop: Shop):
    _, order = check_out(shop, shop.visitor(), shop.next_order_id(), shop.dice.randrange(9, 18))
    return order


def _visit(request: Callable) -> tuple[Callable, Callable]:
    return (lambda shop: None), (lambda shop: request(shop, shop.visitor()))


def _with_order(run: Callable) -> tuple[Callable, Callable]:
    def begin(shop: Shop) -> None:
        shop.known_order = None
        while shop.known_order is None:
            shop.known_order = _order(shop)

    return begin, lambda shop: run(shop, shop.known_order)


def _message(begin: Callable, index: int) -> tuple[Callable, Callable]:
    """The index-th of the processes that wait for a message, in the order they were started."""

    def start(shop: Shop) -> None:
        begin(shop)
        shop.agenda._heap[:] = [sorted(shop.agenda._heap, key=lambda entry: entry[1])[index]]

    return start, lambda shop: shop.agenda.run_next()


def _buy(shop: Shop) -> None:
    while not len(shop.agenda):
        buy(shop, shop.visitor(), shop.next_order_id(), shop.dice.randrange(9, 18))


def _scan(shop: Shop) -> None:
    order = None
    while order is None:
        order = _order(shop)
    aftercare._webhook(shop, order, "parcel.scanned")


def _check_out(shop: Shop, visitor) -> None:
    check_out(shop, visitor, shop.next_order_id(), shop.dice.randrange(9, 18))


FLOWS: dict[str, tuple[Callable, Callable]] = {
    "home": _visit(browsing.home),
    "search": _visit(browsing.search),
    "product": _visit(browsing.product),
    "account": _visit(browsing.account),
    "add to cart": _visit(browsing.add_to_cart),
    "view cart": _visit(browsing.view_cart),
    "check out": _visit(_check_out),
    "picked": _with_order(aftercare._picked),
    "label": _with_order(lambda shop, order: aftercare._label(shop, order)),
    "webhook": _with_order(lambda shop, order: aftercare._webhook(shop, order, "parcel.scanned")),
    "refund": _with_order(aftercare.refund),
    "fulfil": _message(_buy, 0),
    "notify": _message(_buy, 1),
    "notify scanned": _message(_scan, 0),
    "update order": _message(_scan, 1),
}
"""What to do first, unwatched, and then the one request or message."""
MESSAGES = ("fulfil", "notify", "notify scanned", "update order")

_reader = ColumnReader()


@dataclass
class Seen:
    """A trace as digest has it."""

    draft: Draft
    found: Contributions
    parts: list[Part]
    edges: Edges
    waits: list[QueueWait]

    @property
    def root(self) -> tuple[str, str]:
        columns, main = self.found.family.columns, self.found.family.main
        return columns.service[main], columns.name[main]


def see(made: Made, without: str = "") -> Seen:
    """`without`: a service whose spans are never sent."""
    spans = [span for span in made.spans if span.resource.attributes["service.name"] != without]
    draft = Draft(made.spans[0].context.trace_id.to_bytes(16, "big"))
    draft.add_document(encode_spans(spans).SerializeToString())
    family = Family(_reader.read(draft))
    found, edges = contributions_of(family), edges_of(family)
    return Seen(draft, found, by_name(found), edges, [*waits_in(edges.edges), *_across(edges, family, made)])


def _across(edges: Edges, family: Family, made: Made) -> Iterable[QueueWait]:
    """Messages whose producers are in other traces, as the rollups pair them by link."""
    queues = {e.callee.name: e.caller.name for e in edges.edges if e.caller.kind == "queue"}
    for half in edges.halves:
        sent = made.producers.get((int.from_bytes(half.trace_id), int.from_bytes(half.span_id)))
        if sent is not None and half.callee.name in queues:
            yield QueueWait(half.callee.name, queues[half.callee.name], half.start_ns - sent)


def healthy(stage: Stage, each: int, first_seed: int) -> dict[str, list[Seen]]:
    return {flow: [see(stage.make(flow, first_seed + n)) for n in range(each)] for flow in FLOWS}


def usual_by_root(traces: Iterable[Seen]) -> dict[tuple[str, str], Usual]:
    sums: dict[tuple[str, str], UsualSum] = defaultdict(UsualSum)
    for seen in traces:
        sums[seen.root].add(seen.found, seen.parts, seen.waits)
    return {root: sum_.usual() for root, sum_ in sums.items()}


def verdict_of(seen: Seen, usual: dict[tuple[str, str], Usual]) -> Verdict:
    failures = failures_of(seen.found, draft_reader(seen.draft))
    return judge(seen.found, seen.parts, usual[seen.root], failures, seen.waits)


# -- cases


@dataclass
class Case:
    fault: str
    flow: str
    what: str
    """Where it was put, for people."""
    cause: str
    service: str
    time_ns: int | None
    """What the service contributes, or how long the message lies; None where time says nothing."""
    named: str
    """A word besides that has to stand in the sentence."""
    seen: Seen


@dataclass
class Result:
    case: Case
    verdict: Verdict

    @property
    def is_right(self) -> bool:
        """The cause, and the service by its field; one that sends no spans by the sentence."""
        main, case = self.verdict.main, self.case
        return main.cause == case.cause and main.service in ("", case.service) and case.named in sentence(self.verdict)

    @property
    def is_time_right(self) -> bool:
        """Within 5 %."""
        wanted = self.case.time_ns
        return wanted is None or abs(self.verdict.main.added_ns - wanted) <= TIME_TOLERANCE * wanted


CAUSES_OF_PLACES = {
    "db": "slower_call", "cache": "slower_call", "external": "slower_call", "queue": "slower_call",
    "network": "slow_network", "code": "slower_code", "own": "not_broken_down",
}  # fmt: skip
LEAVES = ("db", "cache", "external")
ROUTINES = {
    "verify_session": (("browsing", "checkout", "aftercare"), ("home", "search", "product", "account", "check out")),
    "quote": (("browsing", "checkout"), ("view cart", "check out")),
}


class Bench:
    """Makes cases; the same seed makes the same ones."""

    def __init__(self, seed: int):
        self.stage, self.dice, self.seed = Stage(), random.Random(seed), seed * 1_000_000

    def cases(self, counts: dict[str, int]) -> Iterable[Case]:
        for fault, count in counts.items():
            made = 0
            while made < count:
                case = getattr(self, "_" + fault)()
                if case is not None:
                    made += 1
                    yield case

    def _twin(self, flows: Iterable[str] = FLOWS) -> tuple[str, int, Made]:
        """A trace without a fault; the same seed gives it again."""
        self.seed += 1
        flow = self.dice.choice(sorted(flows))
        return flow, self.seed, self.stage.make(flow, self.seed)

    def _place(self, made: Made, whats: Iterable[str], after_first: bool = False) -> Place | None:
        found = [
            place
            for place in made.ledger.places
            if place.what in whats and not (after_first and place.what == "own" and place.is_first)
        ]
        return self.dice.choice(found) if found else None

    def _size_ns(self, low_ms: float = 150, high_ms: float = 5000) -> int:
        return int(math.exp(self.dice.uniform(math.log(low_ms), math.log(high_ms))) * MS)

    def _case(self, fault: str, flow: str, what: str, cause: str, twin: Made, made: Made, **more) -> Case:
        """The service is the one that spent most of the time the fault added."""
        added = made.ledger.spent_ns.copy()
        added.subtract(twin.ledger.spent_ns)
        service = max(added, key=lambda name: (added[name], name))
        known = {"service": service, "time_ns": made.ledger.spent_ns[service], "named": "", "seen": see(made)}
        return Case(fault, flow, what, cause, **(known | more))

    def _delay(self) -> Case | None:
        flow, seed, twin = self._twin()
        kinds = sorted({place.what for place in twin.ledger.places} - {"own"})
        place = self._place(twin, (self.dice.choice(kinds),)) if kinds else None
        if place is None:
            return None
        extra = self._size_ns()
        made = self.stage.make(flow, seed, Injector(place.number, delay(extra)))
        what = f"{place.what} {place.service} {place.span} +{extra // MS} ms"
        return self._case("delay", flow, what, CAUSES_OF_PLACES[place.what], twin, made)

    def _n_plus_one(self) -> Case | None:
        if self.dice.random() < 0.25:
            return self._routine()
        flow, seed, twin = self._twin()
        place = self._place(twin, LEAVES)
        if place is None:
            return None
        times = max(2, self._size_ns(100, 3000) // max(place.spent_ns, 1))
        made = self.stage.make(flow, seed, Injector(place.number, repeat(times, self.dice)))
        return self._case("n_plus_one", flow, f"{place.service} {place.span} × {times + 1}", "more_calls", twin, made)

    def _routine(self) -> Case | None:
        name = self.dice.choice(sorted(ROUTINES))
        modules, flows = ROUTINES[name]
        flow, seed, twin = self._twin(flows)
        times = max(2, self._size_ns(150, 1500) // (10 * MS))
        made = self.stage.make(flow, seed, patch=routine(modules, name, times))
        return self._case("n_plus_one", flow, f"{name} × {times + 1}", "more_calls", twin, made)

    def _retry_storm(self) -> Case | None:
        flow, seed, twin = self._twin()
        place = self._place(twin, LEAVES)
        if place is None:
            return None
        tries, lost = self.dice.randrange(2, 7), self._size_ns()
        share = self.dice.uniform(0.2, 0.8)
        failure = Fault("ConnectionError", f"no answer from {self.dice.randrange(10**6)}", "", status=503)
        storm = retry_storm(tries, int(lost * share / tries), int(lost * (1 - share) / tries), failure)
        made = self.stage.make(flow, seed, Injector(place.number, storm))
        what = f"{place.service} {place.span} failed {tries} times, {lost // MS} ms"
        return self._case("retry_storm", flow, what, "retries", twin, made)

    def _error(self) -> Case | None:
        flow, seed, twin = self._twin()
        place = self._place(twin, ("db", "cache", "code", "own"), after_first=True)
        if place is None:
            return None
        word = self.dice.choice(("disk full", "no such column", "connection reset by peer", "value out of range"))
        failure = Fault(f"shop.{self.dice.choice(('Store', 'State', 'Value'))}Error", word, "", answers=500)
        made = self.stage.make(flow, seed, Injector(place.number, error(failure)))
        what = f"{place.what} {place.service} {place.span}: {word}"
        return self._case("error", flow, what, "error", twin, made, service=place.service, time_ns=None, named=word)

    def _queue_backlog(self) -> Case | None:
        flow, seed, _ = self._twin(MESSAGES)
        lag = self._size_ns(20_000, 600_000)
        made = self.stage.make(flow, seed, lag_ns=lag)
        seen = see(made)
        [lay] = [wait.lay_ns for wait in seen.waits]
        service = made.spans[-1].resource.attributes["service.name"]
        what = f"{service} +{lag // S} s"
        return Case("queue_backlog", flow, what, "queue_wait", service, lay, "", seen)

    def _missing_instrumentation(self) -> Case | None:
        if self.dice.random() < 0.3:
            return self._mute_service()
        flow, seed, twin = self._twin()
        place = self._place(twin, ("own",))
        if place is None:
            return None
        extra = self._size_ns()
        made = self.stage.make(flow, seed, Injector(place.number, delay(extra)))
        what = f"{place.service} {place.span} +{extra // MS} ms in no span"
        return self._case("missing_instrumentation", flow, what, "not_broken_down", twin, made)

    def _mute_service(self) -> Case | None:
        """A service is slow and sends no spans at all; whoever called it waited. The time is not the ledger's to
        tell: what of it is the mute service's is what cannot be seen."""
        flow, seed, twin = self._twin()
        callers = {
            span.resource.attributes["service.name"]: None
            for span in twin.spans
            if span.kind.name == "SERVER" and span.parent is not None
        }
        place = self._place(twin, ("own",))
        if place is None or place.service not in callers:
            return None
        extra = self._size_ns()
        made = self.stage.make(flow, seed, Injector(place.number, delay(extra)))
        what = f"{place.service} sends no spans, +{extra // MS} ms"
        return Case(
            "missing_instrumentation", flow, what, "missing_spans", _caller_of(made, place.service), None,
            place.service, see(made, without=place.service),
        )  # fmt: skip


def _caller_of(made: Made, service: str) -> str:
    """Whose CLIENT span the service answered, longest wait first."""
    by_id = {span.context.span_id: span for span in made.spans}
    entries = [
        span
        for span in made.spans
        if span.resource.attributes["service.name"] == service and span.kind.name == "SERVER" and span.parent
    ]
    longest = max(entries, key=lambda span: span.end_time - span.start_time)
    return by_id[longest.parent.span_id].resource.attributes["service.name"]


COUNTS = {
    "delay": 50, "n_plus_one": 40, "retry_storm": 35, "error": 35, "queue_backlog": 20, "missing_instrumentation": 20,
}  # fmt: skip
"""200 cases."""


def confusion(results: Iterable[Result]) -> dict[str, Counter]:
    """Wanted cause -> causes told."""
    table: dict[str, Counter] = defaultdict(Counter)
    for result in results:
        table[result.case.cause][result.verdict.main.cause] += 1
    return dict(table)


def told(result: Result) -> str:
    return " ".join((sentence(result.verdict), *(text for text, _ in also(result.verdict)))).replace("\u00a0", " ")
