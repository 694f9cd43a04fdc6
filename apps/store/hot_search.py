"""Search in what is not sealed yet: every span is searchable the moment its request was answered."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from django.conf import settings

from apps.store.candidates import TokenFilter
from apps.store.hot_cache import CachedBatch, HotCache
from apps.store.sealed import filed_at
from apps.traces.batch import TRACES
from apps.traces.draft import Draft
from apps.traces.find import find_spans
from apps.traces.needles import may_match, needles
from apps.traces.query import SpanPredicate


class HotTraces:
    """A workspace's batches as one search sees them."""

    def __init__(self, cache: HotCache, batches: list[CachedBatch]):
        self._cache = cache
        self._by_trace: dict[bytes, list[CachedBatch]] = {}
        self.starts: dict[bytes, int] = {}
        """Trace id -> when its earliest hot span started as filed, ns: never a time that cannot be true."""
        self._times: dict[bytes, tuple[int, int]] = {}
        self._with_spans = [b for b in batches if b.signal == TRACES]
        for batch in sorted(batches, key=lambda b: (b.received_us, b.id)):
            received_ns = batch.received_us * 1000
            for trace_id, start in batch.starts.items():
                self._by_trace.setdefault(trace_id, []).append(batch)
                if batch.signal == TRACES:
                    first, last = self._times.get(trace_id, (1 << 63, 0))
                    self._times[trace_id] = (min(first, start or first), max(last, batch.ends[trace_id]))
                start = filed_at(start, received_ns, settings.TRACER_RETENTION_DAYS)
                if batch.signal == TRACES and start < self.starts.get(trace_id, 1 << 63):
                    self.starts[trace_id] = start

    def received_ns(self, trace_id: bytes) -> int:
        """When the newest hot part of the trace arrived; 0 when none is hot."""
        return 1000 * max((b.received_us for b in self._by_trace.get(trace_id, ())), default=0)

    def add_to(self, draft: Draft) -> None:
        """Put the hot spans and log records of the draft's trace into it."""
        for batch in self._by_trace.get(draft.trace_id, ()):
            scopes = self._cache.open(batch).by_trace.get(draft.trace_id, ())
            if batch.signal == TRACES:
                draft.add_spans(scopes)
            else:
                draft.add_log_records(scopes)

    def duration_ns(self, trace_id: bytes) -> int:
        """From the first start to the last end of its hot spans; the whole trace lasted at least so long."""
        start, end = self._times[trace_id]
        return max(0, end - start)

    def matching(self, predicate: SpanPredicate, tokens: TokenFilter) -> Iterator[bytes]:
        """Ids of traces that have a hot span meeting the predicate, by their earliest hot start, newest first.

        Batches are read from the newest start downwards, so that a reader who has enough stops the work. `tokens` rule
        out most batches unread; what they let through is sieved by its bytes, then decoded.
        """
        if predicate.is_empty:
            yield from sorted(self.starts, key=lambda t: (self.starts[t], t), reverse=True)
            return
        conditions = needles(predicate)
        found: set[bytes] = set()
        waiting: list[tuple[int, bytes]] = []
        newest = {b.id: max(self.starts[t] for t in b.starts) for b in self._with_spans}
        for batch in sorted(self._with_spans, key=lambda b: newest[b.id], reverse=True):
            while waiting and -waiting[0][0] > newest[batch.id]:
                yield heapq.heappop(waiting)[1]
            if not tokens.may_be_in(batch.tokens):
                continue
            opened = self._cache.open(batch)
            if may_match(opened.data, conditions):
                for span in find_spans(opened.scopes, predicate, conditions, besides=found):
                    trace_id = span.pb.trace_id
                    found.add(trace_id)
                    heapq.heappush(waiting, (-self.starts[trace_id], trace_id))
        while waiting:
            yield heapq.heappop(waiting)[1]
