"""Whether two groups differ by more than chance: 2 x 2 tables and control over many of them.

Fisher's exact test where counts are small, the chi-square test with Yates's correction where they are not (Fisher,
Statistical Methods for Research Workers, 1934; Yates, JRSS Supplement 1, 1934), and the procedure of Benjamini and
Hochberg (JRSS B 57, 1995) over all that was tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MANY = 400.0
LEAST_EXPECTED = 5
"""With a smaller expected count in any cell chi-square is too rough (Cochran's rule)."""


def two_sided_p(a: int, n: int, b: int, m: int) -> float:
    """How likely groups differ at least this much by chance, when `a` of `n` and `b` of `m` have something.

    Raises ValueError for counts that cannot be.
    """
    if not (0 <= a <= n and 0 <= b <= m):
        raise ValueError(f"{a} of {n} and {b} of {m} are no counts.")
    have, total = a + b, n + m
    if not n or not m or have in (0, total):
        return 1.0
    least = min(n, m) * min(have, total - have) / total
    return fisher_p(a, n, b, m) if least < LEAST_EXPECTED else chi_square_p(a, n, b, m)


def fisher_p(a: int, n: int, b: int, m: int) -> float:
    """The sum of the probabilities of all tables with the same margins that are no likelier than this one."""
    have, total = a + b, n + m
    low, high = max(0, have - m), min(n, have)
    logs = [_log_choose(n, k) + _log_choose(m, have - k) for k in range(low, high + 1)]
    whole = _log_choose(total, have)
    # Equally likely tables differ in the last digits of their logarithms only.
    limit = logs[a - low] + 1e-9
    return min(1.0, math.fsum(math.exp(log - whole) for log in logs if log <= limit))


def chi_square_p(a: int, n: int, b: int, m: int) -> float:
    """One degree of freedom, with the correction for continuity."""
    c, d, total = n - a, m - b, n + m
    off = max(0.0, abs(a * d - b * c) - total / 2)
    margins = n * m * (a + b) * (c + d)
    return math.erfc(math.sqrt(total * off * off / margins / 2)) if margins else 1.0


def rates_p(k: int, time: float, other_k: int, other_time: float) -> float:
    """How likely two counts over two stretches of time differ at least this much by chance: given both together, one
    is binomial. Sums the probabilities that are no larger, as `fisher_p` does."""
    total, share = k + other_k, time / (time + other_time)
    if not total or not 0 < share < 1:
        return 1.0
    yes, no = math.log(share), math.log1p(-share)
    logs = [_log_choose(total, n) + n * yes + (total - n) * no for n in range(total + 1)]
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= logs[k] + 1e-9))


def q_values(p_values: Sequence[float]) -> list[float]:
    """For each test the share of false findings among all findings at least as strong as it.

    Calling everything with q < 1 % a finding holds the expected share of false ones under 1 %.
    """
    count, least = len(p_values), 1.0
    found = [1.0] * count
    order = sorted(range(count), key=p_values.__getitem__, reverse=True)
    for place, index in enumerate(order):
        least = min(least, p_values[index] * (count / (count - place)))
        found[index] = least
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def fewer_p(count: float, expected: float) -> float:
    """How likely fewer than `count` come by chance, where so many are expected (Poisson; of many the normal
    distribution, which is as good there)."""
    if max(count, expected) > MANY:
        return 0.5 * math.erfc((expected - count + 0.5) / math.sqrt(2 * expected)) if expected else 1.0
    term, found = math.exp(-expected), 0.0
    for number in range(math.ceil(count - 1e-9)):
        found += term
        term *= expected / (number + 1)
    return found
