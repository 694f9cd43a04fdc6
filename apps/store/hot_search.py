"""Search in what is not sealed yet: every span is searchable the moment its request was answered."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from apps.store.hot_batches import CachedBatch, HotTrace
from apps.store.hot_cache import HotCache, Snapshot
from apps.store.token_filters import TokenFilter
from apps.traces.batch import TRACES
from apps.traces.draft import Draft, raw_trace_id
from apps.traces.find import Finder

MANY = 1_000
"""Hot traces, counted in each of their batches."""


class HotTraces:
    """A workspace's batches as one search sees them. What it knows of a trace it finds out when asked: a thousand
    traces a second are hot, and most searches ask for a few."""

    def __init__(self, cache: HotCache, snapshot: Snapshot):
        self._cache = cache
        self._snapshot = snapshot

    def __contains__(self, trace_id: bytes) -> bool:
        """Whether the trace has a hot span."""
        return any(b.signal == TRACES for b in self.trace(trace_id).batches)

    def trace(self, trace_id: bytes) -> HotTrace:
        return self._cache.trace(self._snapshot, trace_id)

    def are_without(self, tokens: TokenFilter, end_ns: int) -> bool:
        """Whether many traces are hot that start before `end_ns`, and none of them has these tokens: then they are rare
        among the newest that are sealed, too."""
        batches = [b for b in self._snapshot.batches if b.signal == TRACES and b.newest_ns < end_ns]
        return sum(len(b.starts) for b in batches) >= MANY and not any(tokens.may_be_in(b.tokens) for b in batches)

    def may_be_sealed(self, trace_id: bytes) -> bool:
        """Whether the trace may have a sealed row besides."""
        return self._cache.may_be_sealed(self._snapshot, trace_id)

    def note_unsealed(self, trace_ids: list[bytes]) -> None:
        """For later searches: these have no sealed row."""
        self._cache.note_unsealed(self._snapshot, trace_ids)

    def received_ns(self, trace_id: bytes) -> int:
        """When the newest hot part of the trace arrived; 0 when none is hot."""
        return 1000 * max((b.received_us for b in self.trace(trace_id).batches), default=0)

    def add_to(self, draft: Draft) -> None:
        """Put the hot spans and log records of the draft's trace into it."""
        for batch in sorted(self.trace(draft.trace_id).batches, key=lambda b: (b.received_us, b.id)):
            scopes = self._cache.open(batch).by_trace.get(draft.trace_id, ())
            if batch.signal == TRACES:
                draft.add_spans(scopes)
            else:
                draft.add_log_records(scopes)

    def matching(self, finder: Finder, tokens: TokenFilter, may_last: Callable[[bytes], bool]) -> Iterator[bytes]:
        """Ids of traces that have a hot span meeting the predicate, by their earliest hot start, newest first.

        Batches are read from the newest start downwards, so that a reader who has enough stops the work. `tokens` rule
        out most batches unread; what they let through is sieved by its bytes, and decoded when its trace's turn comes.
        Traces that `may_last` refuses are passed over.
        """
        sieved: dict[bytes, list[tuple[tuple, bytes]]] = {}
        waiting: list[tuple[int, bytes]] = []
        with_spans = [b for b in self._snapshot.batches if b.signal == TRACES and tokens.may_be_in(b.tokens)]
        for batch in sorted(with_spans, key=lambda b: b.newest_ns, reverse=True):
            while waiting and -waiting[0][0] > batch.newest_ns:
                yield from self._if_matching(heapq.heappop(waiting)[1], sieved, finder)
            for trace_id, found in self._sieved(batch, finder):
                mine = sieved.get(trace_id)
                if mine is None:
                    mine = sieved[trace_id] = []
                    if may_last(trace_id):
                        heapq.heappush(waiting, (-self.trace(trace_id).filed_ns, trace_id))
                mine.extend(found)
        while waiting:
            yield from self._if_matching(heapq.heappop(waiting)[1], sieved, finder)

    def _sieved(self, batch: CachedBatch, finder: Finder) -> Iterator[tuple[bytes, tuple]]:
        if finder.predicate.is_empty:
            yield from ((trace_id, ()) for trace_id in batch.starts)
            return
        opened = self._cache.open(batch)
        if finder.may_be_in(opened.data):
            yield from ((raw_trace_id(raw), ((key, raw),)) for key, raw in finder.sieved(opened.scopes))

    @staticmethod
    def _if_matching(trace_id: bytes, sieved, finder: Finder) -> tuple[bytes, ...]:
        if finder.predicate.is_empty or any(finder.match(*found) is not None for found in sieved[trace_id]):
            return (trace_id,)
        return ()
