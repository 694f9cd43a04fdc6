import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.column_readers import columns_of
from apps.traces.contributions import contributions_of
from apps.traces.error_origin import trace_reader
from apps.traces.family import Family
from apps.traces.why.parts import Part, Side, Sum, apportion, compare, grouped, parts_of, rows_of, side_of
from apps.traces.why.tries import Tries, all_tries, tries_of
from apps.traces.work import EXTERNAL, KINDS_OF_WORK, NETWORK, OWN_CODE
from tests.traces.build import MS, as_trace
from tests.traces.columns_build import BANK, DATABASE, drawn_data, found_in
from tests.traces.wild import wild

parts = st.builds(
    Part, st.sampled_from("abcd"), st.sampled_from(KINDS_OF_WORK), st.sampled_from(("", "bank", "db")),
    st.sampled_from(("x", "y")),
)  # fmt: skip
sums = st.dictionaries(parts, st.builds(Sum, st.integers(0, 10**12), st.floats(0, 50), st.floats(0, 50)), max_size=12)


@given(st.dictionaries(parts, st.integers(0, 10**15), max_size=12), st.integers(0, 10**12))
def test_a_whole_is_divided_without_a_rest_and_in_proportion(shares, whole):
    found = apportion(shares, whole)
    assert sum(found.values()) == whole
    total = sum(shares.values())
    if total:
        assert all(abs(found[part] - share * whole / total) < 1 + 1e-6 * whole for part, share in shares.items())


@given(sums, sums, st.integers(0, 10**12), st.integers(0, 10**12), st.integers(1, 9))
def test_changes_add_up_to_the_change_of_the_whole_in_every_grouping(before, after, before_ns, after_ns, most):
    changes = compare(side_of(3, 3.0, before, before_ns), side_of(4, 4.5, after, after_ns))
    for told in (changes, grouped(changes), rows_of(changes, most)):
        assert sum(change.before_ns for change in told) == before_ns
        assert sum(change.after_ns for change in told) == after_ns
        assert sum(change.change_ns for change in told) == after_ns - before_ns
    sizes = [abs(change.change_ns) for change in changes]
    assert sizes == sorted(sizes, reverse=True)
    assert len(rows_of(changes, most)) <= most + 1


def test_parts_of_random_traces_sum_to_the_time_waited():
    for seed in range(300):
        found = contributions_of(Family(wild(seed)))
        told = parts_of(found)
        assert sum(sum_.own_ns for sum_ in told.values()) == found.waited_ns
        assert all(sum_.on_path <= sum_.calls and sum_.own_ns >= 0 for sum_ in told.values())


CHECKOUT = """
    shop SERVER checkout    |[==================]
      shop CLIENT charge    |  [==============]
        pay SERVER charges  |   [============]
          pay CLIENT bank   |    [==]
          pay CLIENT bank   |        [==]
          pay CLIENT insert |             [=]
"""


def test_a_part_is_a_service_a_kind_of_work_and_whom_it_waited_for():
    told = parts_of(found_in(CHECKOUT, {"bank": BANK, "insert": DATABASE}))
    assert {part: (sum_.own_ns / MS, sum_.calls, sum_.on_path) for part, sum_ in told.items()} == {
        Part("shop", OWN_CODE, "", "checkout"): (4, 1, 1),
        Part("shop", NETWORK, "", "charge"): (2, 1, 1),
        Part("pay", OWN_CODE, "", "charges"): (3, 1, 1),
        Part("pay", EXTERNAL, "bank-api", "bank"): (8, 2, 2),
        Part("pay", "database", "postgresql · shop", "insert"): (3, 1, 1),
    }


def test_calls_are_told_per_trace_of_weight():
    part = Part("pay", EXTERNAL, "bank", "POST")
    (change,) = compare(side_of(2, 2.0, {part: Sum(20, 2, 2)}, 10), side_of(4, 40.0, {part: Sum(800, 520, 520)}, 20))
    assert (change.calls_before, change.calls_after, change.on_path_after, change.change_ns) == (1, 13, 13, 10)


