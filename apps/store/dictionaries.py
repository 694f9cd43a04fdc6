"""A workspace's compression dictionary: learned from its own traces, renewed when its traces have changed.

A frame names the dictionary it was packed with, so that several may be in use and none is ever replaced. They are
64 KiB each and stay: a kept trace may need an old one.
"""

from __future__ import annotations

import time

from apps.store.connection import store_cursor
from apps.traces.packing import Dictionary, compress, decompress, dictionary_id, train

SAMPLES = 1_500
MIN_SAMPLES = 400
MAX_SAMPLE_BYTES = 128 << 10
"""A larger trace is packed well enough on its own, and would crowd out the others."""
WORTH_IT = 0.9
"""A new dictionary must bring unseen traces to this part of their size, or the present one stays."""
LOOK_AGAIN_SECONDS = 30.0

_by_id: dict[int, Dictionary] = {}
_current: dict[int, tuple[float, Dictionary | None]] = {}


def forget_dictionaries() -> None:
    _by_id.clear()
    _current.clear()


def current_dictionary(cursor, workspace_id: int) -> Dictionary | None:
    """What new traces of the workspace are packed with; None until there were enough to learn from."""
    looked_at, known = _current.get(workspace_id, (-1e9, None))
    if time.monotonic() - looked_at > LOOK_AGAIN_SECONDS:
        cursor.execute("SELECT data FROM dictionary WHERE workspace_id = %s ORDER BY id DESC LIMIT 1", [workspace_id])
        row = cursor.fetchone()
        known = Dictionary(bytes(row[0])) if row else None
        _current[workspace_id] = (time.monotonic(), known)
    return known


def unpack(cursor, payload: bytes) -> bytes:
    """The document in a sealed trace's payload."""
    needed = dictionary_id(payload)
    if not needed:
        return decompress(payload)
    if needed not in _by_id:
        cursor.execute("SELECT data FROM dictionary WHERE id = %s", [needed])
        _by_id[needed] = Dictionary(bytes(cursor.fetchone()[0]))
    return decompress(payload, _by_id[needed])


_SAMPLE = """
    SELECT payload FROM (
        SELECT payload, part, row_number() OVER (ORDER BY started_at DESC) AS n FROM trace
        WHERE workspace_id = %s AND started_at > now() - interval '2 days' AND part = 0 AND span_count > 0
        ORDER BY started_at DESC LIMIT 20000
    ) AS recent
    WHERE length(payload) < %s ORDER BY (n * 7919) %% 20011 LIMIT %s
"""


def learn(workspace_id: int) -> bool:
    """Train on a sample of recent traces; keep the result when it is worth it. Whether it was."""
    with store_cursor() as cursor:
        cursor.execute(_SAMPLE, [workspace_id, MAX_SAMPLE_BYTES // 4, SAMPLES], binary=True)
        documents = [unpack(cursor, payload) for (payload,) in cursor.fetchall()]
        documents = [d for d in documents if len(d) <= MAX_SAMPLE_BYTES]
        if len(documents) < MIN_SAMPLES:
            return False
        unseen, seen = documents[: len(documents) // 5], documents[len(documents) // 5 :]
        before = current_dictionary(cursor, workspace_id)
        cursor.execute("SELECT nextval('dictionary_id')")
        learned = train(seen, cursor.fetchone()[0])
        if _packed_bytes(unseen, learned) > WORTH_IT * _packed_bytes(unseen, before):
            return False
        cursor.execute(
            "INSERT INTO dictionary (id, workspace_id, data) VALUES (%s, %s, %s)",
            [learned.id, workspace_id, learned.data],
        )
    return True


def _packed_bytes(documents: list[bytes], dictionary: Dictionary | None) -> int:
    return sum(len(compress(d, 3, dictionary)) for d in documents)


def workspaces_without_dictionary() -> list[int]:
    """Those that spans have been sent to."""
    with store_cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT workspace_id FROM service
            WHERE workspace_id NOT IN (SELECT workspace_id FROM dictionary) ORDER BY 1
            """
        )
        return [w for (w,) in cursor.fetchall()]


def workspaces() -> list[int]:
    with store_cursor() as cursor:
        cursor.execute("SELECT DISTINCT workspace_id FROM service ORDER BY 1")
        return [w for (w,) in cursor.fetchall()]
