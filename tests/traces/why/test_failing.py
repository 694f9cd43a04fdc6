"""Sentences of errors: those that traces failed by, and those that were got over."""

from dataclasses import replace

import pytest

from apps.traces.why import judge
from apps.traces.why.ending import OVER, Ending
from apps.traces.why.finding import Finding, Origin, Release
from apps.traces.why.judge import Judged
from apps.traces.why.next_line import next_line
from apps.traces.why.sentence import sentence
from apps.traces.why.since import Since
from apps.traces.why.words import STRONG, WHERE
from tests.traces.why.test_sentence import at, clock, said

SHARE = "31 % of POST /checkout had an error since 21:10, 2 % before"
INSERT = "order INSERT orders with DuplicateKey"
CHARGE = "payment POST /charges with 429"


def insert(traces, failed=0, survived=0):
    return Origin("order", "INSERT orders", "DuplicateKey", "duplicate key", traces, failed, survived)


def charge(traces, failed=0, survived=0):
    return Origin("payment", "POST /charges", "429", "429 Too Many Requests", traces, failed, survived)


def finding(origins, of, whole, tried_again=0, **more):
    judged = Judged(judge.ROSE, "errors", 0.02, 0.31, 4118, 1094)
    since = Since(at("21:10"), None, 0.31, 0.02)
    return Finding("gateway", "POST /checkout", judged, since=since, origins=origins, failed_looked_at=of,
                   failed_whole=whole, tried_again=tried_again, **more)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (finding((insert(8, 7), charge(20, 2, 15)), 24, 9, 15), "of 24 looked at, 9 failed as a whole, 7 of them in "
         f"{INSERT}; 15 were tried again and went through, all after {CHARGE}"),
        (finding((insert(9, 9), charge(12, 0, 12)), 24, 9, 15), "of 24 looked at, 9 failed as a whole, all in "
         f"{INSERT}; 15 were tried again and went through, most after {CHARGE}"),
        (finding((insert(9, 9), charge(7, 0, 7)), 24, 9, 15), "of 24 looked at, 9 failed as a whole, all in "
         f"{INSERT}; 15 were tried again and went through, 7 of them after {CHARGE}"),
        (finding((charge(24, 9, 15),), 24, 9, 15), "of 24 looked at, 9 failed as a whole, all in "
         f"{CHARGE}; 15 were tried again and went through, all after the same error"),
        (finding((insert(1, 1), charge(2, 0, 1)), 2, 1, 1), "of 2 looked at, 1 failed as a whole, in "
         f"{INSERT}; 1 was tried again and went through, after {CHARGE}"),
    ],
)  # fmt: skip
def test_what_failed_as_a_whole_leads_and_what_was_tried_again_is_told_apart(found, words):
    assert said(sentence(found, clock)) == f"{SHARE}: {words}."
    assert said(next_line(found, clock)) == ""


def test_where_fewer_fail_now_it_is_told_what_failed_before():
    found = finding((insert(9, 9), charge(12, 0, 12)), 24, 9, 15, are_before=True)
    assert f": of 24 looked at before, 9 failed as a whole, all in {INSERT}; 15 were" in said(sentence(found, clock))
    found = finding((insert(24, 24),), 24, 24, are_before=True)
    assert f": all looked at before began in {INSERT}." in said(sentence(found, clock))
    assert said(next_line(found, clock)) == "All 24 looked at before failed as a whole."


def test_what_nobody_tried_again_is_not_said_to_have_been():
    found = finding((insert(9, 9), charge(15, 0, 15)), 24, 9, 14)
    assert said(sentence(found, clock)).endswith(f"; 15 went through all the same, all after {CHARGE}.")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (finding((charge(24, 0, 24),), 24, 0, 24), "all 24 looked at went through in the end; the errors began in"),
        (finding((charge(20, 0, 20),), 24, 0), "all 24 looked at went through in the end; the errors of 20 began in"),
        (finding((charge(1, 0, 1),), 2, 0), "all 2 looked at went through in the end; the error of 1 began in"),
        (finding((charge(1, 0, 1),), 1, 0), "the one looked at went through in the end; its error began in"),
        (finding((charge(24, 24),), 24, 24), "all looked at began in"),
        (finding((charge(24, 20),), 24, 24), "20 of 24 looked at began in"),
        (finding((charge(1, 1),), 1, 1), "the one looked at began in"),
    ],
)
def test_where_all_failed_or_none_it_is_short(found, words):
    assert said(sentence(found, clock)) == f"{SHARE}: {words} {CHARGE}."


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (finding((charge(24, 24),), 24, 24), "All 24 looked at failed as a whole."),
        (finding((charge(1, 1),), 1, 1), "The one looked at failed as a whole."),
        (finding((charge(24, 5, 19),), 24, 5), ""),
        (finding((charge(24, 0, 24),), 24, 0), ""),
    ],
)
def test_that_all_failed_as_a_whole_is_said_below(found, words):
    assert said(next_line(found, clock)) == words


def test_places_and_errors_are_marked():
    words = sentence(finding((insert(8, 7), charge(20, 2, 15)), 24, 9, 15), clock)
    assert [word.text for word in words if word.role == WHERE] == ["order", "payment"]
    assert {"DuplicateKey", "429"} <= {word.text for word in words if word.role == STRONG}


def test_the_version_is_of_whom_most_failed_by_or_else_of_whom_most_got_over():
    versions = {name: Release(name, "2.0", at("21:09"), True) for name in ("order", "payment")}
    origins = insert(8, 7), charge(20, 2, 15)

    def told(*names):
        return said(next_line(finding(origins, 24, 9, 15, releases=tuple(versions[name] for name in names)), clock))

    assert told("order", "payment") == "The change came with order 2.0, first seen at 21:09."
    assert told("payment") == "The change came with payment 2.0, first seen at 21:09."


def test_where_it_is_over_and_another_error_goes_on_that_is_named():
    over = Since(at("21:10"), at("21:20"), 0.31, 0.02)
    ended = Ending(OVER, 0.15, 200)

    def told(*origins, of=24, since=0.15):
        found = finding((insert(24, 24),), 24, 24, ending=ended._replace(value=since), origins_after=origins,
                        after_looked_at=of)  # fmt: skip
        return said(sentence(replace(found, since=over), clock)).rpartition("It is over: ")[2]

    another = "by another error, 429 in payment POST /charges"
    assert told(charge(24, 20, 4)) == f"15 % since, all {another}."
    assert told(charge(16, 12, 4), insert(8, 8)) == f"15 % since, most of them {another}."
    assert told(charge(9, 9), insert(8, 8), of=30) == f"15 % since, 9 of 30 looked at {another}."
    assert told(insert(15, 15), charge(9, 9)) == told() == "15 % since."
