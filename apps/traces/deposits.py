"""What a trace adds to the rollups: observations of keys, collected over many traces (definitions: docs/rollups.md).

An observation is additive. What was deposited for a trace can be taken back with sign -1, so that a trace which grows
is deposited anew. `apps.insights` sums observations up by key and minute; nothing here is summed yet, for numpy does
that in one go for a whole transaction.
"""

from __future__ import annotations

from operator import sub

from apps.traces.analysis import Analysis
from apps.traces.edges import MESSAGING, Edge
from apps.traces.error_origin import ErrorOrigin
from apps.traces.family import Family
from apps.traces.key_book import COVERAGE, ERROR, KeyBook
from apps.traces.kinship import LOST, NONE
from apps.traces.moments import DAY_NS, MINUTE_NS
from apps.traces.peers import CONSUMER, SERVER
from apps.traces.sampling import CALL, weight_of

QUEUE_WAIT = "queue_wait"
"""Stands for a kind of work: how long messages lay in a queue, beside the waited time."""
WHOLE = ("", "", "")
"""The last three parts of the PART key that holds the whole waited time."""
TRACES, SPANS, INCOMPLETE, ROOTLESS, SAMPLED, WITH_ERRORS, FAILED, SURVIVED, UNANALYSED = (
    "traces", "spans", "incomplete_traces", "rootless_traces", "sampled_spans", "error_traces", "failed_traces",
    "survived_traces", "unanalysed_traces",
)  # fmt: skip

FAR_NS = DAY_NS
"""A start farther from the minute its trace is filed at cannot be true, and counts at that minute."""
_RECEIVES = (SERVER, CONSUMER)


def believed(start_ns: int, filed_ns: int) -> int:
    """The instant at which a span of a trace filed at that time counts."""
    low, high = _bounds(filed_ns)
    return start_ns if low <= start_ns < high else filed_ns


def _bounds(filed_ns: int) -> tuple[int, int]:
    minute = filed_ns - filed_ns % MINUTE_NS
    return minute - FAR_NS, minute + FAR_NS


class Deposits:
    """Observations as parallel lists, by what they are of; `apps.insights.summing` makes rows of them.

    What all observations of a trace share is kept once, as a run: (how many, value).
    """

    __slots__ = (
        "book", "edge_at", "edge_calls", "edge_key", "edge_ns", "edge_signs", "entry_key", "entry_row", "is_error",
        "others", "part_at", "part_calls", "part_key", "part_ns", "part_weight", "sampled", "shown",
        "signs", "span_at", "span_id", "span_key", "span_ns", "trace_id",
    )  # fmt: skip

    def __init__(self, book: KeyBook):
        self.book = book
        # Spans, in their traces' order. Keys are numbers in the book; a duration of -1 is unknown.
        self.span_key: list[int] = []
        self.span_at: list[int] = []
        """An instant of the minute it counts in, ns; the span's start where that can be true."""
        self.span_ns: list[int] = []
        self.span_id: list[bytes] = []
        self.is_error: list[bool] = []
        self.signs: list[tuple[int, int]] = []
        self.trace_id: list[bytes] = []
        """One for each run in `signs`."""
        self.sampled: list[tuple[int, list[int]]] = []
        """(first span, weights) of traces in which not every span stands for one call."""
        # Entries into services: figures as the span's.
        self.entry_row: list[int] = []
        self.entry_key: list[int] = []
        # Edges; (weight, is_error) each.
        self.edge_key: list[int] = []
        self.edge_at: list[int] = []
        self.edge_ns: list[int] = []
        self.edge_calls: list[tuple[int, bool]] = []
        self.edge_signs: list[tuple[int, int]] = []
        # Parts of the waited time, (own time, spans) each.
        self.part_key: list[int] = []
        self.part_ns: list[int] = []
        self.part_calls: list[int] = []
        self.part_at: list[tuple[int, int]] = []
        self.part_weight: list[tuple[int, int]] = []
        """Negative when taken back."""
        self.others: list[tuple[int, int, int, int, int, int]] = []
        """(key, at_ns, weight, weight of an error, samples, duration_ns)"""
        self.shown: list[tuple[int, int, int, bytes, bytes]] = []
        """Examples: (place in `others`, duration_ns, start_ns, trace id, span id). Spans are their own examples."""

    def add(self, key: int, at_ns: int, weight: int, is_error: bool, sign: int, value_ns: int = -1, samples: int = 1):
        """One observation; its place in `others`."""
        self.others.append((key, at_ns, sign * weight, sign * weight if is_error else 0, sign * samples, value_ns))
        return len(self.others) - 1

    @property
    def is_empty(self) -> bool:
        return not self.span_key and not self.others

    @property
    def size(self) -> int:
        """Observations."""
        return sum(map(len, (self.span_key, self.entry_key, self.edge_key, self.part_key, self.others)))

    def mark(self) -> tuple[int, ...]:
        """Where everything ends now, for `cut`."""
        return tuple(len(getattr(self, name)) for name in self.__slots__ if name != "book")

    def cut(self, mark: tuple[int, ...]) -> None:
        """Take away what was added since the mark."""
        for name, size in zip((n for n in self.__slots__ if n != "book"), mark, strict=True):
            del getattr(self, name)[size:]


