import math
import random
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.traces.why.significance import LEAST_EXPECTED, chi_square_p, fewer_p, fisher_p, q_values, rates_p, two_sided_p

counts = st.integers(0, 12)


@pytest.mark.parametrize(
    ("table", "known"),
    [
        ((3, 4, 1, 4), 0.485714),  # the lady tasting tea: 34/70
        ((8, 10, 1, 6), 0.034965),
        ((1, 10, 11, 14), 0.0027594),
        ((0, 5, 5, 5), 0.0079365),
        ((2, 10, 3, 15), 1.0),
    ],
)
def test_fisher_gives_the_values_of_the_books(table, known):
    assert fisher_p(*table) == pytest.approx(known, rel=1e-4)


def test_chi_square_gives_the_values_of_the_books():
    # 43 of 52 against 44 of 48 (right-handed men and women): Yates's chi-square 1.0724, p 0.3004
    assert chi_square_p(43, 52, 44, 48) == pytest.approx(0.30040, rel=1e-3)
    # 10 degrees of evidence: chi-square without a difference is 0
    assert chi_square_p(50, 100, 50, 100) == 1.0
    assert math.erfc(math.sqrt(3.841459 / 2)) == pytest.approx(0.05, rel=1e-5)


def exact(a, n, b, m):
    """By counting, in fractions."""
    have = a + b
    ways = {
        k: math.comb(n, k) * math.comb(m, have - k) for k in range(max(0, have - m), min(n, have) + 1)
    }  # fmt: skip
    return float(Fraction(sum(w for w in ways.values() if w <= ways[a]), sum(ways.values())))


@given(counts, counts, counts, counts)
def test_fisher_equals_counting_all_tables(a, c, b, d):
    n, m = a + c, b + d
    assert fisher_p(a, n, b, m) == pytest.approx(exact(a, n, b, m), rel=1e-9)


@given(st.integers(5, 60), st.integers(60, 200), st.integers(5, 60), st.integers(60, 200))
def test_the_two_tests_agree_where_one_hands_over_to_the_other(a, n, b, m):
    assume(min(n, m) * (a + b) >= LEAST_EXPECTED * (n + m))
    rough, exact_p = chi_square_p(a, n, b, m), fisher_p(a, n, b, m)
    if min(rough, exact_p) < 0.01:  # where it matters; far from there Yates's correction rounds up
        assert max(rough, exact_p) < 0.03


@given(counts, counts, counts, counts)
def test_a_p_is_a_probability_and_sides_may_be_swapped(a, c, b, d):
    p = two_sided_p(a, a + c, b, b + d)
    assert 0 < p <= 1
    assert p == pytest.approx(two_sided_p(b, b + d, a, a + c))
    assert p == pytest.approx(two_sided_p(c, a + c, d, b + d))


def test_counts_over_times_give_the_values_of_the_binomial():
    assert rates_p(4, 60, 23, 60) == pytest.approx(2 * sum(math.comb(27, n) for n in range(5)) / 2**27)
    assert rates_p(5, 60, 5, 60) == pytest.approx(1.0)
    assert rates_p(1, 10, 9, 90) > 0.5
    assert rates_p(9, 10, 1, 90) < 1e-6
    assert rates_p(0, 10, 0, 90) == rates_p(3, 10, 0, 0) == 1.0


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="no counts"):
        two_sided_p(5, 4, 1, 2)


def test_q_values_of_the_paper():
    """Benjamini and Hochberg 1995, §3: fifteen p-values, of which four are found at 5 %."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
         0.7590, 1.0]  # fmt: skip
    q = q_values(p)
    assert sum(value <= 0.05 for value in q) == 4
    assert q[0] == pytest.approx(0.0015)
    assert q[3] == pytest.approx(0.0095 * 15 / 4)


@given(st.lists(st.floats(0, 1), max_size=40), st.randoms())
def test_q_values_keep_the_order_and_are_never_below_p(p, dice):
    q = q_values(p)
    assert all(0 <= p_ <= q_ <= 1 for p_, q_ in zip(p, q, strict=True))
    assert all(q[i] <= q[j] for i in range(len(p)) for j in range(len(p)) if p[i] < p[j])
    shuffled = list(enumerate(p))
    dice.shuffle(shuffled)
    again = q_values([value for _, value in shuffled])
    assert sorted(again) == sorted(q)


def test_among_tests_of_nothing_few_are_called_findings():
    """Thirty tests of two alike groups, a thousand times: findings at q < 5 % in about 5 % of the times, no more."""
    dice = random.Random(7)
    times = 0
    for _ in range(1000):
        p = []
        for _ in range(30):
            share = dice.choice((0.1, 0.3, 0.5))
            a, b = (sum(dice.random() < share for _ in range(60)) for _ in range(2))
            p.append(two_sided_p(a, 60, b, 60))
        times += any(value < 0.05 for value in q_values(p))
    assert times <= 60


def test_how_likely_fewer_come_is_the_sum_of_poisson():
    for expected in (0.0, 0.06, 2.0, 12.0, 380.0):
        terms = [math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) if expected else float(n == 0)
                 for n in range(500)]  # fmt: skip
        for count in (0, 1, 2, 5, 13, 300, 399):
            assert fewer_p(count, expected) == pytest.approx(math.fsum(terms[:count]), abs=1e-12)
        assert fewer_p(4.5, expected) == fewer_p(5, expected), "fewer than 4.5 are at most 4"


def test_of_many_the_normal_distribution_is_as_good():
    for expected in (390.0, 410.0):
        for count in (330, 370, 400, 440, 480):
            logs = [n * math.log(expected) - expected - math.lgamma(n + 1) for n in range(count)]
            assert fewer_p(count, expected) == pytest.approx(math.fsum(map(math.exp, logs)), abs=0.004)
    assert fewer_p(6000, 1.0) == fewer_p(6000, 0.0) == 1.0 and fewer_p(10, 5000.0) == pytest.approx(0.0)
