"""One trace, whole: its sealed rows and whatever has arrived since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from apps.store.dictionaries import unpack
from apps.store.hot_search import HotTraces
from apps.store.partitions import partition_name
from apps.traces.draft import Draft
from apps.traces.packing import decompress

_ALL_PARTS = """
    SELECT uuid_send(trace_id), payload, logs, (extract(epoch FROM received_at) * 1e6)::int8, started_at,
           verdict
    FROM trace WHERE trace_id = ANY(%s::uuid[]) AND workspace_id = %s ORDER BY trace_id, started_at, part
"""
Parts = list[tuple]
"""Rows of one trace: (payload, logs or None, µs of arrival, filed at, verdict or None)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    payload: bytes
    """Serialised TracesData; empty when nothing is stored."""
    logs: bytes
    """Serialised LogsData."""
    sealed_ns: int
    """When the newest sealed span arrived; 0 when none is sealed."""
    verdict: bytes | None = None
    """Of all of it; None when parts were put together."""


def load_whole(cursor, workspace_id: int, trace_id: bytes, hot: HotTraces) -> Loaded:
    """Sealed spans first, in the order they were sealed, then hot ones."""
    rows = sealed_parts(cursor, workspace_id, [trace_id]).get(trace_id, [])
    sealed_ns = max((at_us for _, _, at_us, *_ in rows), default=0) * 1000
    if not hot.received_ns(trace_id) and len({filed_at for *_, filed_at, _ in rows}) <= 1:
        # One sealing wrote all rows, and so nothing stands twice in them: laid end to end they are one document.
        logs = b"".join(decompress(logs) for _, logs, *_ in rows if logs)
        verdict = next((verdict for *_, verdict in rows if verdict), None)
        return Loaded(b"".join(unpack(cursor, payload) for payload, *_ in rows), logs, sealed_ns, verdict)
    draft = put_together(cursor, trace_id, rows, hot)
    return Loaded(b"".join(draft.documents()) if draft.groups else b"", draft.logs_document(), sealed_ns)


def load_draft(cursor, workspace_id: int, trace_id: bytes, hot: HotTraces) -> Draft:
    """The same as a draft; empty when nothing is stored."""
    return put_together(cursor, trace_id, sealed_parts(cursor, workspace_id, [trace_id]).get(trace_id, []), hot)


def sealed_parts(cursor, workspace_id: int, trace_ids: list[bytes]) -> dict[bytes, Parts]:
    """The sealed rows of those among `trace_ids` that have any."""
    cursor.execute(_ALL_PARTS, [[i.hex() for i in trace_ids], workspace_id], binary=True)
    found: dict[bytes, Parts] = {}
    for trace_id, *part in cursor.fetchall():
        found.setdefault(trace_id, []).append(tuple(part))
    return found


def put_together(cursor, trace_id: bytes, rows: Parts, hot: HotTraces) -> Draft:
    """Sealed parts first, then hot ones."""
    draft = Draft(trace_id)
    for payload, logs, *_ in rows:
        draft.add_document(unpack(cursor, payload))
        if logs:
            draft.add_logs(decompress(logs))
    hot.add_to(draft)
    return draft


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
