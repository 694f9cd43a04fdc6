"""Ids of keys by their parts."""

from __future__ import annotations

from collections.abc import Sequence

from apps.insights.keys import digest_of, listed_parts
from apps.traces.deposits import QUEUE_WAIT
from apps.traces.key_book import EDGE, PART


def prefix_sql(prefix: Sequence[str], suffix: Sequence[str] = ()) -> tuple[str, dict[str, str]]:
    """Conditions (each after AND) on `parts`, served by the index on its first two, and their values."""
    conditions, values = "", {}
    for n, part in enumerate(listed_parts(prefix), 1):
        conditions += f" AND parts[{n}] = %(first{n})s"
        values[f"first{n}"] = part
    for n, part in enumerate(reversed(listed_parts(suffix))):
        conditions += f" AND parts[cardinality(parts) - {n}] = %(last{n})s"
        values[f"last{n}"] = part
    return conditions, values


def ids_with(
    cursor, workspace_id: int, kind: int, prefix: Sequence[str] = (), suffix: Sequence[str] = ()
) -> list[int]:  # fmt: skip
    conditions, values = prefix_sql(prefix, suffix)
    cursor.execute(
        f"SELECT id FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = %(kind)s{conditions}",
        {"workspace": workspace_id, "kind": kind, **values},
    )
    return [id_ for (id_,) in cursor.fetchall()]


def ids_of(cursor, workspace_id: int, kind: int, keys: Sequence[Sequence[str]]) -> list[int]:
    """Of exactly these keys, those that are known."""
    digests = [digest_of(listed_parts(parts)) for parts in keys]
    cursor.execute(
        "SELECT id FROM rollup_key WHERE workspace_id = %s AND kind = %s AND digest = ANY(%s)",
        [workspace_id, kind, digests],
    )
    return [id_ for (id_,) in cursor.fetchall()]


def ids_around(cursor, workspace_id: int, service: str) -> list[int]:
    """Of edges from or to a service."""
    cursor.execute(
        f"""
        SELECT id FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = {EDGE}
          AND ((parts[1] = 'service' AND parts[2] = %(service)s) OR (parts[3] = 'service' AND parts[4] = %(service)s))
        """,
        {"workspace": workspace_id, "service": listed_parts((service,))[0]},
    )
    return [id_ for (id_,) in cursor.fetchall()]


def ids_of_part(cursor, workspace_id: int, service: str, span_name: str) -> list[int]:
    """Of the parts that are the own time of a span name, whatever the root and the kind of work."""
    service, span_name = listed_parts((service,))[0], listed_parts((span_name,))[0]
    cursor.execute(
        f"""
        SELECT id FROM rollup_key WHERE workspace_id = %(workspace)s AND kind = {PART}
          AND parts[3] = %(service)s AND parts[4] = %(name)s AND parts[5] <> %(wait)s
        """,
        {"workspace": workspace_id, "service": service, "name": span_name, "wait": QUEUE_WAIT},
    )
    return [id_ for (id_,) in cursor.fetchall()]


def ids_of_first(cursor, workspace_id: int, kind: int, firsts: Sequence[str]) -> list[int]:
    """Of all keys whose first part is one of these."""
    cursor.execute(
        "SELECT id FROM rollup_key WHERE workspace_id = %s AND kind = %s AND parts[1] = ANY(%s)",
        [workspace_id, kind, [listed_parts((first,))[0] for first in firsts]],
    )
    return [id_ for (id_,) in cursor.fetchall()]
