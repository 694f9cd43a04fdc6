"""What must hold for every trace, however broken: the parts sum to the time waited, to the nanosecond."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.columns import Columns
from apps.traces.contributions import BESIDE, ON_PATH, Contributions, contributions_of
from apps.traces.family import Family
from apps.traces.work import by_kind_of_work, by_name, by_service
from tests.traces.wild import TRACE_ID, wild, wild_rows

TRACES = int(os.environ.get("TRACER_RANDOM_TRACES", "2000"))
"""100 000 for the figure in docs/contributions.md."""


def check(found: Contributions) -> None:
    columns, main = found.family.columns, found.family.main
    usable = main >= 0 and main not in columns.untimed
    assert found.waited_ns == (columns.end[main] - columns.start[main] if usable else 0)
    assert sum(found.own_ns) == found.waited_ns
    at, by_span = found.start_ns, [0] * columns.n
    for start, end, span in found.segments:
        assert at == start < end
        at, by_span[span] = end, by_span[span] + end - start
    assert at == found.start_ns + found.waited_ns
    assert by_span == found.own_ns
    assert all(found.place[span] == ON_PATH for span, own in enumerate(found.own_ns) if own)
    for parts in (by_service(found), by_name(found), by_kind_of_work(found)):
        assert sum(part.own_ns for part in parts) == found.waited_ns
        assert sum(part.calls for part in parts) == sum(place != BESIDE for place in found.place)
    for gap_start, gap_end in found.gaps:
        assert gap_start < gap_end
        for start, end, span in zip(columns.start, columns.end, range(columns.n), strict=True):
            if found.place[span] == BESIDE and span not in columns.untimed:
                assert not (start < gap_end and gap_start < end)


def test_parts_of_random_traces_sum_to_the_time_waited():
    for seed in range(TRACES):
        check(contributions_of(Family(wild(seed))))


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_parts_of_any_small_trace_sum_to_the_time_waited(pick, spans):
    check(contributions_of(Family(Columns(TRACE_ID, wild_rows(pick, spans, span_ns=12)))))


def test_a_trace_without_spans_has_no_contributions():
    found = contributions_of(Family(Columns(TRACE_ID, [])))
    assert (found.waited_ns, found.own_ns, found.segments, found.beside, found.gaps) == (0, [], [], (), [])


def test_every_span_is_on_the_path_or_parallel_or_under_one_top_beside_it():
    for seed in range(TRACES // 4):
        found = contributions_of(Family(wild(seed)))
        columns = found.family.columns
        beside = sum(place == BESIDE for place in found.place)
        listed = sum(part.span_count for part in found.beside)
        # A span without usable times in waited-for work is passed through: it is nowhere.
        assert listed <= beside <= listed + len(columns.untimed)


def told(columns: Columns, found: Contributions) -> list[tuple]:
    """What was found, in words that do not depend on the order of spans."""
    of = [
        (columns.start[i], columns.end[i], columns.span_id[i], columns.service[i], columns.name[i], columns.kind[i])
        for i in range(columns.n)
    ]
    return sorted((*of[i], found.own_ns[i], found.place[i]) for i in range(columns.n))


@pytest.mark.parametrize("seed", range(300))
def test_the_order_of_spans_changes_nothing(seed):
    rows = wild_rows(random.Random(seed), 30)
    columns = Columns(TRACE_ID, list(rows))
    first = told(columns, contributions_of(Family(columns)))
    random.Random(seed + 1).shuffle(rows)
    shuffled = Columns(TRACE_ID, [(*row[:7], position, *row[8:]) for position, row in enumerate(rows)])
    assert told(shuffled, contributions_of(Family(shuffled))) == first


def by_hand(found: Contributions, slack: int) -> dict[int, int]:
    """The definition, nanosecond by nanosecond: instant -> the span it belongs to."""
    columns, parents, owner = found.family.columns, found.family.parents, {}

    def is_late(parent: int, child: int) -> bool:
        low, high, start, end = columns.start[parent], columns.end[parent], columns.start[child], columns.end[child]
        over = min(max(slack, (high - low) // 100), (end - start) // 2)
        return (start >= high and end > high) or end - high > over

    def waiter(child: int) -> int:
        above = parents[child]
        while above >= 0 and is_late(above, child):
            above = parents[above]
        return above

    children = {i: [c for c in range(columns.n) if c != found.family.main and waiter(c) == i] for i in range(columns.n)}

    def waits(parent: int, child: int) -> bool:
        return not (columns.end[child] <= columns.start[parent] and columns.start[child] < columns.start[parent])

    def divide(span: int, low: int, high: int) -> None:
        parts = [(max(columns.start[c], low), min(columns.end[c], high), c) for c in children[span] if waits(span, c)]
        parts = [part for part in parts if part[0] < part[1]]
        instant = high
        while instant > low:
            just_ended = [
                part for part in parts
                if part[0] < instant <= part[1] and part[1] - instant <= min(slack, (part[1] - part[0]) // 2)
            ]  # fmt: skip
            if just_ended:
                start, _, child = min(just_ended, key=lambda part: (-part[1], part[0], part[2]))
                divide(child, start, instant)
                instant = start
            else:
                instant -= 1
                owner[instant] = span

    main = found.family.main
    divide(main, columns.start[main], columns.end[main])
    return owner


@pytest.mark.parametrize("seed", range(400))
def test_the_walk_agrees_with_the_definition_applied_to_every_nanosecond(seed):
    pick = random.Random(seed)
    spans, slack, longest = pick.randrange(2, 14), pick.randrange(4), pick.choice((5, 12, 40))
    rows = []
    for number in range(spans):
        start = pick.randrange(1, 60) if number else 1
        end = start + pick.randrange(0, longest) if number else 60
        parent = (pick.randrange(number) + 1).to_bytes(8, "big") if number else b""
        own = (number + 1).to_bytes(8, "big")
        rows.append((start, -end, own, "shop", f"s{number}", 1, parent, number, False, None, "", (), ""))
    found = contributions_of(Family(Columns(TRACE_ID, rows)), slack)
    walked = {instant: span for start, end, span in found.segments for instant in range(start, end)}
    assert walked == by_hand(found, slack)
