"""A fair draw of sealed traces: of one root span name, or with certain tokens, spread over a window.

For comparisons, which need some dozens or hundreds of traces of each side and not the newest. A draw is bounded in
time: it may come back with fewer than there are, and then says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from psycopg.errors import QueryCanceled

from apps.store.dictionaries import unpack
from apps.store.partitions import day_of, existing_partitions, partition_name
from apps.traces.draft import Draft
from apps.traces.moments import DAY_NS
from apps.traces.tokens import duration_choice, error_token, name_token, service_token

STRETCHES = 16
ROWS_A_STRETCH = 250
MOST_SPANS = 2_000
"""A larger trace would take the time of a hundred others."""

_SQL = Path(__file__).parent / "sql"
_SPREAD = (_SQL / "pick_spread_traces.sql").read_text()
_RARE = (_SQL / "pick_rare_traces.sql").read_text()
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Draw:
    """What to draw: up to `wanted` traces that start in [start_ns, end_ns) and have all tokens of `all_of` and one of
    `any_of`. Tokens may lie (`apps.traces.tokens`): the reader has to look again."""

    start_ns: int
    end_ns: int
    wanted: int
    all_of: tuple[int, ...]
    any_of: tuple[int, ...] = ()
    root: tuple[str, str] | None = None
    """(service, span name), exactly."""
    has_error: bool = False


def of_root(
    service: str, name: str, start_ns: int, end_ns: int, wanted: int, *, min_ns: int | None = None,
    max_ns: int | None = None, has_error: bool = False,
) -> Draw:  # fmt: skip
    """Traces of a root span name; `min_ns`, `max_ns`: of the root span's duration, to 25 %."""
    is_bounded = min_ns is not None or max_ns is not None
    any_of = duration_choice(min_ns, max_ns, [(service, name)]) if is_bounded else ()
    return Draw(start_ns, end_ns, wanted, (name_token(service, name),), any_of, (service, name), has_error)


def of_spans(
    service: str, name: str, start_ns: int, end_ns: int, wanted: int, *, names: Sequence[str] = (),
    min_ns: int | None = None, max_ns: int | None = None, has_error: bool = False,
) -> Draw:  # fmt: skip
    """Traces with a span of this service (and name, unless it is ""); with bounds one of `names` lasts that long; with
    `has_error` the service has an error."""
    own = name_token(service, name) if name else service_token(service)
    is_bounded = min_ns is not None or max_ns is not None
    any_of = duration_choice(min_ns, max_ns, [(service, one) for one in names]) if is_bounded and names else ()
    all_of = (own, error_token(service)) if has_error else (own,)
    return Draw(start_ns, end_ns, wanted, all_of, any_of, has_error=has_error)


class Picked(NamedTuple):
    trace_id: bytes
    start_ns: int
    span_count: int


@dataclass(slots=True)
class Drawn:
    picked: list[Picked]
    ran_out: bool = False
    """Time was up before all that could be had was looked at."""


def draw(cursor, workspace_id: int, asked: Draw, deadline: float) -> Drawn:
    """Up to `asked.wanted` traces in random order. `deadline`: `time.monotonic()` when to stop."""
    values = _values(workspace_id, asked)
    found = Drawn([])
    with _limited(cursor, deadline, found):
        cursor.execute(_SPREAD, values | _stretches(asked), binary=True)
        rows = cursor.fetchall()
        found.picked = [Picked(*row[:3]) for row in rows]
    if len(found.picked) < asked.wanted:
        known = {picked.trace_id for picked in found.picked}
        rare = _rare(cursor, asked, values, deadline, found)
        found.picked += [picked for picked in rare if picked.trace_id not in known]
    # Ids that begin with a time are in order of time; their checksums are not.
    found.picked.sort(key=lambda picked: crc32(picked.trace_id))
    del found.picked[asked.wanted :]
    return found


