"""When a span name was slow within a period, over traces in the real store."""

import time
from dataclasses import replace

import pytest

from apps.insights.bad_time import bad_time
from apps.insights.lately import Lately
from apps.insights.period import Period, chosen_period
from apps.insights.queries import span_names
from apps.insights.slow_names import slow
from apps.traces.why.ending import GOES_ON, OVER
from tests.insights.incident import MINUTE_NS, store_incident

pytestmark = pytest.mark.usefixtures("store")


def last(minutes: int) -> Period:
    now_ns = time.time_ns()
    return chosen_period("", now_ns - minutes * MINUTE_NS, None, "before", now_ns)


def test_it_began_when_more_calls_came_and_the_calls_are_those_of_that_time():
    began_ns = store_incident(minutes=130, slow_minutes=30)
    first = slow(1, last(60)).slower[0]
    found = bad_time(1, last(60), first)
    assert (found.start_ns, found.end_ns, found.is_earlier) == (began_ns, None, False) and first.lately.word == GOES_ON
    assert first.calls.after == pytest.approx(7, abs=0.5)
    assert (found.change.before, found.change.after) == (first.calls.before, pytest.approx(13))
    # Where the last minutes say otherwise nothing is said.
    assert bad_time(1, last(60), replace(first, lately=Lately(OVER))) is None


def test_what_began_before_the_period_is_compared_with_what_was_before_it():
    began_ns = store_incident(minutes=130, slow_minutes=30)
    first = slow(1, last(60)).slower[0]
    found = bad_time(1, last(20), first)
    assert (found.start_ns, found.is_earlier) == (began_ns, True)
    assert (found.change.before, found.change.after) == (pytest.approx(1), pytest.approx(13))
    assert bad_time(1, last(14), first) is None  # nothing is left that was before it


def test_nothing_is_said_where_as_many_calls_came_all_the_time():
    store_incident(minutes=130, slow_minutes=30)
    first = slow(1, last(60)).slower[0]
    steady = replace(
        first, key=first.key._replace(span_name="INSERT charge", peer_kind="database", peer="postgresql · orders")
    )
    assert span_names(1, last(60).window, keys=[steady.key])[steady.key].samples > 20
    assert bad_time(1, last(60), steady) is None
    assert bad_time(1, last(60), replace(first, key=first.key._replace(span_name="never seen"))) is None
