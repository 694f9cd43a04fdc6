"""Search in what is not sealed yet: every span is searchable the moment its request was answered."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from apps.store.hot_cache import CachedBatch, HotCache, Snapshot
from apps.store.token_filters import TokenFilter
from apps.traces.batch import TRACES
from apps.traces.draft import Draft, raw_trace_id
from apps.traces.find import Finder


class HotTraces:
    """A workspace's batches as one search sees them. What it knows of a trace it finds out when asked: a thousand
    traces a second are hot, and most searches ask for a few."""

    def __init__(self, cache: HotCache, snapshot: Snapshot):
        self._cache = cache
        self._snapshot = snapshot
        self._of: dict[bytes, list[CachedBatch]] = {}

    def __contains__(self, trace_id: bytes) -> bool:
        """Whether the trace has a hot span."""
        return any(b.signal == TRACES for b in self._batches_of(trace_id))

    def _batches_of(self, trace_id: bytes) -> list[CachedBatch]:
        """Oldest first."""
        found = self._of.get(trace_id)
        if found is None:
            found = self._cache.batches_of(self._snapshot, trace_id)
            if len(found) > 1:
                found.sort(key=lambda b: (b.received_us, b.id))
            self._of[trace_id] = found
        return found

    def _spans_of(self, trace_id: bytes) -> list[CachedBatch]:
        return [b for b in self._batches_of(trace_id) if b.signal == TRACES]

    def maybe_sealed(self, trace_ids: list[bytes]) -> list[bytes]:
        """Those that may have a sealed row."""
        return self._cache.maybe_sealed(self._snapshot, trace_ids)

    def note_unsealed(self, trace_ids: list[bytes]) -> None:
        """For later searches: these have no sealed row."""
        self._cache.note_unsealed(self._snapshot, trace_ids)

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

    def matching(self, finder: Finder, tokens: TokenFilter) -> Iterator[bytes]:
        """Ids of traces that have a hot span meeting the predicate, by their earliest hot start, newest first.

        Batches are read from the newest start downwards, so that a reader who has enough stops the work. `tokens` rule
        out most batches unread; what they let through is sieved by its bytes, and decoded when its trace's turn comes.
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
                    heapq.heappush(waiting, (-self.start_ns(trace_id), trace_id))
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