def _rare(cursor, asked: Draw, values: dict, deadline: float, found: Drawn) -> list[Picked]:
    """By GIN, day by day, the newest first."""
    first, last = day_of(max(0, asked.start_ns)), day_of(max(0, asked.end_ns - 1))
    rows: list[Picked] = []
    for day in existing_partitions(cursor):
        if not first <= day <= last:
            continue
        if time.monotonic() >= deadline:
            found.ran_out = True
            break
        with _limited(cursor, deadline, found):
            cursor.execute(_RARE.format(partition=partition_name(day)), values, binary=True)
            rows += [Picked(*row) for row in cursor.fetchall()]
        if len(rows) >= asked.wanted:
            break
    return rows


@contextmanager
def _limited(cursor, deadline: float, found: Drawn) -> Iterator[None]:
    """A transaction and a time limit around one statement; what takes too long ends the draw, not the request."""
    left_ms = max(1, int((deadline - time.monotonic()) * 1000))
    try:
        with cursor.connection.transaction():
            cursor.execute(f"SET LOCAL statement_timeout = {left_ms}")
            # Without this the planner walks whole partitions for choices among many tokens.
            cursor.execute("SET LOCAL enable_seqscan = off")
            yield
    except QueryCanceled:
        found.ran_out = True


def _values(workspace_id: int, asked: Draw) -> dict:
    service, name = asked.root or (None, None)
    return {
        "workspace": workspace_id, "most_spans": MOST_SPANS, "least_errors": int(asked.has_error),
        "root_service": service, "root_name": name, "all_of": list(asked.all_of), "any_of": list(asked.any_of) or None,
        "start_s": asked.start_ns / _NS, "end_s": asked.end_ns / _NS, "wanted": asked.wanted,
    }  # fmt: skip


def _stretches(asked: Draw) -> dict:
    length = max(1, asked.end_ns - asked.start_ns)
    edges = [(asked.start_ns + length * n // STRETCHES) / _NS for n in range(STRETCHES + 1)]
    return {"from_s": edges[:-1], "until_s": edges[1:], "rows": ROWS_A_STRETCH}


def known_traces(cursor, workspace_id: int, traces: Mapping[str, int]) -> list[Picked]:
    """Of traces by id (32 hex digits), with a moment in each (ns): those that are kept, began within the day before it
    and are not too large to be read, as they come."""
    if not traces:
        return []
    cursor.execute(
        """
        SELECT uuid_send(trace_id), start_ns, span_count FROM trace
        WHERE trace_id = ANY(%s::uuid[]) AND workspace_id = %s AND part = 0 AND span_count BETWEEN 1 AND %s
          AND started_at >= to_timestamp(%s) AND started_at <= to_timestamp(%s)
        """,
        [list(traces), workspace_id, MOST_SPANS, (min(traces.values()) - DAY_NS) / _NS, max(traces.values()) / _NS],
        binary=True,
    )
    return [Picked(*row) for row in cursor.fetchall()]


class Read(NamedTuple):
    picked: Picked
    draft: Draft
    verdict: bytes | None
    """Packed (`apps.traces.verdict.codec`)."""


def load_drafts(cursor, workspace_id: int, picked: Sequence[Picked]) -> Iterator[Read]:
    """The sealed spans of each, in the order given; those that are gone are left out."""
    cursor.execute(
        """
        SELECT uuid_send(trace_id), payload, verdict FROM trace
        WHERE trace_id = ANY(%s::uuid[]) AND workspace_id = %s AND started_at >= to_timestamp(%s)
          AND started_at < to_timestamp(%s)
        ORDER BY trace_id, part
        """,
        [[p.trace_id.hex() for p in picked], workspace_id, min((p.start_ns for p in picked), default=0) / _NS - 1,
         max((p.start_ns for p in picked), default=0) / _NS + 1],
        binary=True,
    )  # fmt: skip
    rows: dict[bytes, list[tuple[bytes, bytes | None]]] = {}
    for trace_id, payload, verdict in cursor.fetchall():
        rows.setdefault(trace_id, []).append((payload, verdict))
    for one in picked:
        if one.trace_id in rows:
            draft = Draft(one.trace_id)
            for payload, _ in rows[one.trace_id]:
                draft.add_document(unpack(cursor, payload))
            yield Read(one, draft, rows[one.trace_id][0][1])
