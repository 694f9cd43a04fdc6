"""What a trace adds to the rollups: observations of keys, collected over many traces (definitions: docs/rollups.md).

An observation is additive. What was deposited for a trace can be taken back with sign -1, so that a trace which grows
is deposited anew. `apps.insights` sums observations up by key and minute; nothing here is summed yet, for numpy does
that in one go for a whole transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.traces.analysis import Analysis
from apps.traces.contributions import Contributions
from apps.traces.edges import MESSAGING, Edges
from apps.traces.error_origin import ErrorOrigin
from apps.traces.family import Family
from apps.traces.kinship import LOST, NONE
from apps.traces.model import KINDS
from apps.traces.peers import CONSUMER, SERVER, Call
from apps.traces.sampling import CALL, weight_of
from apps.traces.work import works_of

EDGE, NAME, SERVICE, PART, ERROR, COVERAGE = range(1, 7)
"""Kinds of keys. docs/rollups.md has the parts of each."""

QUEUE_WAIT = "queue_wait"
"""Stands for a kind of work: how long messages lay in a queue, beside the waited time."""
WHOLE = ("", "", "")
"""The last three parts of the PART key that holds the whole waited time."""
TRACES, SPANS, INCOMPLETE, ROOTLESS, SAMPLED, WITH_ERRORS, UNANALYSED = COVERAGE_WORDS = (
    "traces", "spans", "incomplete_traces", "rootless_traces", "sampled_spans", "error_traces", "unanalysed_traces",
)  # fmt: skip

MINUTE_NS = 60_000_000_000
FAR_NS = 1_440 * MINUTE_NS
"""A start farther from the minute its trace is filed at cannot be true, and counts at that minute."""
MOST_KEYS = 100_000

Key = tuple[int, tuple[str, ...]]
"""(kind, parts)."""


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
        self.__init__()
        return True

    def number(self, kind: int, parts: tuple[str, ...]) -> int:
        key = kind, parts
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.keys)
            self.keys.append(key)
        return found

    def of_spans(self, columns) -> list[int]:
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

    def edge(self, caller, callee, kind: str) -> int:
        found = self._edges.get((caller, callee, kind))
        if found is None:
            found = self._edges[caller, callee, kind] = self.number(EDGE, (*caller, *callee, kind))
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


class Deposits:
    """Observations as parallel lists; one row each."""

    __slots__ = ("at_ns", "book", "calls", "errors", "key", "samples", "shown", "value_ns", "weight")

    def __init__(self, book: KeyBook):
        self.book = book
        self.key: list[int] = []
        """Number in the book."""
        self.at_ns: list[int] = []
        """An instant of the minute it counts in."""
        self.weight: list[int] = []
        """Thousandths of a call; negative when taken back."""
        self.errors: list[int] = []
        """The weight of an error, else 0."""
        self.samples: list[int] = []
        self.value_ns: list[int] = []
        """For the histogram and the sum; -1 for unknown."""
        self.calls: list[int] = []
        """Spans of a part in its trace; -1 where that says nothing."""
        self.shown: list[tuple[int, int, int, bytes, bytes]] = []
        """Examples: (row, duration_ns, start_ns, trace id, span id); the slowest of a key and minute are kept, or
        the newest of errors."""

    def add(
        self, key: int, at_ns: int, weight: int, is_error: bool, sign: int, value_ns: int = -1, calls: int = -1,
        samples: int = 1,
    ) -> int:  # fmt: skip
        """One observation; its row."""
        self.key.append(key)
        self.at_ns.append(at_ns)
        self.weight.append(sign * weight)
        self.errors.append(sign * weight if is_error else 0)
        self.samples.append(sign * samples)
        self.value_ns.append(value_ns)
        self.calls.append(calls)
        return len(self.key) - 1

    def cut(self, rows: int) -> None:
        """Keep only the first `rows`."""
        for column in (self.key, self.at_ns, self.weight, self.errors, self.samples, self.value_ns, self.calls):
            del column[rows:]
        self.shown = [shown for shown in self.shown if shown[0] < rows]


def deposit(into: Deposits, analysis: Analysis, filed_ns: int, sign: int = 1) -> None:
    """Everything one trace adds (sign 1), or takes back (-1). `filed_ns`: the time it is filed under in the store."""
    trace = _Trace(into, analysis.family, filed_ns, sign)
    trace.add_spans()
    trace.add_entries()
    trace.add_edges(analysis.edges)
    trace.add_parts(analysis.contributions, analysis.edges)
    trace.add_errors(analysis.errors)
    trace.add_coverage()


def deposit_unanalysed(into: Deposits, spans: int, filed_ns: int, sign: int = 1) -> None:
    """What is counted of a trace whose analysis failed."""
    for word, samples in ((UNANALYSED, 1), (TRACES, 1), (SPANS, spans)):
        into.add(into.book.number(COVERAGE, (word,)), filed_ns, samples * CALL, False, sign, samples=samples)


class _Trace:
    def __init__(self, into: Deposits, family: Family, filed_ns: int, sign: int):
        self.into, self.book, self.family, self.columns = into, into.book, family, family.columns
        self.sign, self.filed = sign, filed_ns
        minute = filed_ns - filed_ns % MINUTE_NS
        self.low, self.high = minute - FAR_NS, minute + FAR_NS
        states = self.columns.trace_state
        self.weights: Sequence[int] = [weight_of(s) for s in states] if any(states) else [CALL] * self.columns.n
        self.main_at = self._at(self.columns.start[family.main])

    def _at(self, start_ns: int) -> int:
        return start_ns if self.low <= start_ns < self.high else self.filed

    def add_spans(self) -> None:
        columns, into, sign = self.columns, self.into, self.sign
        first, n = len(into.key), columns.n
        weights = [sign * w for w in self.weights]
        durations = [end - start for start, end in zip(columns.start, columns.end, strict=True)]
        into.key += self.book.of_spans(columns)
        into.weight += weights
        into.errors += [w if is_error else 0 for w, is_error in zip(weights, columns.is_error, strict=True)]
        into.samples += [sign] * n
        into.calls += [-1] * n
        if columns.untimed:
            for index in columns.untimed:
                durations[index] = -1
        into.value_ns += durations
        if columns.start[0] >= self.low and columns.start[-1] < self.high:
            into.at_ns += columns.start
        else:
            into.at_ns += map(self._at, columns.start)
        if sign > 0:  # Spans of a trace are only added to, hence never taken back as examples.
            trace_id, rows = columns.trace_id, range(first, first + n)
            shown = zip(rows, durations, columns.start, columns.span_id, strict=True)
            into.shown += [(row, ns, start, trace_id, span_id) for row, ns, start, span_id in shown if ns >= 0]

    def add_entries(self) -> None:
        """Where a service was entered: its request rate is theirs."""
        columns, parents, into, entry = self.columns, self.family.parents, self.into, self.book.entry
        services = columns.service
        for index, kind in enumerate(columns.kind):
            parent = parents[index]
            if kind in (SERVER, CONSUMER) or parent < 0 or services[parent] != services[index]:
                into.add(
                    entry(services[index], columns.version[index]), self._at(columns.start[index]),
                    self.weights[index], columns.is_error[index], self.sign, self._duration(index),
                )  # fmt: skip

    def _duration(self, index: int) -> int:
        return -1 if index in self.columns.untimed else self.columns.end[index] - self.columns.start[index]

    def add_edges(self, edges: Edges) -> None:
        add, key, at, sign = self.into.add, self.book.edge, self._at, self.sign
        for caller, callee, kind, is_error, start_ns, duration_ns, weight in edges.edges:
            add(key(caller, callee, kind), at(start_ns), weight, is_error, sign, duration_ns)

    def add_parts(self, found: Contributions, edges: Edges) -> None:
        """Only where the main root is a root: another trace's beginning is unknown."""
        main, columns = self.family.main, self.columns
        if self.family.parents[main] != NONE:
            return
        root, weight = (columns.service[main], columns.name[main]), self.weights[main]
        part, add, at, sign = self.book.part, self.into.add, self.main_at, self.sign
        waited = -1 if main in columns.untimed else found.waited_ns
        whole = add(part((*root, *WHOLE)), at, weight, any(columns.is_error), sign, waited)
        if waited >= 0:
            self.into.shown.append((whole, waited, columns.start[main], columns.trace_id, columns.span_id[main]))
        for key, (own_ns, calls) in _sums(found).items():
            add(part((*root, *key)), at, weight, False, sign, own_ns, calls)
        for key, (lay_ns, messages) in _waits(edges).items():
            add(part((*root, *key)), at, weight, False, sign, lay_ns, messages)

    def add_errors(self, errors: list[ErrorOrigin]) -> None:
        columns, into = self.columns, self.into
        for index, service, span_name, error in errors:
            key = self.book.number(ERROR, (service, span_name, error.type, error.pattern))
            duration = self._duration(index)
            row = into.add(key, self.main_at, self.weights[index], True, self.sign, duration)
            into.shown.append((row, max(duration, 0), self._at(columns.start[index]), columns.trace_id,
                               columns.span_id[index]))  # fmt: skip

    def add_coverage(self) -> None:
        columns, parents, number = self.columns, self.family.parents, self.book.number
        weight = self.weights[self.family.main]
        words = [(TRACES, weight, 1), (SPANS, sum(self.weights), columns.n)]
        if LOST in parents:
            words.append((INCOMPLETE, weight, 1))
        if parents[self.family.main] != NONE:
            words.append((ROOTLESS, weight, 1))
        if any(columns.is_error):
            words.append((WITH_ERRORS, weight, 1))
        sampled = [w for w in self.weights if w != CALL]
        if sampled:
            words.append((SAMPLED, sum(sampled), len(sampled)))
        for word, weight, samples in words:
            self.into.add(number(COVERAGE, (word,)), self.main_at, weight, False, self.sign, samples=samples)


