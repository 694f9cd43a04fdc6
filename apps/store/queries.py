"""What pages and APIs ask the store besides searching."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings

from apps.store.connection import store_cursor
from apps.store.hot_cache import hot_cache
from apps.store.hot_search import HotTraces
from apps.store.load import Loaded, load_whole
from apps.store.names import listed_name
from apps.store.results import ServiceInfo, SpanNameInfo, StoredTrace
from apps.traces.model import KINDS
from apps.traces.otlp import read_trace


def load_trace(workspace_id: int, trace_id: str) -> StoredTrace | None:
    """Everything stored of `trace_id` (32 hex digits) in this workspace, or None. No time hint is needed."""
    return next(load_traces(workspace_id, [trace_id]), None)


def load_traces(workspace_id: int, trace_ids: Iterable[str]) -> Iterator[StoredTrace]:
    """The stored ones among `trace_ids`, in their order, each loaded when asked for; one look at what is hot serves
    them all."""
    with store_cursor() as cursor:
        hot = HotTraces(hot_cache, hot_cache.look(cursor, workspace_id))
        for trace_id in trace_ids:
            wanted = bytes.fromhex(trace_id)
            loaded = load_whole(cursor, workspace_id, wanted, hot)
            if loaded.payload:
                yield _stored(trace_id, loaded, hot.received_ns(wanted))


def _stored(trace_id: str, loaded: Loaded, hot_ns: int) -> StoredTrace:
    trace = read_trace(trace_id, loaded.payload, loaded.logs)
    return StoredTrace(trace, not hot_ns, max(hot_ns, loaded.sealed_ns), loaded.payload, loaded.verdict)


def stored_verdicts(workspace_id: int, trace_ids: Iterable[str]) -> dict[str, bytes]:
    """Trace id -> its verdict as it was packed at sealing (`apps.traces.verdict.codec`), of those that have one."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT trace_id::text, verdict FROM trace
            WHERE trace_id = ANY(%s::uuid[]) AND workspace_id = %s AND part = 0 AND verdict IS NOT NULL
            """,
            [list(trace_ids), workspace_id],
        )
        return {trace_id.replace("-", ""): bytes(verdict) for trace_id, verdict in cursor.fetchall()}


def has_trace(workspace_id: int, trace_id: str) -> bool:
    """Whether a span of `trace_id` (32 hex digits) is stored in this workspace; nothing of it is read."""
    wanted = bytes.fromhex(trace_id)
    with store_cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM trace WHERE trace_id = %s::uuid AND workspace_id = %s AND span_count > 0)",
            [trace_id, workspace_id],
        )
        if cursor.fetchone()[0]:
            return True
        return wanted in HotTraces(hot_cache, hot_cache.look(cursor, workspace_id))


def trace_version(workspace_id: int, trace_id: str) -> str | None:
    """A word that changes whenever spans of the trace (32 hex digits) arrive or are sealed; None when none is stored.

    Costs one index look-up, where `load_trace` decodes every span: pages ask it before they load a trace again.
    """
    wanted = bytes.fromhex(trace_id)
    with store_cursor() as cursor:
        trace = hot_cache.trace(hot_cache.look(cursor, workspace_id), wanted)
        hot = [batch.received_us for batch in trace.batches]
        cursor.execute(
            """
            SELECT count(*), coalesce(sum(span_count), 0)::int8,
                   coalesce((extract(epoch FROM max(received_at)) * 1e6)::int8, 0)
            FROM trace WHERE trace_id = %s::uuid AND workspace_id = %s
            """,
            [trace_id, workspace_id],
        )
        rows, spans, sealed_us = cursor.fetchone()
    if not hot and not rows:
        return None
    return f"{spans:x}-{sealed_us:x}-{len(hot):x}-{max(hot, default=0):x}"


def list_services(workspace_id: int) -> tuple[ServiceInfo, ...]:
    """By name."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT name, hue, (extract(epoch FROM first_seen_at) * 1e6)::int8 * 1000,
                   (extract(epoch FROM last_seen_at) * 1e6)::int8 * 1000
            FROM service WHERE workspace_id = %s ORDER BY name
            """,
            [workspace_id],
        )
        return tuple(ServiceInfo(*row) for row in cursor.fetchall())


def has_service_since(workspace_id: int, after_ns: int) -> bool:
    """Whether a service was first seen after that moment."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM service
                           WHERE workspace_id = %s AND (extract(epoch FROM first_seen_at) * 1e6)::int8 * 1000 > %s)
            """,
            [workspace_id, after_ns],
        )
        return cursor.fetchone()[0]


def list_span_names(workspace_id: int, service: str | None = None, kind: str | None = None) -> tuple[SpanNameInfo, ...]:
    """By name, of one service or all, of one kind (`SERVER`, …) or all."""
    numbers = [n for n, name in enumerate(KINDS) if kind is None or name == kind]
    listed = None if service is None else listed_name(service)
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT service, name, kind FROM span_name
            WHERE workspace_id = %s AND (%s::text IS NULL OR service = %s) AND kind = ANY(%s)
            ORDER BY name, service, kind
            """,
            [workspace_id, listed, listed, numbers],
        )
        return tuple(SpanNameInfo(s, n, KINDS[k] if k < len(KINDS) else "INTERNAL") for s, n, k in cursor.fetchall())


def first_span_received_at(workspace_id: int) -> int | None:
    """When the workspace received its first span, ns; None when it never did."""
    with store_cursor() as cursor:
        cursor.execute(
            "SELECT (extract(epoch FROM min(first_seen_at)) * 1e6)::int8 * 1000 FROM service WHERE workspace_id = %s",
            [workspace_id],
        )
        return cursor.fetchone()[0]


@dataclass(frozen=True, slots=True)
class StorageStatus:
    backlog_spans: int
    """Spans received and not sealed yet."""
    backlog_batches: int
    oldest_unsealed_s: float
    """Age of the oldest unsealed batch; the quiet time is normal."""

    @property
    def digest_lag_s(self) -> float:
        """How long spans have been waiting that could be sealed."""
        return max(0.0, self.oldest_unsealed_s - settings.TRACER_QUIET_SECONDS)


def storage_status() -> StorageStatus:
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(span_count), 0)::int8, count(*),
                   coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
            FROM batch
            """
        )
        return StorageStatus(*cursor.fetchone())
