"""Which attributes set one group of traces apart from another: effect, test, and control over all tests.

A trace has `service key=value` when any of its spans of that service, or their resource, has it. Everything that could
be told apart is tested, and what is called a finding holds q < 1 % over all tests (`significance`). What cannot be
told is said: keys with too few traces, and keys whose values are (nearly) all different, such as ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from apps.traces.why.facts import Facts, Key
from apps.traces.why.significance import q_values, two_sided_p

LEAST_GROUP = 20
"""Traces in either group."""
LEAST_PRESENT = 15
"""Traces that have a key at all."""
LEAST_WITH = 5
"""Traces that have a value, and that do not."""
UNIQUE_PCT = 60
"""A key with so many different values among the traces that have it names them, it does not describe them."""
LEAST_EFFECT_PT = 5
"""Percentage points: a smaller difference may be true, but explains nothing."""
Q = 0.01
MOST_CUTS = 9
"""Of numbers: at most so many places between small and large are tried."""
MOST_WEAK = 3
"""Attributes without a finding that are shown, strongest first."""
_NAMES = re.compile(r"(^|[._-])(id|uuid|guid|number|hash|timestamp)$", re.IGNORECASE)


_TECHNICAL = re.compile(
    r"(client|cloud|code|container|db|error|exception|host|http|k8s|messaging|net|network|os|process|rpc|server|telemetry"
    r"|thread|url|user_agent)[._]|service\.(instance|name)"
)
"""Keys of semantic conventions that say where and how, not what: of attributes that the same traces have, the others
are told first."""


_FAILING = re.compile(
    r"(error|exception)(\.|$)|otel\.status_|((http|rpc|db)\.(response\.|grpc\.)?|grpc\.)status_(code|text)$",
    re.IGNORECASE,
)
"""Keys that say that, or how, something failed: all that failed have them, and are none the wiser."""


class Attribute(NamedTuple):
    service: str
    key: str
    value: str
    """Its text; of numbers also `6 or more`."""
    slow: int
    """Traces of the group that have it."""
    rest: int
    slow_share: float
    rest_share: float
    q: float
    same: tuple[tuple[str, str, str], ...] = ()
    """(service, key, value) of others that the very same traces have."""
    is_cut: bool = False
    """The value stands for all numbers from there on."""

    @property
    def effect_pt(self) -> float:
        """Percentage points, positive where the group has it more often."""
        return (self.slow_share - self.rest_share) * 100


@dataclass(frozen=True, slots=True)
class Untold:
    """A key that could not be compared, and how many traces have it."""

    service: str
    key: str
    traces: int


@dataclass(frozen=True, slots=True)
class Compared:
    slow: int
    rest: int
    keys: int
    """Compared."""
    tests: int
    found: tuple[Attribute, ...] = ()
    """q < 1 %, the largest effect first; one for each key."""
    weak: tuple[Attribute, ...] = ()
    too_few: tuple[Untold, ...] = ()
    unique: tuple[Untold, ...] = ()

    @property
    def is_enough(self) -> bool:
        return min(self.slow, self.rest) >= LEAST_GROUP


class _Test(NamedTuple):
    key: Key
    value: str
    mask: int
    is_cut: bool


def compare_attributes(slow: Sequence[Facts], rest: Sequence[Facts], *, is_failing: bool = False) -> Compared:
    """`slow` is the group that is asked about. Some 50 ms for 2 x 400 traces of 60 spans.

    Of failed ones (`is_failing`) what follows from failing is left out: statuses, and what they lack (a request that
    failed went no further).
    """
    if min(len(slow), len(rest)) < LEAST_GROUP:
        return Compared(len(slow), len(rest), 0, 0)
    groups = _Groups(len(slow), len(rest))
    values, numbers = _collect([*slow, *rest])
    if is_failing:
        values = {key: by_value for key, by_value in values.items() if not _FAILING.match(key[1])}
    tests, too_few, unique = [], [], []
    for key, by_value in sorted(values.items()):
        present = 0
        for mask in by_value.values():
            present |= mask
        count = present.bit_count()
        if count < LEAST_PRESENT:
            too_few.append(Untold(*key, count))
            continue
        own = list(groups.useful(_tests_of(key, by_value, numbers.get(key, {}), count)))
        if own or len(by_value) * 100 < UNIQUE_PCT * count:
            tests += own
        else:
            unique.append(Untold(*key, count))
    attributes = [a for a in groups.judged(tests) if not is_failing or a.effect_pt > 0]
    found = tuple(a for a in attributes if a.q < Q and abs(a.effect_pt) >= LEAST_EFFECT_PT)
    weak = tuple(a for a in attributes if a.q >= Q)[:MOST_WEAK]
    keys = len(values) - len(too_few) - len(unique)
    return Compared(len(slow), len(rest), keys, len(tests), found, weak, tuple(too_few), tuple(unique))


def _collect(traces: Iterable[Facts]) -> tuple[dict[Key, dict[str, int]], dict[Key, dict[int, float]]]:
    """(key -> value -> bits of the traces that have it, key -> place of the trace -> largest number)."""
    values: dict[Key, dict[str, int]] = {}
    numbers: dict[Key, dict[int, float]] = {}
    for place, facts in enumerate(traces):
        bit = 1 << place
        for key, text in facts.texts:
            by_value = values.setdefault(key, {})
            by_value[text] = by_value.get(text, 0) | bit
        for key, number in facts.numbers.items():
            numbers.setdefault(key, {})[place] = number
    return values, numbers


def _tests_of(key: Key, by_value: dict[str, int], numbers: dict[int, float], present: int) -> Iterator[_Test]:
    is_unique = len(by_value) * 100 >= UNIQUE_PCT * present
    if not is_unique:
        yield from (_Test(key, value, mask, False) for value, mask in sorted(by_value.items()))
    if len(numbers) * 2 > present and not (is_unique and _NAMES.search(key[1])):
        for cut in cuts(numbers.values()):
            mask = sum(1 << place for place, number in numbers.items() if number >= cut)
            yield _Test(key, f"{_number(cut)} or more", mask, True)


def cuts(numbers: Iterable[float]) -> list[float]:
    """Where to cut numbers into small and large: at their deciles, each between two different numbers."""
    ordered = sorted(numbers)
    if len(set(ordered)) < 3:
        return []
    at = (ordered[len(ordered) * step // (MOST_CUTS + 1)] for step in range(1, MOST_CUTS + 1))
    return sorted({number for number in at if number > ordered[0]})


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"


class _Groups:
    """Bits of the first group are the low ones."""

    def __init__(self, slow: int, rest: int):
        self.slow, self.rest = slow, rest
        self._slow_bits = (1 << slow) - 1

    def useful(self, tests: Iterable[_Test]) -> Iterator[_Test]:
        """Without those that too few traces have, or lack: whatever the groups, they could tell nothing."""
        most = self.slow + self.rest - LEAST_WITH
        return (test for test in tests if LEAST_WITH <= test.mask.bit_count() <= most)

    def counts(self, mask: int) -> tuple[int, int]:
        slow = (mask & self._slow_bits).bit_count()
        return slow, mask.bit_count() - slow

    def judged(self, tests: list[_Test]) -> list[Attribute]:
        """The most telling of each key; what the same traces have stands together. The largest effect first."""
        by_mask: dict[int, float] = {}
        for test in tests:
            if test.mask not in by_mask:
                slow, rest = self.counts(test.mask)
                by_mask[test.mask] = two_sided_p(slow, self.slow, rest, self.rest)
        best: dict[Key, tuple[tuple, _Test, float]] = {}
        for test, q in zip(tests, q_values([by_mask[test.mask] for test in tests]), strict=True):
            rank = self._rank(test, q)
            if test.key not in best or rank > best[test.key][0]:
                best[test.key] = rank, test, q
        together: dict[int, list[tuple[_Test, float]]] = {}
        for _, test, q in best.values():
            together.setdefault(test.mask, []).append((test, q))
        found = [self._attribute(alike) for alike in together.values()]
        return sorted(found, key=lambda a: (a.q >= Q, -abs(a.effect_pt), a.service, a.key))

    def _rank(self, test: _Test, q: float) -> tuple:
        """Among the values of one key: a finding before none, what the group has before what it lacks, then effect."""
        slow, rest = self.counts(test.mask)
        effect = slow / self.slow - rest / self.rest
        return q < Q, effect > 0, abs(effect), not test.is_cut, test.value

    def _attribute(self, alike: list[tuple[_Test, float]]) -> Attribute:
        alike.sort(key=lambda pair: (_TECHNICAL.match(pair[0].key[1]) is not None, pair[0].key))
        (test, q), others = alike[0], alike[1:]
        slow, rest = self.counts(test.mask)
        same = tuple((*other.key, other.value) for other, _ in others)
        return Attribute(*test.key, test.value, slow, rest, slow / self.slow, rest / self.rest, q, same, test.is_cut)
