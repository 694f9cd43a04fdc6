"""Keys of facts: what their parts are, and their ids in `rollup_key`.

Written as the store's names are: in a transaction of their own before the one that needs them, in sorted order, so
that two writers cannot deadlock, and remembered by each process.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from uuid import UUID

import numpy as np

from apps.insights.facts import Facts
from apps.store.names import listed_name
from apps.traces.key_book import COVERAGE, EDGE, ERROR, NAME, PART, SERVICE, Key, KeyBook

OTHER = "(other)"
MOST_KEYS = {EDGE: 20_000, NAME: 20_000, SERVICE: 5_000, PART: 100_000, ERROR: 20_000, COVERAGE: 100}
"""Per workspace, of those seen in the last KNOWN_DAYS, and KNOWN_TIMES as many of all. A sender that puts ids into
names would otherwise fill the tables; what comes beyond counts as OTHER. When it has stopped there is room again, and
releases, each a key of its service, never use it up."""
KNOWN_DAYS, KNOWN_TIMES = 7, 5
OTHERS: dict[int, tuple[str, ...]] = {
    EDGE: ("service", OTHER, "service", OTHER, "call"),
    NAME: (OTHER, OTHER, "INTERNAL", "", ""),
    SERVICE: (OTHER, ""),
    PART: (OTHER,) * 5,
    ERROR: (OTHER,) * 4,
    COVERAGE: (OTHER,),
}
REFRESH_SECONDS = 600.0
"""How old `last_seen_at` may be in the table."""
_BETWEEN = "\x1f"
_NEVER = 1 << 62


@dataclass(slots=True)
class Book:
    """The numbers of a workspace's keys in this process, and their ids in the database."""

    keys: KeyBook = field(default_factory=KeyBook)
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """By number; 0 for those not registered."""
    written_at: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """By number: `time.monotonic()`."""
    first_s: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """By number: the earliest minute this process has written, in seconds since 1970."""
    last_s: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """By number: the latest one."""

    def make_room(self) -> None:
        if self.keys.make_room():
            self.ids, self.written_at = np.zeros(0, np.int64), np.zeros(0)
            self.first_s, self.last_s = np.zeros(0, np.int64), np.zeros(0, np.int64)


def register(cursor, workspace_id: int, book: Book, facts: Facts) -> None:
    """Make every key in `facts`, there by its number, known; afterwards `book.ids` has its id."""
    missing = len(book.keys.keys) - len(book.ids)
    if missing:
        book.ids = np.concatenate((book.ids, np.zeros(missing, np.int64)))
        book.written_at = np.concatenate((book.written_at, np.full(missing, -1e9)))
        book.first_s = np.concatenate((book.first_s, np.full(missing, _NEVER)))
        book.last_s = np.concatenate((book.last_s, np.zeros(missing, np.int64)))
    first, last = _times(len(book.ids), facts)
    is_old = time.monotonic() - book.written_at > REFRESH_SECONDS
    is_behind = last > book.last_s + REFRESH_SECONDS  # hours of the past may come within a minute
    stale = np.flatnonzero((first < _NEVER) & (is_old | is_behind | (first < book.first_s)))
    if not len(stale):
        return
    named = {number: _listed(book.keys.keys[number]) for number in stale.tolist()}
    times: dict[Key, tuple[int, int]] = {}
    for number, key in named.items():
        known = times.get(key, (_NEVER, 0))
        times[key] = min(known[0], int(first[number])), max(known[1], int(last[number]))
    ids = _write(cursor, workspace_id, times)
    for number, key in named.items():
        book.ids[number] = ids[key]
    book.written_at[stale] = time.monotonic()
    book.first_s[stale] = np.minimum(book.first_s[stale], first[stale])
    book.last_s[stale] = np.maximum(book.last_s[stale], last[stale])


