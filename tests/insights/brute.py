"""Rollups counted slowly and obviously from whole traces, and read from the tables row by row: nothing of
`apps.insights` is used here."""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db import connection

from apps.traces.column_readers import columns_of
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.error_origin import errors_of, trace_reader
from apps.traces.family import Family
from apps.traces.histogram import bucket_of
from apps.traces.model import KINDS
from apps.traces.sampling import weight_of
from apps.traces.trace import Trace
from apps.traces.work import kind_of_work

EDGE, NAME, SERVICE, PART, ERROR, COVERAGE = 1, 2, 3, 4, 5, 6
MINUTE_NS = 60 * 10**9


@dataclass
class Count:
    weight: int = 0
    errors: int = 0
    samples: int = 0
    sum_ns: int = 0
    max_ns: int = 0
    durations: Counter = field(default_factory=Counter)
    calls: Counter = field(default_factory=Counter)
    examples: set = field(default_factory=set)
    """(duration_ns, start_ns, trace id, span id)"""

    def add(self, weight: int, is_error: bool, duration_ns: int = -1, calls: int = -1) -> None:
        self.samples += 1
        self.weight += weight
        self.errors += weight if is_error else 0
        if duration_ns >= 0:
            self.sum_ns += duration_ns * weight // 1000
            self.durations[bucket_of(duration_ns)] += weight
        if calls >= 0:
            self.calls[bucket_of(calls)] += weight

    def merge(self, other: Count) -> None:
        for name in ("weight", "errors", "samples", "sum_ns"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.max_ns = max(self.max_ns, other.max_ns)
        self.durations.update(other.durations)
        self.calls.update(other.calls)
        self.examples |= other.examples

    @property
    def numbers(self) -> tuple:
        durations, calls = ({k: v for k, v in c.items() if v} for c in (self.durations, self.calls))
        return self.weight, self.errors, self.samples, self.sum_ns, durations, calls

    def best(self, kind: int) -> list:
        """The three slowest; of errors the newest."""
        return sorted(self.examples, key=lambda e: (-(e[1] if kind == ERROR else e[0]), e[2], e[3]))[:3]


Counts = dict[tuple, Count]
"""(kind, parts, minute since 1970) -> count."""


def expected(traces: list[Trace], filed_ns=lambda trace: min(span.start_ns for span in trace)) -> Counts:
    counts: Counts = defaultdict(Count)
    for trace in traces:
        _add_trace(counts, trace, filed_ns(trace))
    return counts


def _add_trace(counts: Counts, trace: Trace, filed_ns: int) -> None:
    family = Family(columns_of(trace))
    columns, main, parents = family.columns, family.main, family.parents
    found, edges = contributions_of(family), edges_of(family)

    def believed(start_ns: int) -> int:
        is_near = abs(start_ns // MINUTE_NS - filed_ns // MINUTE_NS + 0.5) < 1440
        return start_ns if is_near else filed_ns

    def minute_of(start_ns: int) -> int:
        return believed(start_ns) // MINUTE_NS

    def duration_of(index: int) -> int:
        return -1 if index in columns.untimed else columns.end[index] - columns.start[index]

    def count(kind: int, parts: tuple, minute: int) -> Count:
        return counts[kind, parts, minute]

    weights = [weight_of(state) for state in columns.trace_state]
    main_minute = minute_of(columns.start[main])
    ids = [(columns.trace_id.hex(), span_id.hex()) for span_id in columns.span_id]
    for index in range(columns.n):
        call = columns.call[index]
        peer = (call.peer.kind, call.peer.name) if call else ("", "")
        kind = columns.kind[index]
        word = KINDS[kind] if 1 <= kind <= 5 else "INTERNAL"
        minute, duration = minute_of(columns.start[index]), duration_of(index)
        name = count(NAME, (columns.service[index], columns.name[index], word, *peer), minute)
        name.add(weights[index], columns.is_error[index], duration)
        name.max_ns = max(name.max_ns, duration)
        if duration >= 0:
            name.examples.add((duration, believed(columns.start[index]), *ids[index]))
        parent = parents[index]
        if kind in (2, 5) or parent < 0 or columns.service[parent] != columns.service[index]:
            entry = count(SERVICE, (columns.service[index], columns.version[index]), minute)
            entry.add(weights[index], columns.is_error[index], duration)
    for edge in edges.edges:
        ends = (edge.caller.kind, edge.caller.name, edge.callee.kind, edge.callee.name)
        count(EDGE, (*ends, edge.kind), minute_of(edge.start_ns)).add(edge.weight, edge.is_error, edge.duration_ns)
    is_failed = any(columns.is_error)
    if parents[main] == -1:
        root = (columns.service[main], columns.name[main])
        whole = count(PART, (*root, "", "", ""), main_minute)
        whole.add(weights[main], is_failed, duration_of(main))
        if main not in columns.untimed:
            whole.examples.add((duration_of(main), columns.start[main], *ids[main]))
        own, calls = Counter(), Counter()
        for index in range(columns.n):
            if found.place[index]:
                service = columns.service[index]
                part = (service, columns.name[index], kind_of_work(found, index))
                for key in (part, (service, "", "")):
                    own[key] += found.own_ns[index]
                    calls[key] += 1
        for edge in edges.edges:
            if edge.kind == "messaging" and edge.caller.kind == "queue" and edge.duration_ns >= 0:
                key = (edge.callee.name, edge.caller.name, "queue_wait")
                own[key] += edge.duration_ns
                calls[key] += 1
        for key, spans in calls.items():
            count(PART, (*root, *key), main_minute).add(weights[main], False, own[key], spans)
    for origin in errors_of(found, trace_reader(trace)):
        parts = (origin.service, origin.span_name, origin.error.type, origin.error.pattern)
        error, duration = count(ERROR, parts, main_minute), duration_of(origin.span)
        error.add(weights[origin.span], True, duration)
        start = believed(columns.start[origin.span])
        error.examples.add((max(duration, 0), start, *ids[origin.span]))
    answered = str(dict(trace.spans[columns.position[main]].attributes).get("http.response.status_code", ""))
    has_root_failed = columns.is_error[main] or (answered.isdigit() and int(answered) >= 400)
    is_incomplete = any(parent == -2 for parent in parents)
    for word, applies in (
        ("traces", True), ("incomplete_traces", is_incomplete), ("rootless_traces", parents[main] != -1),
        ("error_traces", is_failed), ("failed_traces", is_failed and has_root_failed),
        ("survived_traces", is_failed and not has_root_failed),
    ):  # fmt: skip
        if applies:
            count(COVERAGE, (word,), main_minute).add(weights[main], False)
    for weight in weights:
        count(COVERAGE, ("spans",), main_minute).add(weight, False)
        if weight != 1000:
            count(COVERAGE, ("sampled_spans",), main_minute).add(weight, False)


def stored(*tables: str, workspace_id: int = 1) -> Counts:
    """What the tables hold, added up; keys that come to nothing left out."""
    counts: Counts = defaultdict(Count)
    taken_back = set()
    for table in tables or ("rollup_inbox", "rollup_minute"):
        for row in _rows(table, workspace_id):
            kind, parts, minute, weight, errors, samples, sum_ns, max_ns, histogram, calls, examples = row
            more = Count(weight, errors, samples, sum_ns, max_ns, _counter(histogram), _counter(calls))
            into = counts[kind, tuple(parts), minute]
            into.merge(more)
            for duration, start, trace_id, span_id in struct.iter_unpack("<qq16s8s", examples or b""):
                example = (max(duration, -1 - duration), start, trace_id.hex(), span_id.hex())
                if duration >= 0:
                    into.examples.add(example)
                else:
                    taken_back.add(((kind, tuple(parts), minute), example))
    for key, example in taken_back:
        counts[key].examples.discard(example)
    return {key: count for key, count in counts.items() if any(count.numbers)}


def _rows(table: str, workspace_id: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT k.kind, k.parts, (extract(epoch FROM f.bucket_at) / 60)::int8, f.weight, f.errors, f.samples,
                   f.sum_ns, f.max_ns, f.histogram, f.calls_histogram, f.examples
            FROM {table} f JOIN rollup_key k ON k.id = f.key_id
            WHERE f.workspace_id = %s AND k.workspace_id = f.workspace_id AND k.kind = f.kind
            """,
            [workspace_id],
        )
        return cursor.fetchall()


def _counter(packed: bytes | None) -> Counter:
    counts: Counter = Counter()
    for bucket, count in struct.iter_unpack("<Hi", packed or b""):
        counts[bucket] += count
    return counts


def in_buckets(counts: Counts, minutes: int) -> Counts:
    found: Counts = defaultdict(Count)
    for (kind, parts, minute), count in counts.items():
        found[kind, parts, minute // minutes * minutes].merge(count)
    return found


def assert_same(found: Counts, wanted: Counts, examples: bool = True) -> None:
    """All numbers of all keys; maxima and examples of span names, which only grow."""
    wanted = {key: count for key, count in wanted.items() if any(count.numbers)}
    assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
    for key, count in wanted.items():
        assert found[key].numbers == count.numbers, key
        if key[0] == NAME:
            assert found[key].max_ns == count.max_ns, key
            assert found[key].best(NAME) == count.best(NAME), key
        elif examples:
            assert found[key].best(key[0]) == count.best(key[0]), key
