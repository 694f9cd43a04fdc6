"""An incident in the store: a checkout whose payment asks the bank once, and from some minute on once a line."""

from __future__ import annotations

import random
import time

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.store.shop import now_shifted, trace_id_of
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, key_values, traces_data

MINUTE_NS = 60 * 10**9
BANK = {"server.address": "api.bank.example", "peer.service": "bank-api", "http.request.method": "POST"}
DATABASE = {"db.system.name": "postgresql", "db.namespace": "orders"}


def checkout(number: int, start_ns: int, dice: random.Random, *, calls: int = 1, version: str = "4.11.3",
             fails: bool = False, name: str = "POST /checkout", refused: str = "",
             pause_ms: float = 0, recovers: bool = False, answers: int = 0) -> TracesData:  # fmt: skip
    """gateway → payment → bank-api (`calls` times one after the other) and its database; some 260 ms with one call.
    `refused`: what bank-api answered (`429 Too Many Requests`) instead of that it went well, all times, or with
    `recovers` but the last; `pause_ms`: how long payment sleeps before it tries again; `answers`: the status with which
    the gateway answers."""
    bank_ms = [dice.lognormvariate(0, 0.1) * 120 for _ in range(calls)]
    lines = dice.randrange(5, 15) if calls > 1 else dice.randrange(1, 9)
    split = "per_line" if calls > 1 else "none"
    status = {"http.response.status_code": answers} if answers else {}
    own = {"payment.method": dice.choice(("card", "invoice")), "user.id": f"u_{number}", "payment.split": split}
    specs = [
        SpanSpec("gateway", name, None, 0, 0, {"cart.lines": lines} | status, "SERVER"),
        SpanSpec("gateway", "POST", 0, 20 * dice.lognormvariate(0, 0.2), 0, {"server.address": "payment"}, "CLIENT"),
        SpanSpec("payment", "POST /charges", 1, 0, 0, own, "SERVER"),
    ]
    at = specs[1].start_ms + 2
    specs[2].start_ms = at
    at += 15
    for ms in bank_ms:
        specs.append(SpanSpec("payment", "POST /v2/authorisations", 2, at, ms, BANK, "CLIENT"))
        at += ms + 1 + pause_ms
    if refused:
        text = f"Client error '{refused}' for url 'https://api.bank.example/{number}'"
        said = {"exception.type": "httpx.HTTPStatusError", "exception.message": text}
        for spec in specs[3 : -1 if recovers else None]:
            spec.attributes = BANK | {"http.response.status_code": int(refused[:3])}
            spec.status, spec.message, spec.events = "ERROR", text, ((spec.start_ms, "exception", said),)
    insert = SpanSpec("payment", "INSERT charge", 2, at, 8, DATABASE, "CLIENT")
    if fails:
        said = {"exception.type": "DuplicateKey", "exception.message": f"duplicate key {number}"}
        insert.status, insert.message, insert.events = (
            "ERROR",
            f"duplicate key {number}",
            ((at + 4, "exception", said),),
        )
    specs.append(insert)
    specs[2].duration_ms = at + 12 - specs[2].start_ms
    specs[1].duration_ms = at + 14 - specs[1].start_ms
    specs[0].duration_ms = at + 40
    for spec in specs[:3] if fails or (refused and not recovers) else ():
        spec.status = "ERROR"
    data = now_shifted(traces_data(specs, trace_id=trace_id_of(number), by_service=True), start_ns)
    for group in data.resource_spans:
        if any(pair.value.string_value == "payment" for pair in group.resource.attributes):
            group.resource.attributes.extend(key_values({"service.version": version}))
    return data


def stretch(data: TracesData, name: str, by_ns: int) -> None:
    """The named span takes so much longer, and all spans that end later end so much later."""
    spans = [span for group in data.resource_spans for scope in group.scope_spans for span in scope.spans]
    (slow,) = [span for span in spans if span.name == name]
    ends = slow.end_time_unix_nano
    for span in spans:
        if span.end_time_unix_nano >= ends:
            span.end_time_unix_nano += by_ns
            if span.start_time_unix_nano >= ends:
                span.start_time_unix_nano += by_ns


LEFT_NS = 5 * 10**9


def last_minute_ns() -> int:
    """The start of the last whole minute: what is stored ends there. Waits for the next one when this is nearly over,
    for what is asked afterwards has to mean the same minute."""
    left_ns = MINUTE_NS - time.time_ns() % MINUTE_NS
    if left_ns < LEFT_NS:
        time.sleep(left_ns / 1e9)
    return time.time_ns() // MINUTE_NS * MINUTE_NS - MINUTE_NS


def store_incident(*, minutes: int = 60, slow_minutes: int = 20, a_minute: int = 3, seed: int = 1, **slow) -> int:
    """`minutes` of checkouts up to the last minute, of which the last `slow_minutes` are as `slow` says (13 calls and
    version 4.12.0 when it says nothing). Returns the start of the slow ones in ns."""
    dice, end = random.Random(seed), last_minute_ns()
    slow = slow or {"calls": 13, "version": "4.12.0"}
    began = end - slow_minutes * MINUTE_NS
    documents = []
    for minute in range(minutes):
        for n in range(a_minute):
            start = end - (minutes - minute) * MINUTE_NS + n * MINUTE_NS // a_minute
            kind = slow if start >= began else {}
            documents.append(checkout(seed * 100_000 + minute * 100 + n, start, dice, **kind))
    store(documents)
    return began


def store(documents: list[TracesData]) -> None:
    """Fifty traces a batch, as a collector sends them: as a batch each they take a third more CPU."""
    for at in range(0, len(documents), 50):
        groups = [group for document in documents[at : at + 50] for group in document.resource_spans]
        send(TracesData(resource_spans=groups))
    digest_all(later_s=120)
