"""Search in what is not sealed yet: every span is searchable the moment its request was answered."""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.store.hot_cache import CachedBatch, HotCache
from apps.traces.batch import TRACES
from apps.traces.draft import Draft, raw_scopes, raw_trace_id
from apps.traces.match import span_matches
from apps.traces.model import Resource, Scope, Span
from apps.traces.needles import may_match, needles
from apps.traces.query import SpanPredicate


@dataclass(slots=True)
class HotTraces:
    """A workspace's batches as one search sees them."""

    cache: HotCache
    batches: list[CachedBatch]

    def starts(self) -> dict[bytes, int]:
        """Trace id -> earliest start among its hot spans, ns."""
        found: dict[bytes, int] = {}
        for batch in self.batches:
            for trace_id, start in batch.starts.items():
                known = found.get(trace_id)
                if known is None or start < known:
                    found[trace_id] = start
        return found

    def received_ns(self, trace_id: bytes) -> int:
        return 1000 * max((b.received_us for b in self.batches if trace_id in b.starts), default=0)

    def add_to(self, draft: Draft) -> bool:
        """Put the hot spans and log records of the draft's trace into it; whether there were any."""
        mine = sorted((b for b in self.batches if draft.trace_id in b.starts), key=lambda b: (b.received_us, b.id))
        for batch in mine:
            (draft.add_document if batch.signal == TRACES else draft.add_logs)(self.cache.plain(batch))
        return bool(mine)

    def matching(self, predicate: SpanPredicate) -> set[bytes]:
        """Ids of traces that have a hot span meeting the predicate."""
        with_spans = [b for b in self.batches if b.signal == TRACES]
        if predicate.is_empty:
            return {trace_id for b in with_spans for trace_id in b.starts}
        conditions = needles(predicate)
        found: set[bytes] = set()
        for batch in with_spans:
            data = self.cache.plain(batch)
            if may_match(data, conditions):
                found |= _matching_in(data, predicate, conditions, found)
        return found


def _matching_in(data: bytes, predicate: SpanPredicate, conditions, found: set[bytes]) -> set[bytes]:
    new: set[bytes] = set()
    for (resource, resource_schema, scope, scope_schema), raws in raw_scopes(data):
        around = resource + scope
        open_conditions = [c for c in conditions if not any(needle in around for needle in c)]
        model = None
        for raw in raws:
            if not may_match(raw, open_conditions):
                continue
            trace_id = raw_trace_id(raw)
            if trace_id in found or trace_id in new:
                continue
            if model is None:
                model = (
                    Resource(ResourcePb.FromString(resource), resource_schema),
                    Scope(InstrumentationScope.FromString(scope), scope_schema),
                )
            if span_matches(Span(SpanPb.FromString(raw), *model, 0), predicate):
                new.add(trace_id)
    return new
