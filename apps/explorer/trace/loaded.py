"""Traces kept ready between requests: decoding 50 000 spans costs half a second of CPU, drawing the next rows must not.

Of a large trace the tree comes first and rows can be drawn from it; who took the time takes as long again, and is
worked out when it is asked for (`Loaded.analyse`).

One process keeps the traces last looked at, up to MAX_SPANS spans together (about 3 KB a span), by workspace,
trace id and version. A page load asks the store whether there is a newer version; the windows of rows that follow
name the version they belong to, so that all rows of one page come from one state of a trace that is still growing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property

from apps.explorer.trace.path import Path, path_of
from apps.explorer.trace.resting import note_question, resting
from apps.store.queries import load_trace, trace_version
from apps.traces.column_readers import ColumnReader
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.family import Family
from apps.traces.trace import Trace
from apps.traces.tree import Node, Tree
from apps.traces.tree_building import build_tree

MAX_SPANS = 120_000
"""350 MB. One trace that is larger is kept all the same: its reader is scrolling."""
LARGE_SPANS = 10_000
"""With more, the analysis takes so long (4 µs a span) that rows do not wait for it."""
KEPT_LAYOUTS = 6
"""Fold states and finds kept per trace: going back and forth is cheap, holding them costs a list each."""


@dataclass(eq=False)
class Loaded:
    """A trace with its tree, and what has been worked out from it so far."""

    trace: Trace
    tree: Tree
    version: str
    is_sealed: bool
    received_ns: int
    """When its newest span arrived."""
    keys: dict[int, str]
    """Row keys of spans whose id stands more than once, by position; the others' key is their id."""
    verdict: bytes | None = None
    """As it was judged when it was sealed; None when it has to be judged now."""
    memory: OrderedDict = field(default_factory=OrderedDict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __del__(self) -> None:
        self.tree.cut()

    @cached_property
    def services(self) -> dict[str, int]:
        """Service -> errors among its spans."""
        found: dict[str, int] = {}
        for node in self.tree.nodes:
            name = node.span.service
            found[name] = found.get(name, 0) + node.is_error
        return found

    @cached_property
    def found(self) -> Contributions:
        return contributions_of(Family(_columns.read_trace(self.trace)))

    @cached_property
    def path(self) -> Path:
        return path_of(self.found)

    @property
    def is_analysed(self) -> bool:
        """Whether it is known who took the time, so that asking for `path` or `found` costs nothing."""
        return "path" in self.__dict__

    def analyse(self) -> None:
        """Once, whoever asks meanwhile."""
        with self.turn:
            if not self.is_analysed:
                with resting(afterwards=_let_go):
                    _ = self.path

    def key_of(self, node: Node) -> str:
        return self.keys.get(node.span.position) or node.span.span_id

    def node_of(self, key: str) -> Node | None:
        """The node of a row key, or None."""
        span_id, _, number = key.partition(".")
        spans = self.trace.by_id.get(span_id, ())
        # Compared as text: the address may hold any digits that Unicode knows, in any number.
        span = next((span for n, span in enumerate(spans, 1) if str(n) == (number or "1")), None)
        return self.tree.by_position[span.position] if span else None

    def positions(self, keys: frozenset[str]) -> frozenset[int]:
        """Positions of the spans with these row keys; keys of no span are left out."""
        return frozenset(node.position for key in keys if (node := self.node_of(key)))

    def remember(self, what: object, make):
        """`make()`, kept under `what` with the KEPT_LAYOUTS last asked for."""
        with _lock:
            if what in self.memory:
                self.memory.move_to_end(what)
                return self.memory[what]
        made = make()
        with _lock:
            self.memory[what] = made
            while len(self.memory) > KEPT_LAYOUTS:
                self.memory.popitem(last=False)
        return made


_columns = ColumnReader()
_lock = threading.Lock()
_traces: OrderedDict[tuple[int, str], Loaded] = OrderedDict()
_loading: dict[tuple[int, str], threading.Lock] = {}


def open_trace(workspace_id: int, trace_id: str, version: str = "") -> Loaded | None:
    """The stored trace, None when there is none. With a `version` that is at hand the store is not asked."""
    key = (workspace_id, trace_id)
    note_question()
    if version and (kept := _kept(key, version)):
        return kept
    with _lock:
        turn = _loading.setdefault(key, threading.Lock())
    # Two requests for one page (its rows and its panel) must not decode the same trace twice.
    with turn:
        try:
            return _fresh(key)
        finally:
            with _lock:
                _loading.pop(key, None)


def _fresh(key: tuple[int, str]) -> Loaded | None:
    version = trace_version(*key)
    if version is None:
        return None
    if kept := _kept(key, version):
        return kept
    with resting(afterwards=_let_go):
        loaded = _decode(key, version)
        if loaded is not None:
            _keep(key, loaded)
    return loaded


def _decode(key: tuple[int, str], version: str) -> Loaded | None:
    stored = load_trace(*key)
    if stored is None or not len(stored.trace):
        return None
    loaded = Loaded(
        trace=stored.trace,
        tree=build_tree(stored.trace),
        version=version,
        is_sealed=stored.is_sealed,
        received_ns=stored.last_received_ns,
        verdict=stored.verdict,
        keys=_row_keys(stored.trace),
    )
    if len(stored.trace) <= LARGE_SPANS:
        _ = loaded.path  # Every answer draws it.
    return loaded


def _row_keys(trace: Trace) -> dict[int, str]:
    if len({span.span_id for span in trace}) == len(trace):
        return {}
    return {
        span.position: f"{span.span_id}.{number}"
        for same in trace.by_id.values()
        for number, span in enumerate(same, 1)
        if number > 1
    }


def _kept(key: tuple[int, str], version: str) -> Loaded | None:
    with _lock:
        loaded = _traces.get(key)
        if loaded is None or loaded.version != version:
            return None
        _traces.move_to_end(key)
        return loaded


def _keep(key: tuple[int, str], loaded: Loaded) -> None:
    gone = []  # What dies does so after the lock: taking 50 000 nodes apart would keep every reader waiting.
    with _lock:
        gone.append(_traces.pop(key, None))
        _traces[key] = loaded
        gone += _beyond(2 * MAX_SPANS)


def _let_go() -> None:
    """Of the traces that were not looked at for longest, down to MAX_SPANS."""
    with _lock:
        gone = _beyond(MAX_SPANS)
    del gone


def _beyond(most: int) -> list[Loaded]:
    """Taken out, the one that was not looked at for longest first, until `most` spans are left, or one trace."""
    gone = []
    held = sum(len(loaded.trace) for loaded in _traces.values())
    while held > most and len(_traces) > 1:
        gone.append(_traces.popitem(last=False)[1])
        held -= len(gone[-1].trace)
    return gone


def forget_all() -> None:
    """For tests."""
    with _lock:
        _traces.clear()
