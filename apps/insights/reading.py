"""Facts of a window, summed up by key: one statement over the levels and the inbox, hence one snapshot.

How far levels are closed is read before. A level stays closed, so that an older answer only reads finer buckets; the
other way round a bucket that has just been closed would be missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from apps.insights.change import QUANTILES
from apps.insights.closed import read_closed
from apps.insights.cover import Stretch, cover
from apps.insights.facts import best_examples, unpack, unpack_examples
from apps.insights.figures import Example, Figures
from apps.insights.key_parts import parts_of
from apps.insights.levels import DAY, LEVELS, MINUTE
from apps.insights.window import Window
from apps.traces.histogram import LAST, Histogram, Ranks, value_of
from apps.traces.key_book import EDGE, NAME, SERVICE

_SCALARS = "weight, errors, samples, sum_ns, max_ns"
SUMS = """sum(weight)::int8, sum(errors)::int8, sum(samples)::int8,
           least(greatest(sum(sum_ns), -9223372036854775808), 9223372036854775807)::int8, max(max_ns)"""
_BYTES = ("histogram", "calls_histogram", "examples")
_EMPTY = {EDGE: _BYTES[1:], SERVICE: _BYTES[1:]}
"""Columns in which the facts of a kind never have anything: to put nothing together takes a fifth of a statement."""

_BUCKETS, _ROWS_AT_ONCE = LAST + 1, 128
_VALUES = np.array([value_of(bucket) for bucket in range(_BUCKETS)])
_TOPS = [round(value) for value in _VALUES.tolist()]
_SHARES = tuple(QUANTILES.values())
"""Quantiles that pages compare: found for all rows at once."""

Place = TypeVar("Place")
Row = tuple[tuple[str, ...], Sequence]
"""(parts of the key, as far as they tell rows apart; its sums)"""


class Asked(NamedTuple):
    """`keys`: ids of keys, or None for all of the kind. `by`: so many first parts of the keys tell rows apart, None for
    all of them."""

    workspace_id: int
    kind: int
    stretches: list[Stretch]
    keys: list[int] | None = None
    histograms: bool = True
    by: int | None = None


class Sums(NamedTuple):
    """As in `Figures`."""

    weight: int
    samples: int
    sum_ns: int
    max_ns: int


def stretches_of(cursor, window: Window, step_minutes: int | None = None) -> list[Stretch]:
    """How to read the window; with a step, buckets that lie within steps as far as there are any."""
    closed = read_closed(cursor)
    if closed is None:
        return cover(window, None)
    midnight = closed[MINUTE] // DAY.minutes * DAY.minutes
    oldest = {level: midnight - level.kept_days * DAY.minutes for level in LEVELS}
    return cover(window, closed, oldest, step_minutes)


def facts_sql(asked: Asked, more: str = "") -> tuple[str, dict[str, object]]:
    """A statement that gives `key_id` (after `more`) and the columns of the facts, and its values."""
    columns = ", ".join((f"key_id{more}", _SCALARS, *(_bytes_of(asked.kind) if asked.histograms else ())))
    which = "workspace_id = %(workspace)s AND kind = %(kind)s"
    if asked.keys is not None:
        which = "key_id = ANY(%(keys)s)"
    values: dict[str, object] = {"workspace": asked.workspace_id, "kind": asked.kind, "keys": asked.keys}
    tables = [(s.level.table, s.start, s.end) for s in asked.stretches]
    tables.append(("rollup_inbox", asked.stretches[0].start, asked.stretches[-1].end))
    selects = []
    for n, (table, start, end) in enumerate(tables):
        values[f"start{n}"], values[f"end{n}"] = start * 60, end * 60
        selects.append(
            f"SELECT {columns} FROM {table} WHERE {which} "
            f"AND bucket_at >= to_timestamp(%(start{n})s) AND bucket_at < to_timestamp(%(end{n})s)"
        )
    return " UNION ALL ".join(selects), values


def _bytes_of(kind: int) -> list[str]:
    return [name for name in _BYTES if name not in _EMPTY.get(kind, ())]


def merged_sql(kind: int) -> str:
    """The columns after SUMS that `to_figures` takes."""
    held = _bytes_of(kind)
    return ", ".join(f"string_agg({name}, '')" if name in held else "NULL::bytea" for name in _BYTES)


def figures_by_key(cursor, asked: Asked) -> dict[tuple[str, ...], Figures]:
    """Parts of the key -> what its facts sum up to; keys without a sample left out."""
    return figures_together(summed_by_key(cursor, asked), asked.kind, asked.histograms)


def summed_by_key(cursor, asked: Asked) -> list[Row]:
    """As `figures_together` takes them; keys without a sample left out."""
    if not asked.stretches or asked.keys == []:
        return []
    facts, values = facts_sql(asked)
    merged = f", {merged_sql(asked.kind)}" if asked.histograms else ""
    cursor.execute(
        f"SELECT key_id, {SUMS}{merged} FROM ({facts}) AS facts GROUP BY key_id HAVING sum(samples) <> 0",
        values, binary=True,
    )  # fmt: skip
    rows = cursor.fetchall()
    named = parts_of(cursor, [key_id for key_id, *_ in rows])
    return [(parts[: asked.by], sums) for parts, (_, *sums) in zip(named, rows, strict=True) if parts is not None]


def figures_together(
    rows: Iterable[tuple[Place, Sequence]], kind: int, histograms: bool = True
) -> dict[Place, Figures]:
    """Of rows of sums (as in `to_figures`), those of the same place added up."""
    held: dict[Place, list[Sequence]] = {}
    for place, sums in rows:
        held.setdefault(place, []).append(sums)
    return dict(zip(held, to_figures([_together(same) for same in held.values()], kind, histograms), strict=True))


def _together(rows: list[Sequence]) -> Sequence:
    """The sum of rows as `to_figures` takes them."""
    if len(rows) == 1:
        return rows[0]
    weight, errors, samples, sum_ns, max_ns, *packed = zip(*rows, strict=True)
    return (
        sum(weight),
        sum(errors),
        sum(samples),
        sum(sum_ns),
        max(max_ns),
        *(b"".join(filter(None, p)) for p in packed),
    )


def sums_by_id(cursor, asked: Asked) -> dict[int, Sums]:
    """Id of the key -> its sums, without the names: to rank them all, and read the few that matter."""
    if not asked.stretches or asked.keys == []:
        return {}
    facts, values = facts_sql(asked._replace(histograms=False))
    cursor.execute(
        f"SELECT key_id, {SUMS} FROM ({facts}) AS facts GROUP BY key_id HAVING sum(samples) > 0", values, binary=True
    )
    return {key: Sums(weight, samples, sum_ns, max_ns) for key, weight, _, samples, sum_ns, max_ns in cursor.fetchall()}


def to_figures(rows: Sequence[tuple], kind: int, histograms: bool) -> list[Figures]:
    """Of rows of sums, with merged bytes after them when `histograms`."""
    if not histograms:
        return [Figures(*row) for row in rows]
    durations = _histograms([row[5] for row in rows])
    if kind in _EMPTY:
        return [Figures(*row[:4], _top(d), d) for row, d in zip(rows, durations, strict=True)]
    calls = _histograms([row[6] for row in rows])
    examples = _examples([row[7] for row in rows], kind)
    return [
        Figures(
            *row[:4], row[4] if kind == NAME else _top(duration), duration, calls_ if row[6] else None, tuple(shown)
        )
        for row, duration, calls_, shown in zip(rows, durations, calls, examples, strict=True)
    ]  # fmt: skip


def _top(histogram: Histogram) -> int:
    highest = histogram.highest
    return 0 if highest is None else _TOPS[highest]


def _histograms(packed: Sequence[bytes | None]) -> list[Histogram]:
    """A table of all buckets of all rows is summed in a tenth of the time that sorting the records takes; counts
    below 2^53 are exact in it. Few rows at a time, for tables that outgrow a processor's cache take twice as long."""
    return [
        histogram
        for start in range(0, len(packed), _ROWS_AT_ONCE)
        for histogram in _some_histograms(packed[start : start + _ROWS_AT_ONCE])
    ]


