"""One trace, whole: its sealed rows and whatever has arrived since."""

from __future__ import annotations

from datetime import date

from apps.store.dictionaries import unpack
from apps.store.hot_search import HotTraces
from apps.store.partitions import partition_name
from apps.traces.draft import Draft
from apps.traces.packing import decompress

_ALL_PARTS = """
    SELECT payload, logs, (extract(epoch FROM received_at) * 1e6)::int8
    FROM trace WHERE trace_id = %s::uuid AND workspace_id = %s ORDER BY started_at, part
"""


def load_draft(cursor, workspace_id: int, trace_id: bytes, hot: HotTraces) -> Draft:
    """Sealed spans first, in the order they were sealed, then hot ones; empty when nothing is stored."""
    draft, _ = load_with_arrival(cursor, workspace_id, trace_id, hot)
    return draft


def load_with_arrival(cursor, workspace_id: int, trace_id: bytes, hot: HotTraces) -> tuple[Draft, int]:
    """(draft, when the newest sealed span arrived in ns or 0)."""
    cursor.execute(_ALL_PARTS, [trace_id.hex(), workspace_id], binary=True)
    draft, received_us = Draft(trace_id), 0
    for payload, logs, at_us in cursor.fetchall():
        draft.add_document(unpack(cursor, payload))
        received_us = max(received_us, at_us)
        if logs:
            draft.add_logs(decompress(logs))
    hot.add_to(draft)
    return draft, received_us * 1000


def sealed_documents(cursor, workspace_id: int, day: date, trace_ids: list[bytes]) -> dict[bytes, bytes]:
    """Trace id -> serialised TracesData (all its rows; documents laid end to end are one document)."""
    cursor.execute(
        f"""
        SELECT uuid_send(trace_id), payload FROM {partition_name(day)}
        WHERE trace_id = ANY(%s::uuid[]) AND workspace_id + 0 = %s ORDER BY trace_id, part
        """,
        [[i.hex() for i in trace_ids], workspace_id],
        binary=True,
    )
    found: dict[bytes, bytes] = {}
    for trace_id, payload in cursor.fetchall():
        found[trace_id] = found.get(trace_id, b"") + unpack(cursor, payload)
    return found
