"""How long messages lay in queues before the services of a trace took them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from apps.traces.edges import MESSAGING, Edge
from apps.traces.usual import Usual, UsualPart
from apps.traces.verdict.case import short
from apps.traces.verdict.facts import QUEUE_WAIT, Finding
from apps.traces.verdict.limits import LEAST_QUEUE_WAIT_NS, QUEUE_LONG_TIMES, QUEUE_WAIT_TIMES

QUEUE_WORK = "queue_wait"
"""The kind of work under which rollups keep it, with the queue for a span name."""


class QueueWait(NamedTuple):
    service: str
    queue: str
    lay_ns: int


def waits_in(edges: Iterable[Edge]) -> list[QueueWait]:
    """Of messages whose producer and consumer are both in the trace."""
    return [
        QueueWait(edge.callee.name, edge.caller.name, edge.duration_ns)
        for edge in edges
        if edge.kind == MESSAGING and edge.caller.kind == "queue" and edge.duration_ns >= LEAST_QUEUE_WAIT_NS
    ]


def queue_wait(waits: Iterable[QueueWait], usual: Usual) -> Finding | None:
    """The message that lay longest beyond what is usual; None when all lay as long as they do."""
    return _worst(waits, usual, lambda known: QUEUE_WAIT_TIMES * known.own_p95_ns)


def long_wait(waits: Iterable[QueueWait], usual: Usual) -> Finding | None:
    """The same of one that lay long, as others do."""
    return _worst(waits, usual, lambda known: QUEUE_LONG_TIMES * known.own_p50_ns)


def _worst(waits: Iterable[QueueWait], usual: Usual, limit_ns: Callable[[UsualPart], int]) -> Finding | None:
    worst = None
    for wait in waits:
        known = usual.parts.get((wait.service, wait.queue, QUEUE_WORK))
        if known is None or wait.lay_ns < max(LEAST_QUEUE_WAIT_NS, limit_ns(known)):
            continue
        if worst is None or wait.lay_ns - known.own_p50_ns > worst.added_ns - worst.usual_ns:
            worst = Finding(
                QUEUE_WAIT, short(wait.service), short(wait.queue), QUEUE_WORK, short(wait.queue),
                added_ns=wait.lay_ns, usual_ns=known.own_p50_ns,
            )  # fmt: skip
    return worst
