"""What keys are about, by their ids, remembered by each process.

The parts of a key never change and an id is never given twice, while every window of a page is about the same thousands
of keys: to join and read their texts anew takes a third of the time that reading a map does.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern

MOST = 50_000
"""Some 20 MB of usual names; of more all are forgotten."""
_known: dict[int, tuple[str, ...]] = {}


def parts_of(cursor, ids: Sequence[int]) -> list[tuple[str, ...] | None]:
    """Of each id; None where its key has been dropped, as is found when it is not remembered."""
    found = [*map(_known.get, ids)]
    missing = [id_ for id_, parts in zip(ids, found, strict=True) if parts is None]
    if not missing:
        return found
    cursor.execute("SELECT id, parts FROM rollup_key WHERE id = ANY(%s)", [missing], binary=True)
    read = {id_: tuple(map(intern, parts)) for id_, parts in cursor.fetchall()}
    _known.update(read)
    if len(_known) > MOST:
        _known.clear()
    return [read.get(id_) if parts is None else parts for id_, parts in zip(ids, found, strict=True)]
