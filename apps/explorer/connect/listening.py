"""Has anything arrived? The line that turns green."""

from __future__ import annotations

from dataclasses import dataclass

from apps.ingest.queries import SenderInfo, recent_senders
from apps.store.queries import first_span_received_at
from apps.store.results import TraceRow
from apps.store.search import search
from apps.traces.query import TraceQuery

HOUR_NS = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Listening:
    first_received_ns: int | None
    """None while the workspace has never received a span."""
    newest: TraceRow | None
    """The newest trace of the last hour."""
    senders: tuple[SenderInfo, ...]


def listening(workspace_id: int, now_ns: int) -> Listening:
    """What has arrived in a workspace until now."""
    first_ns = first_span_received_at(workspace_id)
    if first_ns is None:
        return Listening(None, None, ())
    # Clocks of senders run ahead at times: look a minute past now.
    window = TraceQuery(start_ns=now_ns - HOUR_NS, end_ns=now_ns + HOUR_NS // 60, limit=1)
    page = search(workspace_id, window)
    return Listening(first_ns, page.rows[0] if page.rows else None, recent_senders(workspace_id, limit=8))
