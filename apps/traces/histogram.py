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
from typing import NamedTuple

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


def bound_after(duration_ns: int) -> int:
    """The shortest duration in ns that stands in a higher bucket: how many are as long or longer is known exactly."""
    return BOUNDS[min(bucket_of(duration_ns) + 1, LAST)]


_VALUES = tuple(map(value_of, range(LAST + 1)))


class Ranks(NamedTuple):
    """Buckets that hold something, ascending, and how many values lie in each and all that stand before it in the list:
    `first` to `stop` of lists that many histograms may share, whose values before are `below`."""

    buckets: list[int]
    ends: list[int]
    first: int
    stop: int
    below: int

    @property
    def total(self) -> int:
        return self.ends[self.stop - 1] - self.below


class Histogram:
    """`counts`: bucket -> count, without zeros. Counts are integers and may be weights (`apps.traces.sampling.CALL`).

    A difference may hold negative counts until it is merged into what it was taken from.
    """

    __slots__ = ("_counts", "_quantiles", "_ranks")

    def __init__(self, counts: Mapping[int, int] | None = None):
        self._ranks: Ranks | None = None
        """Kept from the first quantile to the next change, for a page asks for several."""
        self._counts: dict[int, int] | None = {bucket: count for bucket, count in (counts or {}).items() if count}
        """None until somebody asks, of one that came as its ranks."""
        self._quantiles: dict[float, float] = {}
        """Those that came with the ranks, until the next change."""

    @property
    def counts(self) -> dict[int, int]:
        """To be read: changes go through `add` and `merge`."""
        if self._counts is None:
            buckets, ends, first, stop, below = self._ranks
            own = ends[first:stop]
            self._counts = dict(zip(buckets[first:stop], map(sub, own, (below, *own)), strict=False))
        return self._counts

    @classmethod
    def of(cls, durations_ns: Iterable[int]) -> Histogram:
        made = cls()
        for duration_ns in durations_ns:
            made.add(duration_ns)
        return made

    @classmethod
    def of_ranks(cls, ranks: Ranks, quantiles: dict[float, float]) -> Histogram:
        """Of some, with quantiles that are known. Both are taken as they are and not looked at: a page has thousands of
        histograms, and asks most of them for a few quantiles alone."""
        made = cls.__new__(cls)
        made._ranks, made._quantiles, made._counts = ranks, quantiles, None
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
        self._ranks, self._quantiles = None, {}
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + sign * count
        if not all(counts.values()):
            self._counts = {bucket: count for bucket, count in counts.items() if count}

    @property
    def total(self) -> int:
        return self._ranks.total if self._ranks else sum(self.counts.values())

    @property
    def highest(self) -> int | None:
        """The last bucket that holds anything."""
        return self._ranks.buckets[self._ranks.stop - 1] if self._ranks else max(self.counts, default=None)

    def quantile(self, share: float) -> float | None:
        """The duration in ns that `share` (0 to 1) of the values do not exceed, within 5 %; None without values.

        The rank is the lower one, `floor(share * (total - 1))`, counted from 0. Raises ValueError for negative counts.
        """
        if share in self._quantiles:
            return self._quantiles[share]
        if self._ranks is None:
            if not self.counts:
                return None
            self._ranks = self._ranked()
        buckets, ends, first, stop, below = self._ranks
        rank = below + int(share * (ends[stop - 1] - below - 1))
        return _VALUES[buckets[bisect_right(ends, rank, first, stop)]]

    def share_from(self, bound_ns: int) -> float:
        """How many of the values are at least so long, 0 to 1; exact at the bounds of buckets. 0 without values."""
        first, all_ = bucket_of(bound_ns), self.total
        return sum(count for bucket, count in self.counts.items() if bucket >= first) / all_ if all_ else 0.0

    def _ranked(self) -> Ranks:
        buckets, counts = self.arrays()
        if min(counts) < 0:
            raise ValueError("A difference of histograms has no quantiles.")
        return Ranks(buckets, list(accumulate(counts)), 0, len(buckets), 0)

    def _change(self, bucket: int, count: int) -> None:
        counts = self.counts
        self._ranks, self._quantiles = None, {}
        changed = counts.get(bucket, 0) + count
        if changed:
            counts[bucket] = changed
        else:
            counts.pop(bucket, None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None
