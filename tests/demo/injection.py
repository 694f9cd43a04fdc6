"""One fault at a time in one trace of the demo shop, and what is true of it: known from the injection alone.

The shop runs on virtual time: whatever a service does is a `Work.spend`. The injector sees every one of them, keeps a
ledger of who spent how much while somebody waited (of steps at once the slowest counts), and changes one: longer,
repeated, failing and tried again, failing for good, or without a span. Nothing here looks at what the product finds.
"""

from __future__ import annotations

import importlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.trace import NonRecordingSpan, set_span_in_context

from apps.demo.faults import Fault
from apps.demo.work import NO_PARENT, Work


@dataclass(frozen=True)
class Place:
    """A call of `spend`, by its number in the trace."""

    number: int
    service: str
    span: str
    what: str
    """`db`, `cache`, `external`, `network`, `queue`, `code` (a step somebody instrumented), or `own` (a request's)."""
    spent_ns: int
    is_first: bool
    """In its span: what a server does before the request is its own. A fault there would be the framework's."""


@dataclass
class Ledger:
    places: list[Place] = field(default_factory=list)
    spent_ns: Counter = field(default_factory=Counter)
    """By service, while somebody waited."""


class Injector:
    """Watches one trace; `fault` is called where its place is."""

    def __init__(self, at: int = -1, fault: Callable | None = None):
        self.at, self.fault = at, fault
        self.ledger = Ledger()
        self._number = 0
        self._what: dict[int, str] = {}
        self._making = ""
        self._keep: list[Work] = []
        self._begun: set[int] = set()
        self._spend = Work.spend

    def spend(self, work: Work, median_ms: float, sigma: float = 0.25) -> None:
        number, self._number = self._number, self._number + 1
        if number == self.at:
            self.at = -1
            self.fault(self, work, lambda: self._really(work, number, median_ms, sigma))
        else:
            self._really(work, number, median_ms, sigma)

    def _really(self, work: Work, number: int, median_ms: float, sigma: float) -> None:
        before = work.now_ns
        self._spend(work, median_ms, sigma)
        service = work.instance.service.name
        is_first, spent = id(work) not in self._begun, work.now_ns - before
        self._begun.add(id(work))
        place = Place(number, service, work.span.name, self._what.get(id(work), "own"), spent, is_first)
        self.ledger.places.append(place)
        self.ledger.spent_ns[service] += work.now_ns - before

    def wait(self, work: Work, ns: int) -> None:
        """Time that passes in the work's span."""
        work.now_ns += ns
        self.ledger.spent_ns[work.instance.service.name] += ns

    @contextmanager
    def watching(self) -> Iterator[Injector]:
        plain = {name: getattr(Work, name) for name in ("spend", "child", "external", "parallel", "begin")}
        injector = self

        def spend(work, median_ms, sigma=0.25):
            injector.spend(work, median_ms, sigma)

        def child(work, kind, *args, **kwargs):
            injector._making = injector._making or {"client": "network", "rpc": "network"}.get(kind, kind)
            return plain["child"](work, kind, *args, **kwargs)

        def external(work, *args, **kwargs):
            return _named(plain["external"](work, *args, **kwargs), "external")

        def begin(work, *args, **kwargs):
            made = plain["begin"](work, *args, **kwargs)
            injector._what[id(work)] = injector._making or "own"
            injector._keep.append(work)
            injector._making = ""
            return made

        @contextmanager
        def _named(manager, what):
            injector._making = what
            with manager as client:
                yield client

        def parallel(work, *steps):
            injector._parallel(work, steps)

        changed = {"spend": spend, "child": child, "external": external, "parallel": parallel, "begin": begin}
        try:
            for name, function in changed.items():
                setattr(Work, name, function)
            yield self
        finally:
            for name, function in plain.items():
                setattr(Work, name, function)

    def _parallel(self, work: Work, steps) -> None:
        """As `Work.parallel`; the ledger keeps what the slowest step spent."""
        start_ns, spent = work.now_ns, self.ledger.spent_ns
        slowest: tuple[int, Counter] = (start_ns, Counter())
        try:
            for step in steps:
                work.now_ns, self.ledger.spent_ns = start_ns, Counter()
                step(work)
                if work.now_ns > slowest[0]:
                    slowest = work.now_ns, self.ledger.spent_ns
            work.now_ns = slowest[0]
            self.ledger.spent_ns = slowest[1]
        finally:
            spent.update(self.ledger.spent_ns)
            self.ledger.spent_ns = spent


# -- faults: each is called instead of the spend at its place


def delay(extra_ns: int):
    """What the span does takes longer."""

    def fault(injector: Injector, work: Work, spend) -> None:
        spend()
        injector.wait(work, extra_ns)

    return fault


def repeat(times: int, dice: random.Random):
    """The span is made again and again, one after the other, each about as long as the first."""

    def fault(injector: Injector, work: Work, spend) -> None:
        before = work.now_ns
        spend()
        each_ns = work.now_ns - before
        parent = _parents(work)
        for _ in range(times):
            work.span.end(work.now_ns + work.skew_ns)
            _again(work, parent)
            injector.wait(work, int(each_ns * dice.uniform(0.8, 1.25)))

    return fault


def retry_storm(tries: int, each_ns: int, pause_ns: int, failure: Fault):
    """The call fails some times, and is made again after a pause, until it goes through."""

    def fault(injector: Injector, work: Work, spend) -> None:
        parent = _parents(work)
        for _ in range(tries):
            injector.wait(work, each_ns)
            failure.is_recorded = False
            work.fail(failure)
            work.span.end(work.now_ns + work.skew_ns)
            injector.wait(work, pause_ns)
            _again(work, parent)
        work.is_failed = False
        spend()

    return fault


def error(failure: Fault):
    def fault(injector: Injector, work: Work, spend) -> None:
        spend()
        raise failure

    return fault


def routine(module_names: tuple[str, ...], name: str, times: int) -> Callable:
    """Patches a function of the shop that calls another service, so that it is run again and again; gives it back."""

    def patch(injector: Injector):
        modules = [importlib.import_module(f"apps.demo.{module}") for module in module_names]
        plain = getattr(modules[0], name)

        def again(*args, **kwargs):
            for _ in range(times + 1):
                plain(*args, **kwargs)

        for module in modules:
            setattr(module, name, again)

        def restore() -> None:
            for module in modules:
                setattr(module, name, plain)

        return restore

    return patch


def _parents(work: Work):
    return set_span_in_context(NonRecordingSpan(work.span.parent), NO_PARENT)


def _again(work: Work, parent) -> None:
    """Another span like the one that has just ended, begun now."""
    old = work.span
    attributes = {k: v for k, v in old.attributes.items() if not k.startswith(("error", "exception"))}
    tracer = work.instance._provider.get_tracer(old.instrumentation_scope.name, old.instrumentation_scope.version)
    work.span = tracer.start_span(old.name, parent, old.kind, attributes, old.links, work.now_ns + work.skew_ns)
