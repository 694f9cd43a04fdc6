"""The names people choose from: services with their hue, span names, attribute keys.

Each process remembers what it has written, so that a name costs one statement when it is new and none after.
Rows are inserted in sorted order in a transaction of their own, which is why two writers cannot deadlock.
"""

from __future__ import annotations

import threading
import time

HUES = 28
MAX_NAME_BYTES = 1_200
"""As UTF-8: a btree entry, here of a service and a span name, must stay below 2 704 bytes. A longer name is listed
by its beginning."""
MAX_SPAN_NAMES = 20_000
MAX_ATTRIBUTE_KEYS = 10_000
"""Per workspace. A sender that puts ids into names would otherwise fill the lists people choose from."""
REFRESH_SECONDS = 600.0
"""How old `last_seen_at` may be in the table."""

LOOK_AGAIN_SECONDS = 60.0
"""How old an answer to `are_span_names_cut` may be: counting 20 000 names takes 1.5 ms, and 9 before a vacuum."""

_lock = threading.Lock()
_written: dict[tuple, float] = {}
_span_names_cut: dict[int, tuple[float, bool]] = {}


def _new(kind: str, workspace_id: int, names) -> list:
    now = time.monotonic()
    return sorted(n for n in names if now - _written.get((kind, workspace_id, n), -1e9) > REFRESH_SECONDS)


def _remember(kind: str, workspace_id: int, names) -> None:
    now = time.monotonic()
    with _lock:
        if len(_written) > 200_000:
            _written.clear()
        _written.update({(kind, workspace_id, n): now for n in names})


def forget_written() -> None:
    """Forget what this process has written and read (tests empty the tables under it)."""
    _written.clear()
    _span_names_cut.clear()


def listed_name(name: str) -> str:
    """A name as these tables hold it: PostgreSQL's text cannot hold U+0000."""
    return name.replace("\x00", "\ufffd").encode("utf-8", "replace")[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def register_services(cursor, workspace_id: int, names) -> None:
    """Make `names` known. The next free hue goes to each new one; when all 28 are out they start again."""
    fresh = _new("service", workspace_id, names)
    if not fresh:
        return
    with cursor.connection.transaction():
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_HUE_LOCK, workspace_id])
        for name in fresh:
            cursor.execute(_ADD_SERVICE, {"w": workspace_id, "n": listed_name(name), "hues": HUES})
    _remember("service", workspace_id, fresh)


_HUE_LOCK = 0x68756573
"""Two senders of new services at once would count the same number of services, and give one hue twice. The moment is
taken under the lock too: no service is ever first seen before one that could be seen already."""

_ADD_SERVICE = """
    INSERT INTO service (workspace_id, name, hue, first_seen_at, last_seen_at)
    SELECT %(w)s, %(n)s, (SELECT count(*) FROM service WHERE workspace_id = %(w)s) %% %(hues)s + 1,
           clock_timestamp(), clock_timestamp()
    ON CONFLICT (workspace_id, name) DO UPDATE SET last_seen_at = excluded.last_seen_at
"""


def register_span_names(cursor, workspace_id: int, names) -> None:
    """Make (service, span name, OTLP kind number) triples known."""
    fresh = _new("span_name", workspace_id, names)
    if not fresh:
        return
    rows = sorted({(listed_name(s), listed_name(n), k) for s, n, k in fresh})
    cursor.execute(
        """
        INSERT INTO span_name (workspace_id, service, name, kind, last_seen_at)
        SELECT %(w)s, s, n, k, now() FROM unnest(%(s)s::text[], %(n)s::text[], %(k)s::int2[]) AS t (s, n, k)
        WHERE (SELECT count(*) FROM span_name WHERE workspace_id = %(w)s) < %(most)s
        ON CONFLICT (workspace_id, service, name, kind) DO UPDATE SET last_seen_at = excluded.last_seen_at
        """,
        {"w": workspace_id, "most": MAX_SPAN_NAMES, "s": [r[0] for r in rows], "n": [r[1] for r in rows],
         "k": [r[2] for r in rows]},
    )  # fmt: skip
    _remember("span_name", workspace_id, fresh)


def register_attribute_keys(cursor, workspace_id: int, keys) -> None:
    fresh = _new("attribute_key", workspace_id, keys)
    if not fresh:
        return
    cursor.execute(
        """
        INSERT INTO attribute_key (workspace_id, key, last_seen_at)
        SELECT %(w)s, k, now() FROM unnest(%(keys)s::text[]) AS t (k)
        WHERE (SELECT count(*) FROM attribute_key WHERE workspace_id = %(w)s) < %(most)s
        ON CONFLICT (workspace_id, key) DO UPDATE SET last_seen_at = excluded.last_seen_at
        """,
        {"w": workspace_id, "most": MAX_ATTRIBUTE_KEYS, "keys": sorted({listed_name(k) for k in fresh})},
    )
    _remember("attribute_key", workspace_id, fresh)


def are_attribute_keys_cut(listed: int) -> bool:
    """Whether so many listed keys may not be all that were sent."""
    return listed >= MAX_ATTRIBUTE_KEYS


def are_span_names_cut(cursor, workspace_id: int) -> bool:
    """Whether the listed span names may not be all that were sent. Names are never taken off the list."""
    counted_at, is_cut = _span_names_cut.get(workspace_id, (-1e9, False))
    if not is_cut and time.monotonic() - counted_at > LOOK_AGAIN_SECONDS:
        cursor.execute("SELECT count(*) FROM span_name WHERE workspace_id = %s", [workspace_id])
        is_cut = cursor.fetchone()[0] >= MAX_SPAN_NAMES
        _span_names_cut[workspace_id] = (time.monotonic(), is_cut)
    return is_cut
