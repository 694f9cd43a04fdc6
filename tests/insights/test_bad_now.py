"""What of the last minutes is bad: the shares, chance, and other work."""

import random
from itertools import pairwise
from math import exp, factorial

import pytest

from apps.insights.bad_shares import (
    LASTS_NS,
    NEWEST_NS,
    Share,
    is_more_than_mix,
    is_no_chance,
    share_over,
    shares_of,
)
from apps.insights.bad_since import first_bad
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.map_graph import Ends, led_to_among
from apps.insights.mix import Work
from apps.insights.period import Recent
from apps.insights.window import Window
from apps.traces.histogram import Histogram
from apps.traces.moments import MINUTE_NS
from apps.traces.peers import Node
from apps.traces.sampling import CALL

MS = 1_000_000
READ, REPORT = Work("GET /items", "SERVER"), Work("GET /report", "SERVER")


def calls(*parts: tuple[int, float], errors: int = 0) -> Figures:
    """(count, ms) each."""
    durations = [round(ms * MS) for count, ms in parts for _ in range(count)]
    histogram = Histogram({bucket: n * CALL for bucket, n in Histogram.of(durations).counts.items()})
    count = len(durations)
    return Figures(count * CALL, errors * CALL, count, sum(durations), max(durations, default=0), histogram)


CHANCE = 1e-5
DAY = calls((8000, 100), (1600, 150), (400, 300), errors=20)


