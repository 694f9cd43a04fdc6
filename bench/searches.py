"""How long the questions take that people ask, at the server, while spans go on arriving."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.workload import NAMES, SERVICES, USERS

DAY_NS = 86_400 * 10**9


@dataclass(slots=True)
class Timing:
    kind: str
    count: int
    rows: float
    """Traces found, on average."""
    p50_ms: float
    p95_ms: float
    max_ms: float


def timings(rows: Callable[[str], list[tuple]], repeat: int, seed: int = 1) -> list[Timing]:
    """Each kind of question `repeat` times with values of its own. They are asked in this process, whose cycle
    collector is set as the web's is from here on."""
    import tracer_ui.wsgi  # noqa: F401

    return [_time(kind, ask, repeat) for kind, ask in _questions(rows, random.Random(seed))]


KIND_SECONDS, KIND_LEAST = 15.0, 5
"""A slow kind of question is not asked `repeat` times, but until so long has passed and at least so often."""


def _time(kind: str, ask: Callable[[], int], repeat: int) -> Timing:
    taken, found, until = [], 0, time.monotonic() + KIND_SECONDS
    while len(taken) < repeat and (len(taken) < KIND_LEAST or time.monotonic() < until):
        began = time.perf_counter()
        found += ask()
        taken.append((time.perf_counter() - began) * 1000)
        time.sleep(0.02)
    taken.sort()
    count = len(taken)
    return Timing(kind, count, round(found / count, 1), round(taken[count // 2], 1),
                  round(taken[int(count * 0.95)], 1), round(taken[-1], 1))  # fmt: skip


def _questions(rows, pick: random.Random) -> Iterator[tuple[str, Callable[[], int]]]:
    from apps.store.queries import load_trace
    from apps.store.search import search
    from apps.traces.query import SpanPredicate, TraceQuery

    def find(**conditions) -> int:
        now = time.time_ns()
        own = {k: conditions.pop(k) for k in list(conditions) if "_trace_" in k}
        query = TraceQuery(now - 7 * DAY_NS, now + DAY_NS, SpanPredicate(**conditions), **own)
        return len(search(1, query).rows)

    def one(key: str, value: str) -> dict:
        return {"attributes": ((key, value),)}

    ids = [i.hex for (i,) in rows("SELECT trace_id FROM trace TABLESAMPLE system (1) WHERE part = 0 LIMIT 2000")]
    # Order numbers are stamped by round, so that those of traces that exist have to be looked up.
    orders = [_order_of(load_trace(1, i)) for i in pick.sample(ids, min(120, len(ids)))]

    def service_and_name() -> dict:
        service = pick.choice(SERVICES)
        return {"service": service, "name": pick.choice(NAMES[service])}

    yield "trace by id", lambda: len(load_trace(1, pick.choice(ids)).trace) > 0
    yield "trace by id, absent", lambda: load_trace(1, f"{pick.getrandbits(128):032x}") is not None
    yield "business key, order.id", lambda: find(**one("order.id", pick.choice(orders)))
    yield "business key, user.id", lambda: find(**one("user.id", f"u_{pick.randrange(USERS)}"))
    yield "bare value, an order under any key", lambda: find(values=(pick.choice(orders),))
    yield "bare value, absent", lambda: find(values=(f"none-{pick.randrange(10**9)}",))
    yield "attribute, common", lambda: find(**one("http.request.method", "POST"))
    yield "attribute, rare (2 % of traces)", lambda: find(**one("exception.type", "HTTPError"))
    yield "attribute, absent", lambda: find(**one("order.id", f"x{pick.randrange(10**9)}"))
    yield "service + span name", lambda: find(**service_and_name())
    yield "service + span name + common duration", lambda: find(**service_and_name(), min_duration_ns=5_000_000)
    yield "service + span name + rare duration", lambda: find(**service_and_name(), min_duration_ns=120_000_000)
    yield "service + span name + absent duration", lambda: find(**service_and_name(), min_duration_ns=10**10)
    yield "errors of a service", lambda: find(service=pick.choice(SERVICES), status="ERROR")
    yield (
        "attributes on one span that never meet",
        lambda: find(service="gateway", attributes=(("db.system.name", "postgresql"), ("http.request.method", "POST"))),
    )
    yield "newest", lambda: find()
    yield "trace duration, rare", lambda: find(min_trace_duration_ns=300_000_000)
    yield "trace duration, absent", lambda: find(min_trace_duration_ns=10**11)


def _order_of(stored) -> str:
    return next(str(s.get("order.id")) for s in stored.trace if s.get("order.id") is not None)