def _sums(found: Contributions) -> dict[tuple[str, str, str], list[int]]:
    """(service, span name, kind of work) and (service, "", "") -> [own time in ns, spans waited for]."""
    columns = found.family.columns
    sums: dict[tuple[str, str, str], list[int]] = {}
    for service, name, work, own in zip(columns.service, columns.name, works_of(found), found.own_ns, strict=True):
        if work:
            sum_ = sums.get((service, name, work))
            if sum_ is None:
                sums[service, name, work] = [own, 1]
            else:
                sum_[0] += own
                sum_[1] += 1
    for (service, _, _), (own, calls) in list(sums.items()):
        sum_ = sums.setdefault((service, "", ""), [0, 0])
        sum_[0] += own
        sum_[1] += calls
    return sums


def _waits(edges: Edges) -> dict[tuple[str, str, str], list[int]]:
    """(service, queue, "queue_wait") -> [ns that its messages lay in the queue, messages]."""
    waits: dict[tuple[str, str, str], list[int]] = {}
    for edge in edges.edges:
        if edge.kind == MESSAGING and edge.caller.kind == "queue" and edge.duration_ns >= 0:
            sum_ = waits.setdefault((edge.callee.name, edge.caller.name, QUEUE_WAIT), [0, 0])
            sum_[0] += edge.duration_ns
            sum_[1] += 1
    return waits
