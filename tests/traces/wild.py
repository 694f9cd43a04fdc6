"""Wild traces as rows of columns: everything that broken senders, clocks and networks do to a trace, with a seed."""

import random

from apps.traces.columns import Columns, Row
from apps.traces.peers import Call, Node

TRACE_ID = bytes.fromhex("7f3a1c0d9be24e5f8a6b52d1c4e90377")
DATABASE = Call("database", Node("database", "postgresql · shop"), "")
QUEUE = Call("queue", Node("queue", "kafka:orders"), "send")
EXTERNAL = Call("external", Node("external", "bank-api"), "")
VERSIONS = ("", "1.4.2")


def span_id(number: int) -> bytes:
    return (number + 1).to_bytes(8, "big")


def wild_rows(pick: random.Random, spans: int, *, span_ns: int = 1000, services: int = 3) -> list[Row]:
    """`spans` rows on a grid of `span_ns`; a third of all traces is tame, in the others anything goes."""
    is_tame, rows = pick.random() < 0.33, []
    for number in range(spans):
        start = pick.randrange(1, span_ns)
        end = start + int(pick.random() ** 3 * span_ns)
        own_id, parent_id = span_id(number), span_id(pick.randrange(number)) if number else b""
        if not number:
            start, end = 1, span_ns
        if not is_tame and (number or pick.random() < 0.15):
            start, end, own_id, parent_id = _spoil(pick, start, end, own_id, parent_id, spans)
        kind = pick.randrange(6)
        call = pick.choice((None, DATABASE, EXTERNAL, QUEUE)) if kind in (1, 5) else EXTERNAL
        if kind in (0, 2):
            call = None
        elif kind in (3, 4):
            call = pick.choice((DATABASE, EXTERNAL, QUEUE))
        elif call is not None:
            call = DATABASE if kind == 1 else QUEUE
        links = ((TRACE_ID, span_id(pick.randrange(spans))),) if pick.random() < 0.1 else ()
        rows.append((
            start, -end, own_id, f"service-{pick.randrange(services)}", f"span-{pick.randrange(4)}", kind, parent_id,
            number, pick.random() < 0.1, call, pick.choice(("", "ot=th:c")), links, VERSIONS[number % 2],
        ))  # fmt: skip
    return rows


def _spoil(pick: random.Random, start: int, end: int, own_id: bytes, parent_id: bytes, spans: int):
    """One thing that goes wrong with a span, or none."""
    fault = pick.randrange(14)
    if fault == 0:
        parent_id = b""
    elif fault == 1:
        parent_id = b"lost" + bytes(4)
    elif fault == 2:
        own_id = span_id(pick.randrange(spans))
    elif fault == 3:
        parent_id = span_id(pick.randrange(spans))
    elif fault == 4:
        start, end = 0, end
    elif fault == 5:
        end = start - 1
    elif fault == 6:
        end = start
    elif fault == 7:
        end = 1 << 64
    elif fault == 8:
        skew = pick.choice((-1, 1)) * pick.randrange(1, 5000)
        start, end = max(1, start + skew), max(1, end + skew)
    return start, end, own_id, parent_id


def wild(seed: int, spans: int | None = None, **shape) -> Columns:
    pick = random.Random(seed)
    return Columns(TRACE_ID, wild_rows(pick, spans if spans is not None else pick.randrange(1, 40), **shape))
