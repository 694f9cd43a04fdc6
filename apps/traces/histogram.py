"""Durations in buckets that grow by a tenth: quantiles within 5 %, merged by adding.

Bucket n holds the integers v with BOUNDS[n] <= v < BOUNDS[n + 1]. The bounds are integers made by integer
arithmetic, so that every machine, and PostgreSQL with the same array, finds the same bucket. Up to 20 each integer
has its own; from there a bucket is at most a tenth wide, and the harmonic mean of its ends is at most
(1.1 - 1) / (1.1 + 1) = 4.8 % off any value in it (the idea of DDSketch: Masson, Rim, Lee, VLDB 2019).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from operator import sub

MAX_NS = 1 << 63


def _bounds() -> tuple[int, ...]:
    found = [0]
    while found[-1] < MAX_NS:
        found.append(max(found[-1] + 1, found[-1] * 11 // 10))
    return tuple(found)


BOUNDS = _bounds()
LAST = len(BOUNDS) - 2
"""The highest bucket; longer durations count there."""


def bucket_of(duration_ns: int) -> int:
    """0.2 µs. What is negative counts as 0."""
    return min(max(bisect_right(BOUNDS, duration_ns) - 1, 0), LAST)


def value_of(bucket: int) -> float:
    """The duration in ns that a bucket stands for, at most 5 % off everything in it."""
    low, high = BOUNDS[bucket], BOUNDS[bucket + 1] - 1
    return 2 * low * high / (low + high) if low else 0.0


_VALUES = tuple(map(value_of, range(LAST + 1)))


class Histogram:
    """`counts`: bucket -> count, without zeros. Counts are integers and may be weights (`apps.traces.sampling.CALL`).

    A difference may hold negative counts until it is merged into what it was taken from.
    """

    __slots__ = ("_counts", "_ranks")

    def __init__(self, counts: Mapping[int, int] | None = None):
        self._ranks: tuple[list[int], list[int]] | None = None
        """Kept from the first quantile to the next change, for a page asks for several."""
        self._counts: dict[int, int] | None = {bucket: count for bucket, count in (counts or {}).items() if count}
        """None until somebody asks, of one that came as its ranks."""

    @property
    def counts(self) -> dict[int, int]:
        """To be read: changes go through `add` and `merge`."""
        if self._counts is None:
            buckets, ends = self._ranks
            self._counts = dict(zip(buckets, map(sub, ends, (0, *ends)), strict=False))
        return self._counts

    @classmethod
    def of(cls, durations_ns: Iterable[int]) -> Histogram:
        made = cls()
        for duration_ns in durations_ns:
            made.add(duration_ns)
        return made

    @classmethod
    def of_ranks(cls, buckets: list[int], ends: list[int]) -> Histogram:
        """Of known buckets, ascending, each with a value, and how many values lie in it and all below. Taken as they
        are and not looked at: a page has thousands of histograms, and asks most of them for quantiles alone."""
        made = cls.__new__(cls)
        made._ranks, made._counts = ((buckets, ends), None) if buckets else (None, {})
        return made

    def arrays(self) -> tuple[list[int], list[int]]:
        """(buckets ascending, their counts), two arrays of the same length."""
        buckets = sorted(self.counts)
        return buckets, [self.counts[bucket] for bucket in buckets]

    def add(self, duration_ns: int, count: int = 1) -> None:
        self._change(bucket_of(duration_ns), count)

    def merge(self, other: Histogram, sign: int = 1) -> None:
        """Adds all counts of the other; takes them away with `sign` -1."""
        counts = self.counts
        self._ranks = None
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + sign * count
        if not all(counts.values()):
            self._counts = {bucket: count for bucket, count in counts.items() if count}

    @property
    def total(self) -> int:
        return self._ranks[1][-1] if self._ranks else sum(self.counts.values())

    @property
    def highest(self) -> int | None:
        """The last bucket that holds anything."""
        return self._ranks[0][-1] if self._ranks else max(self.counts, default=None)

    def quantile(self, share: float) -> float | None:
        """The duration in ns that `share` (0 to 1) of the values do not exceed, within 5 %; None without values.

        The rank is the lower one, `floor(share * (total - 1))`, counted from 0. Raises ValueError for negative counts.
        """
        if self._ranks is None:
            if not self.counts:
                return None
            self._ranks = self._ranked()
        buckets, ends = self._ranks
        return _VALUES[buckets[bisect_right(ends, int(share * (ends[-1] - 1)))]]

    def _ranked(self) -> tuple[list[int], list[int]]:
        """Buckets ascending, and how many values lie in each and all below it."""
        buckets, counts = self.arrays()
        if min(counts) < 0:
            raise ValueError("A difference of histograms has no quantiles.")
        return buckets, list(accumulate(counts))

    def _change(self, bucket: int, count: int) -> None:
        counts = self.counts
        self._ranks = None
        changed = counts.get(bucket, 0) + count
        if changed:
            counts[bucket] = changed
        else:
            counts.pop(bucket, None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None
