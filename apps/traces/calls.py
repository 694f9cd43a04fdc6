"""Which calls were answered by spans of the other side: the ground both for edges and for the kind of work."""

from __future__ import annotations

from collections.abc import Sequence

from apps.traces.columns import Columns
from apps.traces.kinship import top_down
from apps.traces.peers import CONSUMER, PRODUCER, SERVER


class Calls:
    """For every span, by index. A call is a CLIENT or PRODUCER span, or an INTERNAL one that names a database."""

    __slots__ = ("answered", "around", "entries", "is_inside_named", "is_wrapper")

    def __init__(self, n: int):
        self.around = [-1] * n
        """The innermost call of the same service that the span is in, itself included; -1 for none."""
        self.answered: dict[int, int] = {}
        """Call -> how many spans of the other side answered it, also by way of a call inside it."""
        self.is_wrapper: set[int] = set()
        """Calls with another call of the same service inside: a client library around an HTTP client."""
        self.is_inside_named: set[int] = set()
        """Calls inside a call to a database, cache or queue: the outer one names better what is called."""
        self.entries: list[tuple[int, int, int]] = []
        """(span, its parent, the call it answers or -1): where a trace enters a service from another, or again."""


def find_calls(columns: Columns, parents: Sequence[int], children: list[Sequence[int]]) -> Calls:
    """One pass from the roots down."""
    found = Calls(columns.n)
    around, entries = found.around, found.entries
    kinds, services, calls = columns.kind, columns.service, columns.call
    outside: dict[int, int] = {}
    for index in top_down(parents, children):
        parent, kind = parents[index], kinds[index]
        outer = -1
        if parent >= 0:
            if services[index] != services[parent] or (kind == SERVER and around[parent] >= 0):
                entries.append((index, parent, around[parent]))
                _answer(columns, found, outside, index, around[parent])
            elif kind != SERVER and kind != CONSUMER:
                outer = around[parent]
        if calls[index] is not None and kind != CONSUMER:
            around[index] = index
            if outer >= 0:
                outside[index] = outer
                found.is_wrapper.add(outer)
                if calls[outer].work != "external" or outer in found.is_inside_named:
                    found.is_inside_named.add(index)
        else:
            around[index] = outer
    return found


def _answer(columns: Columns, found: Calls, outside: dict[int, int], entry: int, call: int) -> None:
    """A CONSUMER takes from the queue, it does not answer whoever put something into it."""
    if call < 0:
        return
    is_message = columns.kind[call] == PRODUCER or columns.call[call].work == "queue"
    if is_message and columns.kind[entry] != SERVER:
        return
    answered = found.answered
    is_first = call not in answered
    answered[call] = answered.get(call, 0) + 1
    while is_first and call in outside:
        call = outside[call]
        is_first = call not in answered
        answered[call] = answered.get(call, 0) + 1