def _times(count: int, facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """By number of the key: its first and last minute in `facts`, in seconds since 1970 (one transaction may cover
    hours); _NEVER and 0 for those not in it."""
    first, last = np.full(count, _NEVER), np.zeros(count, np.int64)
    np.minimum.at(first, facts.key, facts.minute * 60)
    np.maximum.at(last, facts.key, facts.minute * 60)
    return first, last


def _listed(key: Key) -> Key:
    kind, parts = key
    return kind, listed_parts(parts)


def listed_parts(parts: Iterable[str]) -> tuple[str, ...]:
    """As the table holds them."""
    return tuple(listed_name(part).replace(_BETWEEN, "\ufffd") for part in parts)


def _write(cursor, workspace_id: int, times: dict[Key, tuple[int, int]]) -> dict[Key, int]:
    """Ids of all keys; those beyond the limits get the id of their kind's OTHER."""
    keys = set(times)
    by_digest = {(key[0], digest_of(key[1])): key for key in keys | {(k, OTHERS[k]) for k, _ in keys}}
    with cursor.connection.transaction():
        known = _find(cursor, workspace_id, by_digest)
        new = [name for name in by_digest if name not in known]
        wanted = [*known, *_within_limits(cursor, workspace_id, new, by_digest)]
        known |= _insert(cursor, workspace_id, {name: by_digest[name] for name in sorted(wanted)}, times)
    others = {kind: known[kind, digest_of(OTHERS[kind])] for kind in {kind for kind, _ in keys}}
    return {key: known.get(name, others[key[0]]) for name, key in by_digest.items()}


def forget_unseen(cursor, before: date) -> int:
    """Drop the keys last seen before that day; how many. Who has the id of one in a `Book` registers it anew when it
    comes again, for by then its time is long over."""
    cursor.execute("DELETE FROM rollup_key WHERE last_seen_at < %s", [before])
    return cursor.rowcount


def digest_of(parts: Iterable[str]) -> UUID:
    return UUID(bytes=blake2b(_BETWEEN.join(parts).encode(), digest_size=16).digest())


def _find(cursor, workspace_id: int, names: Iterable[tuple[int, UUID]]) -> dict[tuple[int, UUID], int]:
    kinds, digests = zip(*names, strict=True)
    cursor.execute(
        """
        SELECT kind, digest, id FROM rollup_key JOIN unnest(%s::int2[], %s::uuid[]) AS t (kind, digest)
        USING (kind, digest) WHERE workspace_id = %s
        """,
        [list(kinds), list(digests), workspace_id],
    )
    return {(kind, digest): id_ for kind, digest, id_ in cursor.fetchall()}


def _within_limits(cursor, workspace_id: int, new: list, by_digest: dict) -> list:
    """As many of the new keys as there is room for, and OTHER always."""
    taken = []
    for kind in {kind for kind, _ in new}:
        mine = [name for name in new if name[0] == kind]
        others = (kind, digest_of(OTHERS[kind]))
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE last_seen_at > now() - make_interval(days => %s))
            FROM rollup_key WHERE workspace_id = %s AND kind = %s
            """,
            [KNOWN_DAYS, workspace_id, kind],
        )
        known, alive = cursor.fetchone()
        room = max(0, min(MOST_KEYS[kind] - alive, KNOWN_TIMES * MOST_KEYS[kind] - known))
        mine.sort(key=lambda name: (name != others, by_digest[name]))
        taken += mine[: max(room, int(mine[0] == others))]
    return taken


def _insert(
    cursor, workspace_id: int, keys: dict[tuple[int, UUID], Key], times: dict[Key, tuple[int, int]]
) -> dict[tuple[int, UUID], int]:
    kinds, digests = zip(*keys, strict=True)
    whole = min(first for first, _ in times.values()), max(last for _, last in times.values())
    first_s, last_s = zip(*(times.get(key, whole) for key in keys.values()), strict=True)
    cursor.execute(
        """
        INSERT INTO rollup_key (workspace_id, kind, digest, parts, first_seen_at, last_seen_at)
        SELECT %(w)s, kind, digest, string_to_array(parts, %(between)s), to_timestamp(first_s), to_timestamp(last_s)
        FROM unnest(%(kinds)s::int2[], %(digests)s::uuid[], %(parts)s::text[], %(first)s::int8[], %(last)s::int8[])
            AS t (kind, digest, parts, first_s, last_s)
        ON CONFLICT (workspace_id, kind, digest) DO UPDATE
        SET first_seen_at = least(rollup_key.first_seen_at, excluded.first_seen_at),
            last_seen_at = greatest(rollup_key.last_seen_at, excluded.last_seen_at)
        RETURNING kind, digest, id
        """,
        {"w": workspace_id, "between": _BETWEEN, "first": list(first_s), "last": list(last_s), "kinds": list(kinds),
         "digests": list(digests), "parts": [_BETWEEN.join(parts) for _, parts in keys.values()]},
    )  # fmt: skip
    return {(kind, digest): id_ for kind, digest, id_ in cursor.fetchall()}
