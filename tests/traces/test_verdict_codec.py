import random
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.column_readers import columns_of
from apps.traces.columns import Columns
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.family import Family
from apps.traces.usual import NOTHING_USUAL
from apps.traces.verdict.codec import VERSION, pack, unpack
from apps.traces.verdict.facts import CAUSES, Finding, Verdict
from apps.traces.verdict.failures import Failures, failure
from apps.traces.verdict.judge import judge
from apps.traces.verdict.waits import waits_in
from apps.traces.verdict.words import also, phrases, sentence
from apps.traces.work import by_name
from tests.traces.build import random_trace
from tests.traces.test_verdict_rules import FAILED, MORE_CALLS, TIMEOUT, USUAL
from tests.traces.usual_build import usual_of
from tests.traces.verdict_build import judged
from tests.traces.wild import TRACE_ID, wild, wild_rows

US = 1_000
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TIME = st.integers(0, 10**9).map(lambda us: us * US)
FINDINGS = st.builds(
    Finding, st.sampled_from(CAUSES), TEXT, TEXT, st.sampled_from(["", "own_code", "database", "queue_wait"]), TEXT,
    st.booleans(), st.integers(-(10**9), 10**9).map(lambda us: us * US), TIME, TIME, TIME, st.integers(0, 10**6),
    st.integers(0, 100), st.integers(0, 100), TEXT, TEXT, TEXT, TEXT, st.booleans(), st.booleans(),
    st.binary(min_size=8, max_size=8).filter(any),
)  # fmt: skip
SHARES = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 1000)), max_size=8).map(tuple)
VERDICTS = st.builds(
    Verdict, TIME, TIME, st.integers(0, 10**9), FINDINGS, st.lists(FINDINGS, max_size=3).map(tuple), SHARES
)


@given(VERDICTS)
def test_what_is_packed_comes_out_again(verdict):
    assert unpack(pack(verdict)) == verdict


@given(VERDICTS, TIME)
def test_the_usual_most_stands_behind_the_rest_where_it_is_said(verdict, most_ns):
    assert unpack(pack(replace(verdict, usual_most_ns=most_ns))) == replace(verdict, usual_most_ns=most_ns)


@given(VERDICTS)
def test_any_facts_make_a_sentence(verdict):
    assert sentence(verdict) and phrases(verdict, brief=True)
    assert all(text for text, _ in also(verdict))


@given(VERDICTS, st.data())
def test_what_is_cut_off_is_no_verdict(verdict, data):
    packed = pack(verdict)
    assert unpack(packed[: data.draw(st.integers(0, len(packed) - 1))]) is None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_verdict_do_no_harm(data):
    read = unpack(bytes([VERSION]) + data)
    assert read is None or sentence(read) is not None


def test_another_version_is_no_verdict():
    packed = pack(judged(MORE_CALLS, USUAL))
    assert unpack(bytes([VERSION + 1]) + packed[1:]) is None
    assert unpack(None) is None and unpack(b"") is None


def test_a_verdict_takes_some_hundred_bytes():
    assert len(pack(judged(USUAL, USUAL))) < 35
    assert len(pack(judged(MORE_CALLS, USUAL))) < 70
    assert len(pack(judged(FAILED, USUAL, events=TIMEOUT))) < 110


def test_the_order_of_causes_is_for_ever():
    assert CAUSES[:4] == ("nothing_unusual", "not_enough_traffic", "slower_call", "more_calls")
    assert len({field.name for field in fields(Finding)}) < 64


@pytest.mark.parametrize("seed", range(200))
def test_wild_traces_are_judged_alike_in_any_order_and_can_be_packed(seed):
    verdicts, rows = [], wild_rows(random.Random(seed), 20)
    usual = usual_of(*(contributions_of(Family(wild(seed + n))) for n in range(3)), times=20)
    for ordered in (rows, rows[::-1]):
        found = contributions_of(Family(Columns(TRACE_ID, list(ordered))))
        waits = waits_in(edges_of(found.family).edges)
        for known in (NOTHING_USUAL, usual, replace(usual, waited_p50_ns=10, waited_p95_ns=12)):
            verdicts.append(judge(found, by_name(found), known, waits=waits))
    assert verdicts[:3] == verdicts[3:]
    for verdict in verdicts:
        assert unpack(pack(verdict)).main.cause == verdict.main.cause
        assert 0 < len(sentence(verdict)) < 700


@pytest.mark.parametrize("seed", range(5))
def test_names_of_any_length_and_content_stay_bounded(seed):
    pick, trace = random.Random(seed), random_trace(seed, 60)
    odd = "<script>" + "\u202e\x00\n" + "x" * 5000
    for span in trace.spans:
        span.pb.name = odd + str(pick.randrange(3))
    found = contributions_of(Family(columns_of(trace)))
    verdict = judge(found, by_name(found), replace(usual_of(found, times=50), waited_p50_ns=1, waited_p95_ns=1))
    said = sentence(verdict)
    assert len(said) < 700 and "\x00" not in said and "\u202e" not in said and "\n" not in said


def test_a_trace_without_errors_has_no_failure():
    assert failure(contributions_of(Family(wild(1))), Failures()) is None
