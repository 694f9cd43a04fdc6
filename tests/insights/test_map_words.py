"""What an edge of the map says at once is what all its comparisons say; quantiles that come with many histograms are
those of each."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from apps.insights.change import FASTER, FEWER, MORE, QUANTILES, SLOWER, UNCLEAR
from apps.insights.facts import RECORD
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.map_change import (
    FASTER_EDGE,
    FEWER_CALLS,
    FEWER_ERRORS,
    MIN_SAMPLES,
    MORE_CALLS,
    MORE_ERRORS,
    SLOWER_EDGE,
    WORDS,
    EdgeChange,
    Sides,
    edge_words,
    is_traded,
    is_unclear,
    matters,
    node_words,
    presence,
)
from apps.insights.reading import to_figures
from apps.insights.seen import Held
from apps.traces.histogram import LAST, Histogram
from apps.traces.key_book import EDGE
from apps.traces.sampling import CALL

SHARES = (*QUANTILES.values(), 0.99)
HELD = Held(is_whole=True, minutes=60.0)
MS = 1_000_000


@st.composite
def some_figures(draw) -> Figures:
    """Calls enough to compare, mostly, of one to three durations."""
    count = draw(st.sampled_from((0, 1, 19, 20, 60, 300, 2_000)))
    if not count:
        return NO_FIGURES
    of = draw(st.lists(st.sampled_from((0, MS // 2, 2 * MS, 3 * MS, 4 * MS, 5 * MS, 40 * MS)), min_size=1, max_size=3))
    durations = [of[n * len(of) // count] for n in range(count)]
    failed = draw(st.integers(0, count)) // draw(st.sampled_from((1, 30, 300)))
    return lasting(durations if draw(st.integers(0, 9)) else [], count, failed)


def lasting(durations: list[int], count: int, failed: int = 0) -> Figures:
    histogram = Histogram({bucket: n * CALL for bucket, n in Histogram.of(durations).counts.items()})
    return Figures(count * CALL, failed * CALL, count, sum(durations), max(durations, default=0), histogram)


SOME_SLOW, ALL_SLOW = lasting([2 * MS, 2 * MS, 2 * MS, 40 * MS] * 75, 300), lasting([40 * MS] * 300, 300)


def words_of(change, sides: Sides) -> list[str]:
    """As `edge_words` gives them, of all comparisons made in full."""
    told = []
    if change.latency.word in (SLOWER, FASTER) and matters(change.latency):
        told += [SLOWER_EDGE if change.latency.word == SLOWER else FASTER_EDGE]
    if SLOWER_EDGE in told and is_traded(sides):
        told = []
    told += {MORE: [MORE_ERRORS], FEWER: [FEWER_ERRORS]}.get(change.errors.word, [])
    told += {MORE: [MORE_CALLS], FEWER: [FEWER_CALLS]}.get(change.fan.word, [])
    return sorted(told, key=WORDS.index)


@given(some_figures(), some_figures(), some_figures(), some_figures())
@example(SOME_SLOW, ALL_SLOW, NO_FIGURES, NO_FIGURES)  # of the same p95
def test_words_are_those_of_all_comparisons(before, now, caller_before, caller_now):
    sides = Sides(before, now, caller_before, caller_now)
    change, words = EdgeChange(sides, HELD, 60.0), edge_words(sides, HELD, is_old=True)
    if presence(before, now, is_old=True) or min(before.samples, now.samples) < MIN_SAMPLES:
        return
    assert [*words] == words_of(change, sides)
    assert is_unclear(before, now) == (UNCLEAR in (change.latency.word, change.errors.word))
    own = sorted(node_words(before, now), key=WORDS.index)
    assert own == [word for word in words_of(change, Sides(before, now)) if word not in (MORE_CALLS, FEWER_CALLS)]


counts = st.dictionaries(st.integers(0, LAST), st.integers(1, 5_000), max_size=12)


@given(st.lists(counts, min_size=1, max_size=300))
@example([{}, {3: 1}, {}, {LAST: 2, 0: 1}, {}])
@example([{5: 1}] * 130)
def test_quantiles_of_many_are_those_of_each(rows):
    packed = [np.array([*row.items()], RECORD).tobytes() for row in rows]
    found = to_figures([(1, 0, 1, 0, 0, one, None, None) for one in packed], EDGE, histograms=True)
    for row, figures in zip(rows, found, strict=True):
        alone = Histogram(row)
        assert [figures.p(share) for share in SHARES] == [alone.quantile(share) for share in SHARES]
        assert figures.histogram == alone


def test_what_was_taken_back_holds_nothing():
    taken_back = np.array([(3, 5), (3, -5)], RECORD).tobytes()
    for packed in ([taken_back], [taken_back, None], [taken_back, np.array([(7, 2)], RECORD).tobytes()]):
        first, *_ = to_figures([(1, 0, 1, 0, 0, one, None, None) for one in packed], EDGE, histograms=True)
        assert first.p(0.95) is None and not first.histogram.counts
    (lower,) = to_figures([(1, 0, 1, 0, 0, np.array([(3, -5), (4, 2)], RECORD).tobytes(), None, None)], EDGE, True)
    assert lower.histogram.counts == {3: -5, 4: 2}
