"""Ids of keys by their parts."""

from __future__ import annotations

from collections.abc import Sequence

from apps.insights.keys import digest_of, listed_parts


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