def deposit(into: Deposits, analysis: Analysis, filed_ns: int, sign: int = 1) -> None:
    """Everything one trace adds (sign 1), or takes back (-1). `filed_ns`: the time it is filed under in the store."""
    trace = _Trace(into, analysis.family, filed_ns, sign)
    trace.add_spans()
    trace.add_edges(analysis.edges.edges)
    trace.add_parts(analysis)
    trace.add_errors(analysis.errors)
    trace.add_coverage(analysis.is_root_failed)


def deposit_unanalysed(into: Deposits, spans: int, filed_ns: int, sign: int = 1) -> None:
    """What is counted of a trace whose analysis failed."""
    for word, samples in ((UNANALYSED, 1), (TRACES, 1), (SPANS, spans)):
        into.add(into.book.number(COVERAGE, (word,)), filed_ns, samples * CALL, False, sign, samples=samples)


class _Trace:
    def __init__(self, into: Deposits, family: Family, filed_ns: int, sign: int):
        self.into, self.book, self.family, self.columns = into, into.book, family, family.columns
        self.sign, self.filed = sign, filed_ns
        self.low, self.high = _bounds(filed_ns)
        states = self.columns.trace_state
        self.weights: list[int] = [weight_of(s) for s in states] if any(states) else [CALL] * self.columns.n
        self.main_at = self._at(self.columns.start[family.main])
        self.is_failed = True in self.columns.is_error

    def _at(self, start_ns: int) -> int:
        return start_ns if self.low <= start_ns < self.high else self.filed

    def _duration(self, index: int) -> int:
        return -1 if index in self.columns.untimed else self.columns.end[index] - self.columns.start[index]

    def add_spans(self) -> None:
        """Every span, and where a service was entered: its request rate is theirs."""
        columns, into, n = self.columns, self.into, self.columns.n
        first = len(into.span_key)
        into.span_key += self.book.of_spans(columns)
        durations = list(map(sub, columns.end, columns.start))
        for index in columns.untimed:
            durations[index] = -1
        into.span_ns += durations
        if columns.start[0] >= self.low and columns.start[-1] < self.high:
            into.span_at += columns.start
        else:
            into.span_at += map(self._at, columns.start)
        into.span_id += columns.span_id
        into.is_error += columns.is_error
        into.signs.append((n, self.sign))
        into.trace_id.append(columns.trace_id)
        if any(columns.trace_state):
            into.sampled.append((first, self.weights))
        services, kinds, parents = columns.service, columns.kind, self.family.parents
        entries = [
            index
            for index, parent in enumerate(parents)
            if parent < 0 or kinds[index] in _RECEIVES or services[parent] != services[index]
        ]
        into.entry_row += [first + index for index in entries]
        entry = self.book.entry
        into.entry_key += [entry(services[index], columns.version[index]) for index in entries]

    def add_edges(self, edges: list[Edge]) -> None:
        if not edges:
            return
        into = self.into
        callers, callees, kinds, is_error, starts, durations, weights = zip(*edges, strict=True)
        into.edge_key += self.book.of_edges(callers, callees, kinds)
        is_near = min(starts) >= self.low and max(starts) < self.high
        into.edge_at += starts if is_near else map(self._at, starts)
        into.edge_ns += durations
        into.edge_calls += zip(weights, is_error, strict=True)
        into.edge_signs.append((len(edges), self.sign))

    def add_parts(self, analysis: Analysis) -> None:
        """Only where the main root is a root: another trace's beginning is unknown."""
        main, columns = self.family.main, self.columns
        if self.family.parents[main] != NONE:
            return
        root, weight, into = (columns.service[main], columns.name[main]), self.weights[main], self.into
        waited = -1 if main in columns.untimed else analysis.contributions.waited_ns
        whole = into.add(
            self.book.part((*root, *WHOLE)), self.main_at, weight, self.is_failed, self.sign, waited
        )  # fmt: skip
        if waited >= 0:
            into.shown.append((whole, waited, columns.start[main], columns.trace_id, columns.span_id[main]))
        sums = _sums(analysis)
        part = self.book.part
        into.part_key += [part((*root, *key)) for key in sums]
        into.part_ns += [own_ns for own_ns, _ in sums.values()]
        into.part_calls += [calls for _, calls in sums.values()]
        into.part_at.append((len(sums), self.main_at))
        into.part_weight.append((len(sums), self.sign * weight))

    def add_errors(self, errors: list[ErrorOrigin]) -> None:
        columns, into = self.columns, self.into
        for index, service, span_name, error in errors:
            key = self.book.number(ERROR, (service, span_name, error.type, error.pattern))
            duration = self._duration(index)
            place = into.add(key, self.main_at, self.weights[index], True, self.sign, duration)
            start = self._at(columns.start[index])
            into.shown.append((place, max(duration, 0), start, columns.trace_id, columns.span_id[index]))

    def add_coverage(self, is_root_failed: bool) -> None:
        columns, parents, number = self.columns, self.family.parents, self.book.number
        weight = self.weights[self.family.main]
        words = [(TRACES, weight, 1), (SPANS, sum(self.weights), columns.n)]
        if LOST in parents:
            words.append((INCOMPLETE, weight, 1))
        if parents[self.family.main] != NONE:
            words.append((ROOTLESS, weight, 1))
        if self.is_failed:
            words += [(WITH_ERRORS, weight, 1), (FAILED if is_root_failed else SURVIVED, weight, 1)]
        if any(columns.trace_state):
            sampled = [w for w in self.weights if w != CALL]
            words.append((SAMPLED, sum(sampled), len(sampled)))
        for word, weight, samples in words:
            self.into.add(number(COVERAGE, (word,)), self.main_at, weight, False, self.sign, samples=samples)


def _sums(analysis: Analysis) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(own time in ns, spans waited for) by (service, span name, kind of work) and by (service, "", ""); and how long
    messages lay in each queue, by (service, queue, QUEUE_WAIT)."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    services: dict[str, tuple[int, int]] = {}
    for service, name, work, own, calls, _ in analysis.parts:
        sums[service, name, work] = own, calls
        before, times = services.get(service, (0, 0))
        services[service] = before + own, times + calls
    for service, sum_ in services.items():
        sums[service, "", ""] = sum_
    for caller, callee, kind, _, _, lay_ns, _ in analysis.edges.edges:
        if kind == MESSAGING and caller.kind == "queue" and lay_ns >= 0:
            key = callee.name, caller.name, QUEUE_WAIT
            before, messages = sums.get(key, (0, 0))
            sums[key] = before + lay_ns, messages + 1
    return sums