def test_what_is_small_stands_in_one_row_and_network_together():
    def side(scale):
        own = {Part(f"s{n}", OWN_CODE, "", "x"): Sum(10**n * scale) for n in range(12)}
        network = {Part(f"s{n}", NETWORK, "", "call"): Sum(5 * scale) for n in range(4)}
        total = own | network
        return side_of(1, 1.0, total, sum(sum_.own_ns for sum_ in total.values()))

    rows = rows_of(compare(side(1), side(3)), 6)
    assert [row.part.service for row in rows] == ["s11", "s10", "s9", "s8", "s7", "s6", ""]
    assert rows[-1].together == 7  # s0 … s5 and the network


def test_a_large_share_of_one_network_keeps_its_name():
    def side(scale):
        sums_ = {Part("shop", NETWORK, "", "call"): Sum(100 * scale), Part("shop", OWN_CODE, "", "x"): Sum(50)}
        return side_of(1, 1.0, sums_, 100 * scale + 50)

    assert rows_of(compare(side(1), side(4)), 5)[0].part == Part("shop", NETWORK, "")


def test_a_side_without_traces_compares_as_nothing():
    part = Part("pay", OWN_CODE, "", "x")
    (change,) = compare(Side(0, 0), side_of(1, 1.0, {part: Sum(5, 1, 1)}, 5))
    assert (change.part, change.before_ns, change.after_ns) == (part, 0, 5)
    assert side_of(2, 2.0, {}, 7).own_ns == {Part("", "", ""): 7}


@pytest.mark.parametrize("seed", range(5))
def test_equal_sets_have_no_change(seed):
    pick = random.Random(seed)
    told = {Part(pick.choice("ab"), OWN_CODE, "", str(n)): Sum(pick.randrange(10**9), 1, 1) for n in range(20)}
    side = side_of(7, 7.0, told, 123_456_789)
    assert {change.change_ns for change in compare(side, side)} == {0}


RETRYING = """
    job SERVER label         |[===================]
      job CLIENT post        |  [=] !
      job CLIENT post        |       [=] !
      job INTERNAL log       |          [=]
      job CLIENT post        |              [=] !
"""


def test_pauses_between_tries_are_not_the_services_own_code():
    found = found_in(RETRYING, {"post": BANK | {"http.response.status_code": 503}})
    told = {(part.work, part.peer): (sum_.own_ns // MS, sum_.calls) for part, sum_ in parts_of(found).items()}
    assert told["pause", "bank-api"] == (2 + 1, 2), "what the log took is none"


TWO_CALLERS = """
    job SERVER label         |[==============================]
      job INTERNAL one       | [===========]
        job CLIENT post      |  [=] !
        job CLIENT post      |       [=] !
      job INTERNAL two       |                [=============]
        job CLIENT post      |                    [=]
"""


def test_a_call_of_another_caller_is_no_further_try():
    found = found_in(TWO_CALLERS, {"post": BANK | {"http.response.status_code": 503}})
    told = {(part.work, part.peer): (sum_.own_ns // MS, sum_.calls) for part, sum_ in parts_of(found).items()}
    assert told["pause", "bank-api"] == (2, 1), "what follows the last try that failed is the caller's own time"


def test_what_was_tried_again_is_told_with_what_it_was_answered():
    data = drawn_data(RETRYING, {"post": BANK | {"http.response.status_code": 503}})
    trace = as_trace(data)
    told = tries_of(contributions_of(Family(columns_of(trace))), trace_reader(trace))
    assert told == (Tries("job", "bank-api", 3, 3, "503 Service Unavailable"),)
    one, other = Tries("job", "bank-api", 2, 1, "503"), Tries("job", "bank-api", 4, 4, "504")
    assert all_tries([(one,), (), (other, *told), told]) == (
        Tries("job", "bank-api", 4, 11 / 3, "503 Service Unavailable", 3),
    )
