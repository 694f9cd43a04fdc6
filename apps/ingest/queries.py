"""Questions about senders, as finished data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.ingest.models import Sender


@dataclass(frozen=True, slots=True)
class SenderInfo:
    """One client program. `user_agent` is a stranger's text; `spans` lags up to 10 s behind."""

    user_agent: str
    wire_format: str
    first_seen_at: datetime
    last_seen_at: datetime
    spans: int


def recent_senders(workspace_id: int, limit: int = 50) -> tuple[SenderInfo, ...]:
    """Who sent to this workspace, the latest first."""
    rows = Sender.objects.filter(workspace_id=workspace_id).order_by("-last_seen_at", "id")[:limit]
    return tuple(
        SenderInfo(row.user_agent, row.wire_format, row.first_seen_at, row.last_seen_at, row.spans) for row in rows
    )