def _some_histograms(packed: Sequence[bytes | None]) -> list[Histogram]:
    records, lengths = unpack(packed)
    if not len(records):
        return [Histogram() for _ in packed]
    lowest = int(records["bucket"].min())
    width = int(records["bucket"].max()) - lowest + 1  # durations of one page lie in a quarter of all buckets
    place = np.repeat(np.arange(len(packed)) * width - lowest, lengths)
    place += records["bucket"]
    sums = np.bincount(place, records["count"])
    filled = np.flatnonzero(sums)
    if not len(filled):  # all taken back
        return [Histogram() for _ in packed]
    counts = sums[filled].astype(np.int64)
    rows, buckets = np.divmod(filled, width)
    buckets += lowest
    stops = np.cumsum(np.bincount(rows, minlength=len(packed)))
    if (counts < 0).any():  # of a difference, which has no ranks
        each = np.split(np.stack((buckets, counts)), stops[:-1], axis=1)
        return [Histogram(dict(zip(*own.tolist(), strict=True))) for own in each]
    ends = np.cumsum(counts)
    upto = np.append(0, ends)[np.append(0, stops)]
    values = _VALUES[buckets]
    known = zip(*(_quantiles(share, ends, upto, values) for share in _SHARES), strict=True)
    shared, at, below = (buckets.tolist(), ends.tolist()), [0, *stops.tolist()], upto.tolist()
    return [
        Histogram.of_ranks(Ranks(*shared, first, stop, under), dict(zip(_SHARES, told, strict=True)))
        if first < stop else Histogram()
        for first, stop, under, told in zip(at, at[1:], below, known, strict=False)
    ]  # fmt: skip


def _quantiles(share: float, ends: np.ndarray, upto: np.ndarray, values: np.ndarray) -> list[float]:
    """As `Histogram.quantile` gives it, of all rows at once: of `ends` and `values` of their buckets, and how many
    values lie in all rows `upto` each. Without meaning for a row that holds nothing."""
    ranks = upto[:-1] + (share * (np.diff(upto) - 1)).astype(np.int64)
    return values[np.minimum(np.searchsorted(ends, ranks, side="right"), len(ends) - 1)].tolist()


def _examples(packed: Sequence[bytes | None], kind: int) -> list[list[Example]]:
    rows, records = unpack_examples(packed)
    rows, records = best_examples(rows, np.full(len(packed), kind), records)
    found: list[list[Example]] = [[] for _ in packed]
    for row, record in zip(rows.tolist(), records.tolist(), strict=True):
        duration_ns, start_ns, high, low, span = record
        if duration_ns >= 0:
            found[row].append(Example(duration_ns, f"{high:016x}{low:016x}", f"{span:016x}", start_ns))
    return found
