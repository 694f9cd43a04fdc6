"""Other questions than a root span name: a service, another span name, a selection."""

import time

import pytest

from apps.insights.period import BEFORE, chosen_period
from apps.insights.why.answer import answer
from apps.insights.why.ask import Selection, ask_of, searched
from apps.insights.why.contrast import contrast
from apps.traces.why import judge
from apps.traces.why.finding import AROUND, READ
from apps.traces.why.next_line import next_line
from apps.traces.why.sentence import sentence
from apps.traces.why.words import text_of
from tests.insights.incident import MINUTE_NS, last_minute_ns, store_incident

pytestmark = pytest.mark.usefixtures("store")


def asked(service, name="", look="p95", selection=None, query=None):
    end = last_minute_ns() + MINUTE_NS
    period = chosen_period("custom", end - 30 * MINUTE_NS, end, BEFORE, time.time_ns())
    return answer(1, ask_of(period, service, name, look, None, selection, query))


def said(found):
    return text_of(sentence(found.finding, str)), text_of(next_line(found.finding, str))


@pytest.mark.parametrize("name", ["", "POST /charges"])
def test_a_service_and_one_of_its_spans_are_told_by_what_lies_below(name):
    began = store_incident()
    found = asked("payment", name)
    first, second = said(found)
    assert found.ask.after.start_ns == began
    assert first.startswith(f"p95 of {name or 'payment'} rose from ")
    assert "in payment, all of it waiting for bank-api, called 13\u00a0times instead of once. It goes on." in first
    assert "Those are calls per " in second and "payment 4.12.0" in second
    assert found.finding.basis == AROUND
    judged = found.finding.judged
    assert sum(change.change_ns for change in found.finding.changes) == round(judged.after) - round(judged.before)
    assert {change.part.service for change in found.finding.changes} == {"payment"}
    assert all(len(sample.span_id) == 16 for sample in found.after_samples.read)
    shared = contrast(1, found).compared.found
    assert ("payment.split", "per_line") in [(one.key, one.value) for one in shared]


def test_failing_of_a_service_begins_where_it_began():
    store_incident(fails=True)
    found = asked("payment", look="errors")
    assert found.finding.judged.word == judge.ROSE
    assert "began in payment INSERT charge with DuplicateKey" in said(found)[0]


def test_a_selection_is_compared_with_all_others():
    began = store_incident()
    chosen = Selection(began, began + 10 * MINUTE_NS, 1_000_000_000)
    found = asked("gateway", "POST /checkout", selection=chosen)
    judged = found.finding.judged
    assert judged.word == judge.SELECTED and found.finding.basis == READ
    assert abs(judged.after_traces - 30) <= 3
    assert judged.after_traces + judged.before_traces == sum(point.figures.samples for point in found.points)
    assert all(chosen.holds(sample.start_ns, sample.waited_ns) for sample in found.after_samples.read)
    assert not any(chosen.holds(sample.start_ns, sample.waited_ns) for sample in found.before_samples.read)
    first, _ = said(found)
    assert first.startswith(f"The {judged.after_traces} selected traces of POST /checkout took 1.")
    assert "all of it waiting for bank-api, called 13\u00a0times instead of 3.5\u00a0times." in first
    before, after = found.finding.means_ns
    assert sum(change.change_ns for change in found.finding.changes) == after - before
    compared = contrast(1, found)
    assert compared.kind == "selected" and compared.compared.slow == 30
    assert "payment.split" in [one.key for one in compared.compared.found]


def test_a_selection_of_nothing_says_so():
    began = store_incident()
    found = asked("gateway", "POST /checkout", selection=Selection(began, began + MINUTE_NS, 3_600_000_000_000))
    assert found.finding.judged.word == judge.TOO_FEW
    assert said(found)[0] == "Too few of the selected traces of POST /checkout, or of the rest, could be read."


def test_a_service_nobody_knows_has_no_traces():
    store_incident()
    assert asked("nobody").finding.judged.word == judge.NOTHING


def test_where_there_were_no_traces_at_all_nothing_is_called_new():
    store_incident(minutes=25, slow_minutes=1, calls=1)
    found = asked("gateway", "POST /checkout")
    assert found.finding.judged.word == judge.FIRST
    assert said(found)[0].startswith("There is nothing to compare POST /checkout with")


def test_what_a_search_finds_is_told_like_a_name():
    began = store_incident()
    found = asked("", query=searched("service=payment&attrs=payment.method%3Dcard&range=1h"))
    first, second = said(found)
    assert found.ask.after.start_ns == began and found.source.is_all
    assert first.startswith("p95 of what you searched for rose from ")
    assert "in payment, all of it waiting for bank-api, called 13\u00a0times instead of once. It goes on." in first
    assert "Those are calls per trace, one after the other." in second and "payment 4.12.0" in second
    judged = found.finding.judged
    assert 60 < judged.before_traces + judged.after_traces < 120
    shared = contrast(1, found).compared
    assert ("payment.split", "per_line") in [(one.key, one.value) for one in shared.found]
    assert shared.slow + shared.rest == judged.before_traces + judged.after_traces


def test_a_search_that_finds_more_than_is_read_says_so(monkeypatch):
    store_incident()
    monkeypatch.setattr("apps.insights.why.searched.NEWEST", 20)
    found = asked("", query=searched("service=payment"))
    assert not found.source.is_all
    assert found.finding.judged.before_traces + found.finding.judged.after_traces == 40


def test_a_search_that_finds_nothing_has_no_traces():
    store_incident()
    assert asked("", query=searched("q=48213")).finding.judged.word == judge.NOTHING