def bad(*lately: Figures, before: Figures = DAY, newest: Figures = NO_FIGURES) -> list[tuple[str, int]]:
    """Of three parts, the shortest first, after the newest minute: ("fails" or "slow", minutes)."""
    lengths = (NEWEST_NS, *LASTS_NS)
    parts = [(Recent(Window(0, 1), last_ns), one) for last_ns, one in zip(lengths, (newest, *lately), strict=True)]
    found = shares_of(before, parts, CHANCE)
    return [("fails" if one.over_ns is None else "slow", one.within_ns // MINUTE_NS) for one in found]


def test_the_shortest_part_that_is_sure_is_told():
    fine, slow = (30, 100), (30, 900)
    assert bad(calls(fine, slow), calls((80, 100), slow), calls((170, 100), slow)) == [("slow", 3)]
    few = calls((4, 100), (4, 900))
    assert bad(few, calls((10, 100), (12, 900)), calls((60, 100), (12, 900))) == [("slow", 5)], "eight are too few"
    failed = calls((60, 100), errors=9)
    assert bad(failed, failed, failed) == [("fails", 3)]
    both = calls((40, 100), (20, 900), errors=20)
    assert bad(both, both, both) == [("fails", 3), ("slow", 3)]


def test_what_three_minutes_are_without_is_not_bad_now():
    over, was = calls((60, 100)), calls((60, 100), (60, 900), errors=30)
    assert bad(over, was, was) == []
    assert bad(calls((5, 100)), was, was) == [("fails", 5), ("slow", 5)], "five calls say nothing"


def test_the_newest_minute_of_a_busy_service_says_that_it_is_over():
    was = calls((200, 100), (100, 900), errors=90)
    assert bad(was, was, was, newest=calls((100, 100))) == []
    assert bad(was, was, was, newest=calls((8, 100))) == [("fails", 3), ("slow", 3)], "eight are too few"
    assert bad(was, was, was, newest=calls((60, 100), (40, 900), errors=30)) == [("fails", 3), ("slow", 3)]
    alone = calls((40, 900), errors=40)
    assert bad(calls((9, 900)), calls((9, 900)), calls((9, 900)), newest=alone) == [], "it is not told by itself"


def test_what_goes_on_does_not_come_and_go():
    """28 % of ten calls a minute fail: by chance few of one minute, or of three, do."""
    dice, missed = random.Random(3), 0
    for _ in range(600):
        minutes = [[dice.random() < 0.28 for _ in range(10)] for _ in range(10)]
        last = {n: calls((n * 10, 100), errors=sum(map(sum, minutes[-n:]))) for n in (1, 3, 5, 10)}
        missed += not bad(last[3], last[5], last[10], newest=last[1])
    assert missed <= 6


def test_since_when_is_told_to_the_minute():
    dice = random.Random(5)
    share = Share(0.01, 0.3, 60.0, 60, 3 * MINUTE_NS)

    grown = Share(0.001, 0.9, 60.0, 60, 3 * MINUTE_NS)

    def first(*stretches: tuple[int, float], a_minute: int = 20, told: Share = share) -> int | None:
        chances = [chance for count, chance in stretches for _ in range(count)]
        errors = [sum(dice.random() < chance for _ in range(a_minute)) for chance in chances]
        return first_bad([calls((a_minute, 100), errors=count) for count in errors], told)

    assert all(abs(first((173, 0.01), (7, 0.3)) - 173) <= 1 for _ in range(40))
    assert all(abs(first((60, 0.01), (20, 0.5), (90, 0.01), (10, 0.3)) - 170) <= 1 for _ in range(20)), "not the first"
    assert all(abs(first((160, 0.01), (8, 0.5), (3, 0.0)) - 160) <= 1 for _ in range(20)), "it just ended"
    assert all(abs(first((120, 0.0), (55, 0.3), (5, 0.9), told=grown) - 120) <= 1 for _ in range(20)), "it grew"
    assert first((180, 0.3)) == 0
    assert first((30, 0.0), a_minute=0) is None
    assert first((50, 0.0), (5, 1.0), told=Share(0.0, 1.0, 60.0, 60, 3 * MINUTE_NS)) == 50
    slow = [calls((10, 100))] * 20 + [calls((5, 100), (5, 900))] * 4
    assert first_bad(slow, Share(0.02, 0.5, 30.0, 30, MINUTE_NS, 500 * MS)) == 20


def test_as_ever_is_not_bad():
    usual = calls((96, 100), (19, 150), (5, 300), errors=1)
    assert bad(usual, usual, usual) == []
    assert bad(calls((100, 119)), calls((200, 119)), calls((400, 119))) == [], "a fifth longer"
    assert bad(calls((60, 900)), calls((60, 900)), calls((60, 900)), before=calls((19, 100))) == [], "nothing usual"
    tiny = calls((10_000, 0.05))
    assert bad(*[calls((60, 0.6))] * 3, before=tiny) == [], "half a millisecond"


def test_a_day_of_which_a_fifth_was_bad_does_not_hide_it():
    day = calls((8000, 100), (2000, 900), errors=1000)
    assert bad(*[calls((30, 100), (30, 900))] * 3, before=day) == [("slow", 3)]
    assert bad(*[calls((60, 100), errors=30)] * 3, before=day) == [("fails", 3)]
    assert bad(*[calls((48, 100), (12, 900), errors=6)] * 3, before=day) == []


def test_a_few_of_many_that_are_slow_are_seen():
    assert bad(*[calls((1800, 100), (200, 2000))] * 3) == [("slow", 3)]


def test_twelve_thousand_looks_at_what_is_as_ever_find_nothing():
    dice = random.Random(1)
    false = 0
    for _ in range(4000):
        count = dice.choice((20, 40, 80, 200))
        durations = [(1, dice.choices((100, 150, 300), (80, 16, 4))[0]) for _ in range(count)]
        one = calls(*durations, errors=sum(dice.random() < 0.02 for _ in range(count)))
        false += len(bad(one, one, one, before=DAY._replace(errors=200 * CALL)))
    assert false == 0


def test_chance_is_the_tail_of_poisson():
    for expected in (0.06, 0.4, 2.0, 12.0):
        tails = [1 - sum(exp(-expected) * expected**n / factorial(n) for n in range(count)) for count in range(60)]
        assert [is_no_chance(count, expected, CHANCE) for count in range(60)] == [tail < CHANCE for tail in tails]
        assert [*pairwise(is_no_chance(count, expected, CHANCE) for count in range(60))].count((False, True)) == 1


@pytest.mark.parametrize(
    ("lately", "is_told"),
    [
        ({READ: calls((30, 10)), REPORT: calls((40, 900))}, False),
        ({READ: calls((30, 10), (20, 900)), REPORT: calls((40, 900))}, True),
        ({READ: calls((50, 10)), Work("POST /new", "SERVER"): calls((40, 900))}, False),
        ({}, True),
    ],
    ids=["the slow one is called more", "another is slow too", "a new one is slow", "nothing known"],
)
def test_more_of_what_always_takes_long_is_other_work(lately, is_told):
    before = {READ: calls((9000, 10)), REPORT: calls((1000, 900))}
    count = sum(figures.samples for figures in lately.values()) or 100
    slow = sum(share_over(figures, 500 * MS) * figures.samples for figures in lately.values()) or 50
    share = Share(0.1, slow / count, count, count, MINUTE_NS, 500 * MS)
    assert is_more_than_mix(before, lately, share, CHANCE) == is_told


def test_a_new_name_that_fails_is_trouble():
    before, new = {READ: calls((9000, 10), errors=9)}, Work("POST /new", "SERVER")
    share = Share(0.001, 0.3, 70.0, 70, MINUTE_NS)
    assert is_more_than_mix(before, {READ: calls((50, 10)), new: calls((20, 10), errors=20)}, share, CHANCE)
    failing = before | {REPORT: calls((1000, 10), errors=500)}
    asked = {READ: calls((50, 10)), REPORT: calls((60, 10), errors=30)}
    assert not is_more_than_mix(failing, asked, Share(0.05, 0.27, 110.0, 110, MINUTE_NS), CHANCE)


def test_what_no_name_tells_of_counts_as_well():
    """Jobs that nobody asks for, and names beyond the busiest."""
    before, lately = {READ: calls((9000, 10))}, {READ: calls((50, 10))}
    assert is_more_than_mix(before, lately, Share(0.01, 0.5, 100.0, 100, MINUTE_NS), CHANCE)
    assert not is_more_than_mix(before, lately, Share(0.45, 0.25, 100.0, 100, MINUTE_NS), CHANCE)


def test_of_a_busy_service_it_is_seen_too():
    before = DAY._replace(samples=10_000_000)
    many = calls((2000, 100), (18_000, 900))
    assert bad(many, many, many, before=before) == [("slow", 3)]
    assert [is_no_chance(count, 1000.0, CHANCE) for count in (900, 1000, 1100, 1150, 6000)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_who_leads_to_a_bad_one_stands_after_it_and_a_ring_does_not():
    def links(*pairs: str) -> list[Ends]:
        return [Ends(*(Node("service", name) for name in pair)) for pair in pairs]

    assert led_to_among("ad", links("ab", "bc", "cd")) == {"a": set(), "d": {"a"}}
    assert led_to_among("abd", links("ab", "ba")) == {"a": set(), "b": set(), "d": set()}
    assert led_to_among("abd", links("ab", "ba", "bd")) == {"a": set(), "b": set(), "d": {"a", "b"}}
    assert led_to_among("ad", [Ends(Node("service", "a"), Node("database", "d"))]) == {"a": set(), "d": set()}
