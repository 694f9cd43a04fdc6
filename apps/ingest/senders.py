"""Counting who sends: in memory with every request, in the database every ten seconds."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from django.db import connection
from django.utils import timezone

EVERY_S = 10
MAX_SENDERS = 200
MAX_USER_AGENT_CHARS = 120

_log = logging.getLogger(__name__)
_SQL = (Path(__file__).parent / "sql" / "count_sender.sql").read_text()

# A browser's User-Agent tells more about the visitor than about the sender.
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))

Who = tuple[int, str, str]
"""Workspace id, user agent, wire format."""


class SenderCounts:
    """Spans per sender not yet written. The first request of a sender is written at once: the Connect page
    waits for it. What comes within EVERY_S after a write is written by a timer."""

    def __init__(self):
        self._guard = threading.Lock()
        self._pending: dict[Who, int] = {}
        self._written_at: dict[Who, float] = {}
        self._timer: threading.Timer | None = None

    def note(self, workspace_id: int, user_agent: str, wire_format: str, spans: int) -> None:
        """Count one accepted request. Never raises: the spans are stored already."""
        who = (workspace_id, client_name(user_agent), wire_format)
        now = time.monotonic()
        with self._guard:
            self._pending[who] = self._pending.get(who, 0) + spans
            is_due = now - self._written_at.get(who, -EVERY_S) >= EVERY_S
            if not is_due:
                self._start_timer()
                return
            if len(self._written_at) > 10 * MAX_SENDERS:
                self._written_at = {}
            self._written_at[who] = now
            spans = self._pending.pop(who)
        self._write({who: spans})

    def flush(self) -> None:
        """Write everything pending."""
        with self._guard:
            pending, self._pending, self._timer = self._pending, {}, None
            now = time.monotonic()
            for who in pending:
                self._written_at[who] = now
        self._write(pending)

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(EVERY_S, self._flush_in_timer)
            self._timer.daemon = True
            self._timer.start()

    def _flush_in_timer(self) -> None:
        try:
            self.flush()
        finally:
            connection.close()

    def _write(self, counts: dict[Who, int]) -> None:
        now = timezone.now()
        try:
            # In one order always: two processes that write the same senders must not wait for each other.
            for (workspace_id, user_agent, wire_format), spans in sorted(counts.items()):
                row = {
                    "workspace_id": workspace_id,
                    "user_agent": user_agent,
                    "wire_format": wire_format,
                    "now": now,
                    "spans": spans,
                    "max_senders": MAX_SENDERS,
                }
                with connection.cursor() as cursor:
                    cursor.execute(_SQL, row)
        except Exception:
            _log.warning("Senders could not be counted", exc_info=True)


def client_name(user_agent: str) -> str:
    """What to call a sender: its User-Agent, or the browser's name."""
    if user_agent.startswith("Mozilla/"):
        name = next((name for mark, name in _BROWSERS if mark in user_agent), "unknown")
        return f"browser ({name})"
    text = user_agent.replace("\0", "").strip()[:MAX_USER_AGENT_CHARS]
    return text or "(no User-Agent)"


counts = SenderCounts()
