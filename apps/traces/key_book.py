"""The keys that rollups are kept by, numbered: an observation holds a number instead of half a dozen texts."""

from __future__ import annotations

from collections.abc import Iterable

from apps.traces.columns import Columns
from apps.traces.model import KINDS
from apps.traces.peers import Call

EDGE, NAME, SERVICE, PART, ERROR, COVERAGE = range(1, 7)
"""Kinds of keys. docs/rollups.md has the parts of each."""

Key = tuple[int, tuple[str, ...]]
"""(kind, parts)."""

MOST_KEYS = 100_000


class KeyBook:
    """Gives every key a number; kept from trace to trace, one a workspace and process."""

    def __init__(self):
        self.keys: list[Key] = []
        self._numbers: dict[Key, int] = {}
        self._spans: dict[tuple[str, str, int, Call | None], int] = {}
        self._edges: dict[tuple, int] = {}
        self._parts: dict[tuple, int] = {}
        self._entries: dict[tuple[str, str], int] = {}

    def make_room(self) -> bool:
        """Forget all when it has become much; not while deposits are open. Whether it did."""
        if len(self.keys) < MOST_KEYS:
            return False
        for known in (self.keys, self._numbers, self._spans, self._edges, self._parts, self._entries):
            known.clear()
        return True

    def number(self, kind: int, parts: tuple[str, ...]) -> int:
        key = kind, parts
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    def of_spans(self, columns: Columns) -> list[int]:
        spans = list(zip(columns.service, columns.name, columns.kind, columns.call, strict=True))
        found = list(map(self._spans.get, spans))
        if None in found:
            found = [self._span(*span) for span in spans]
        return found

    def _span(self, service: str, name: str, kind: int, call: Call | None) -> int:
        peer = call.peer if call is not None else ("", "")
        word = KINDS[kind] if 0 < kind < len(KINDS) else "INTERNAL"
        number = self._spans[service, name, kind, call] = self.number(NAME, (service, name, word, *peer))
        return number

    def of_edges(self, callers: Iterable, callees: Iterable, kinds: Iterable[str]) -> list[int]:
        edges = list(zip(callers, callees, kinds, strict=True))
        found = list(map(self._edges.get, edges))
        if None in found:
            for edge in edges:
                if edge not in self._edges:
                    caller, callee, kind = edge
                    self._edges[edge] = self.number(EDGE, (*caller, *callee, kind))
            found = [self._edges[edge] for edge in edges]
        return found

    def entry(self, service: str, version: str) -> int:
        found = self._entries.get((service, version))
        if found is None:
            found = self._entries[service, version] = self.number(SERVICE, (service, version))
        return found

    def part(self, key: tuple[str, ...]) -> int:
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = self.number(PART, key)
        return found
