"""Who called whom in a trace: service edges for the map (rules: docs/contributions.md, "Edges").

A trace arrives in parts. Edges are always derived from all spans stored so far; what was derived before is taken back
from the rollups, what is derived now is added (ADR 5): an edge is counted when its second end arrives, and what stood
in for it (a call to somebody external, for instance) is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from apps.traces.family import Family
from apps.traces.kinship import LOST, NONE
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER, UNKNOWN_QUEUE, USER, Node, service_node
from apps.traces.sampling import weight_of

CALL, MESSAGING, DATABASE, EXTERNAL = ("call", "messaging", "database", "external")
_KINDS_BY_WORK = {"database": DATABASE, "cache": DATABASE, "queue": MESSAGING, "external": EXTERNAL}
_TAKES = ("receive", "poll")
MOST_LINKS = 100
"""Of a batch of messages taken at once, so many are looked up."""
_NO_MESSAGE = ("settle", "ack", "nack", "create", "commit")


class Edge(NamedTuple):
    """One call. Equal edges are calls that no rollup tells apart."""

    caller: Node
    callee: Node
    kind: str
    is_error: bool
    """On either side."""
    start_ns: int
    """When it began, for the time bucket: the caller's start, else the callee's. 0 when neither is usable."""
    duration_ns: int
    """As the caller saw it. From a queue: how long the message lay there. -1 when unknown."""
    weight: int
    """Thousandths of a call (`apps.traces.sampling`)."""


class Half(NamedTuple):
    """An end whose other end is not in the trace (yet): a span entered a service, its caller is missing."""

    callee: Node
    kind: str
    trace_id: bytes
    span_id: bytes
    """Of the missing caller: the lost parent, or what a link points to."""
    start_ns: int


class Taken(NamedTuple):
    """A message taken from a queue, put there in another trace, as a link says. Its edge is counted without a
    duration: how long it lay is known when both traces are."""

    queue: Node
    callee: Node
    span_id: bytes
    trace_id: bytes
    """Of the span that put it there, with its id."""
    put_by: bytes
    start_ns: int
    weight: int


class Put(NamedTuple):
    """A span that put a message into a queue which nobody in its trace took."""

    span_id: bytes
    end_ns: int


@dataclass(frozen=True, slots=True)
class Edges:
    edges: list[Edge]
    halves: list[Half]
    taken: list[Taken]
    puts: list[Put]


def edges_of(family: Family) -> Edges:
    """All edges of a trace, in no promised order; 1 to 2 µs a span."""
    finder = _Finder(family)
    found = [*finder.found()]
    return Edges(found, [*_halves(family)], finder.taken, finder.puts())


def difference(after: Iterable[Edge], before: Iterable[Edge]) -> tuple[Counter[Edge], Counter[Edge]]:
    """(to add, to take back) so that what was counted for `before` becomes what `after` counts."""
    new, old = Counter(after), Counter(before)
    return new - old, old - new


class _Finder:
    def __init__(self, family: Family):
        self.family, self.columns, self.calls = family, family.columns, family.calls
        self.taken: list[Taken] = []
        self._emptied: set[int] = set()
        """Spans whose messages were taken within the trace."""

    def found(self) -> Iterator[Edge]:
        """Answered calls, calls that nobody answered, messages taken, and requests from outside."""
        columns, kinds, parents = self.columns, self.columns.kind, self.family.parents
        for entry, parent, call in self.calls.entries:
            if kinds[entry] != CONSUMER:
                yield self._entered(entry, parent, call)
        for index, call in enumerate(columns.call):
            if call is not None:
                if kinds[index] == CONSUMER or call.operation in _TAKES:
                    yield from self._taken(index)
                elif index not in self.calls.answered and self._stands_for_itself(index):
                    yield self._edge(index, self._service(index), call.peer, _KINDS_BY_WORK[call.work])
            elif parents[index] == NONE and kinds[index] == SERVER:
                yield self._edge(index, USER, self._service(index), CALL)

    def _entered(self, entry: int, parent: int, call: int) -> Edge:
        """From one service into another (or the same again)."""
        columns = self.columns
        caller, callee = self._service(parent), self._service(entry)
        is_message = call >= 0 and (columns.kind[call] == PRODUCER or columns.call[call].work == "queue")
        if is_message and columns.kind[entry] != SERVER:
            self._emptied.add(call)
            return self._edge(entry, columns.call[call].peer, callee, MESSAGING, self._lay_ns(call, entry))
        if call < 0 or self.calls.answered[call] > 1:
            return self._edge(entry, caller, callee, CALL)
        is_error = columns.is_error[call] or columns.is_error[entry]
        timed = call if call not in columns.untimed else entry
        weight = weight_of(columns.trace_state[entry] or columns.trace_state[call])
        return self._edge(timed, caller, callee, CALL, is_error=is_error, weight=weight)

    def _stands_for_itself(self, index: int) -> bool:
        """Of calls within calls one counts: the outermost that names a database, cache or queue, else the innermost."""
        call = self.columns.call[index]
        if index in self.calls.is_inside_named or call.operation in _NO_MESSAGE:
            return False
        return call.work != "external" or index not in self.calls.is_wrapper

    def _taken(self, index: int) -> Iterator[Edge]:
        """A message taken from a queue: once, also where receiving and processing have a span each."""
        columns, parent = self.columns, self.family.parents[index]
        own, operation = columns.call[index].peer, columns.call[index].operation
        if operation in _NO_MESSAGE or (operation in _TAKES and self._consumes_below(index)):
            return
        if parent >= 0 and self._same(index, parent) and columns.kind[parent] == CONSUMER and not self._takes(parent):
            return
        producer = self._producer(index)
        queue = columns.call[producer].peer if producer >= 0 else own
        if queue.kind != "queue" or queue.name == UNKNOWN_QUEUE:
            queue = own if own.kind == "queue" else Node("queue", UNKNOWN_QUEUE)
        lay_ns = self._lay_ns(producer, index) if producer >= 0 else -1
        if producer >= 0:
            self._emptied.add(producer)
        elif columns.links[index]:
            self._note_taken(index, queue)
        yield self._edge(index, queue, self._service(index), MESSAGING, lay_ns)

    def _note_taken(self, index: int, queue: Node) -> None:
        columns = self.columns
        if index not in columns.untimed:
            for trace_id, span_id in dict.fromkeys(columns.links[index][:MOST_LINKS]):
                if trace_id != columns.trace_id and len(trace_id) == 16 and len(span_id) == 8:
                    self.taken.append(Taken(
                        queue, self._service(index), columns.span_id[index], trace_id, span_id, columns.start[index],
                        weight_of(columns.trace_state[index]),
                    ))  # fmt: skip

    def puts(self) -> list[Put]:
        """Once everything was found."""
        columns = self.columns
        return [
            Put(columns.span_id[index], columns.end[index])
            for index, call in enumerate(columns.call)
            if call is not None and index not in self._emptied and index not in columns.untimed and self._puts(index)
            and call.operation not in _NO_MESSAGE
        ]  # fmt: skip

    def _consumes_below(self, index: int) -> bool:
        kinds = self.columns.kind
        return any(kinds[child] == CONSUMER and self._same(child, index) for child in self.family.children[index])

    def _takes(self, index: int) -> bool:
        call = self.columns.call[index]
        return call is not None and call.operation in _TAKES

    def _producer(self, index: int) -> int:
        """The span that put the message into the queue: the parent or one a link points to, in this trace; else -1."""
        columns, parent = self.columns, self.family.parents[index]
        if parent >= 0 and self._puts(parent):
            return parent
        for trace_id, span_id in columns.links[index]:
            linked = self._by_id.get(span_id, -1) if trace_id == columns.trace_id else -1
            if linked >= 0 and self._puts(linked):
                return linked
        return -1

    def _puts(self, index: int) -> bool:
        kind, call = self.columns.kind[index], self.columns.call[index]
        return kind == PRODUCER or (kind == CLIENT and call.work == "queue" and not self._takes(index))

    @cached_property
    def _by_id(self) -> dict[bytes, int]:
        return {span_id: index for index, span_id in enumerate(self.columns.span_id)}

    def _lay_ns(self, producer: int, consumer: int) -> int:
        columns = self.columns
        if producer in columns.untimed or consumer in columns.untimed:
            return -1
        return max(0, columns.start[consumer] - columns.end[producer])

    def _service(self, index: int) -> Node:
        return service_node(self.columns.service[index])

    def _same(self, one: int, other: int) -> bool:
        return self.columns.service[one] == self.columns.service[other]

    def _edge(
        self, index: int, caller: Node, callee: Node, kind: str, duration_ns: int | None = None,
        is_error: bool | None = None, weight: int | None = None,
    ) -> Edge:  # fmt: skip
        """What is not given is the span's own."""
        columns = self.columns
        is_timed = index not in columns.untimed
        if duration_ns is None:
            duration_ns = columns.end[index] - columns.start[index] if is_timed else -1
        return Edge(
            caller, callee, kind, columns.is_error[index] if is_error is None else is_error,
            columns.start[index] if is_timed else 0, duration_ns,
            weight_of(columns.trace_state[index]) if weight is None else weight,
        )  # fmt: skip


def _halves(family: Family) -> Iterator[Half]:
    columns = family.columns
    for index, kind in enumerate(columns.kind):
        if kind not in (SERVER, CONSUMER):
            continue
        callee, start = service_node(columns.service[index]), columns.start[index]
        if family.parents[index] == LOST:
            edge_kind = CALL if kind == SERVER else MESSAGING
            yield Half(callee, edge_kind, columns.trace_id, columns.parent_id[index], start)
        elif kind == CONSUMER:
            for trace_id, span_id in columns.links[index]:
                if trace_id != columns.trace_id:
                    yield Half(callee, MESSAGING, trace_id, span_id, start)
