"""Search in what is not sealed yet: every span is searchable the moment its request was answered."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from apps.store.candidates import TokenFilter
from apps.store.hot_cache import CachedBatch, HotCache
from apps.traces.batch import TRACES
from apps.traces.draft import Draft
from apps.traces.find import find_spans
from apps.traces.needles import may_match, needles
from apps.traces.query import SpanPredicate


class HotTraces:
    """A workspace's batches as one search sees them. What it knows of a trace it finds out when asked: a thousand
    traces a second are hot, and most searches ask for a few."""

    def __init__(self, cache: HotCache, batches: list[CachedBatch]):
        self._cache = cache
        self._batches = sorted(batches, key=lambda b: (b.received_us, b.id))
        self._with_spans = [b for b in self._batches if b.signal == TRACES]
        self._of: dict[bytes, list[CachedBatch]] = {}

    def __contains__(self, trace_id: bytes) -> bool:
        """Whether the trace has a hot span."""
        return any(b.signal == TRACES for b in self._batches_of(trace_id))

    def _batches_of(self, trace_id: bytes) -> list[CachedBatch]:
        found = self._of.get(trace_id)
        if found is None:
            found = self._of[trace_id] = [b for b in self._batches if trace_id in b.starts]
        return found

    def _spans_of(self, trace_id: bytes) -> list[CachedBatch]:
        return [b for b in self._batches_of(trace_id) if b.signal == TRACES]

    def start_ns(self, trace_id: bytes) -> int:
        """When its earliest hot span started as filed: never a time that cannot be true."""
        return min(b.filed[trace_id] for b in self._spans_of(trace_id))

    def received_ns(self, trace_id: bytes) -> int:
        """When the newest hot part of the trace arrived; 0 when none is hot."""
        return 1000 * max((b.received_us for b in self._batches_of(trace_id)), default=0)

    def duration_ns(self, trace_id: bytes) -> int:
        """From the first start to the last end of its hot spans; the whole trace lasted at least so long."""
        mine = self._spans_of(trace_id)
        starts = [b.starts[trace_id] for b in mine if b.starts[trace_id]]
        return max(0, max(b.ends[trace_id] for b in mine) - min(starts)) if starts else 0

    def add_to(self, draft: Draft) -> None:
        """Put the hot spans and log records of the draft's trace into it."""
        for batch in self._batches_of(draft.trace_id):
            scopes = self._cache.open(batch).by_trace.get(draft.trace_id, ())
            if batch.signal == TRACES:
                draft.add_spans(scopes)
            else:
                draft.add_log_records(scopes)

    def matching(self, predicate: SpanPredicate, tokens: TokenFilter) -> Iterator[bytes]:
        """Ids of traces that have a hot span meeting the predicate, by their earliest hot start, newest first.

        Batches are read from the newest start downwards, so that a reader who has enough stops the work. `tokens` rule
        out most batches unread; what they let through is sieved by its bytes, then decoded.
        """
        conditions = needles(predicate)
        found: set[bytes] = set()
        waiting: list[tuple[int, bytes]] = []
        for batch in sorted(self._with_spans, key=lambda b: b.newest_ns, reverse=True):
            while waiting and -waiting[0][0] > batch.newest_ns:
                yield heapq.heappop(waiting)[1]
            for trace_id in self._matching_in(batch, predicate, tokens, conditions, found):
                if trace_id not in found:
                    found.add(trace_id)
                    heapq.heappush(waiting, (-self.start_ns(trace_id), trace_id))
        while waiting:
            yield heapq.heappop(waiting)[1]

    def _matching_in(self, batch: CachedBatch, predicate, tokens: TokenFilter, conditions, found) -> Iterator[bytes]:
        if predicate.is_empty:
            yield from batch.starts
        elif tokens.may_be_in(batch.tokens):
            opened = self._cache.open(batch)
            if may_match(opened.data, conditions):
                yield from (s.pb.trace_id for s in find_spans(opened.scopes, predicate, conditions, besides=found))
