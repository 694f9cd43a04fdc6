import importlib
import itertools
import random
import re
import time
from dataclasses import replace

import pytest

from apps.insights.figures import NO_FIGURES
from apps.insights.period import BEFORE, chosen_period
from apps.insights.why import samples as reading
from apps.insights.why.answer import answer, services_of
from apps.insights.why.ask import WHOLE, ask_of
from apps.insights.why.changed import changed_roots, root_names
from apps.insights.why.contrast import contrast
from apps.insights.why.told import Told
from apps.store.connection import store_cursor
from apps.traces.durations import format_percent
from apps.traces.verdict.codec import unpack
from apps.traces.why import judge
from apps.traces.why.finding import AROUND, MEAN, Origin
from apps.traces.why.next_line import next_line
from apps.traces.why.parts import Part
from apps.traces.why.sentence import sentence
from apps.traces.why.words import text_of
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store, store_incident

pytestmark = pytest.mark.usefixtures("store")
CHECKOUT = ("gateway", "POST /checkout")
BANK = Part("payment", "external", "bank-api", "POST /v2/authorisations")


def period(minutes=30, last_ns=0):
    end = (last_ns or last_minute_ns()) + MINUTE_NS
    return chosen_period("custom", end - minutes * MINUTE_NS, end, BEFORE, time.time_ns())


def asked(look="p95", split=None, minutes=30, name=CHECKOUT[1]):
    return answer(1, ask_of(period(minutes), CHECKOUT[0], name, look, split))


def said(found):
    def clock(at_ns, *, beside_ns=None):
        return str((at_ns - found.view.start_ns) // MINUTE_NS)

    return text_of(sentence(found.finding, clock)), text_of(next_line(found.finding, clock))


def test_the_incident_is_told_with_its_service_reason_minute_calls_and_version():
    began = store_incident()
    found = asked()
    assert found.found_split
    assert (found.ask.after.start_ns, found.ask.before.end_ns) == (began, began)
    first, second = said(found)
    assert f"\u00a0s since {(began - found.view.start_ns) // MINUTE_NS}: +1." in first
    assert first.endswith("all of it waiting for bank-api, called 13\u00a0times instead of once. It goes on.")
    assert "Those are calls per POST /checkout, one after the other." in second
    assert "Each call takes as long as before" in second
    assert f"payment 4.12.0, first seen at {(began - found.view.start_ns) // MINUTE_NS}." in second
    changes = found.finding.changes
    assert changes[0].part == BANK
    assert found.finding.basis == AROUND
    judged = found.finding.judged
    assert sum(change.change_ns for change in changes) == round(judged.after) - round(judged.before)
    assert changes[0].change_ns == pytest.approx(12 * 120e6, rel=0.15)
    assert all(sample.waited_ns > 1e9 for sample in found.after_samples.read)


def test_two_windows_are_compared_as_they_were_chosen_or_parted_by_hand():
    began = store_incident()
    whole = asked(split=WHOLE)
    assert not whole.found_split and whole.ask.after == period().window
    by_hand = asked(split=began + 5 * MINUTE_NS)
    assert by_hand.ask.after.start_ns == began + 5 * MINUTE_NS
    with pytest.raises(ValueError, match="outside"):
        ask_of(period(), *CHECKOUT, "p95", began - 86_400 * 10**9)


def test_without_traces_to_read_the_parts_are_of_the_mean(monkeypatch):
    store_incident()
    with store_cursor() as cursor:
        cursor.execute("DELETE FROM trace")
    found = asked()
    assert found.finding.basis == MEAN
    before, after = found.finding.means_ns
    assert sum(change.change_ns for change in found.finding.changes) == after - before
    assert found.finding.changes[0].part == BANK
    assert " (mean +1." in said(found)[0] and "waiting for bank-api" in said(found)[0]


def test_nothing_changed_is_said_and_so_is_too_little():
    store_incident(calls=1)
    assert asked().finding.judged.word == judge.AS_BEFORE
    assert "is as before" in said(asked())[0]
    assert asked(minutes=5).finding.judged.word == judge.TOO_FEW
    assert asked(name="GET /nothing").finding.judged.word == judge.NOTHING


def test_failing_is_told_with_where_it_began():
    dice, end = random.Random(5), last_minute_ns()
    store([
        checkout(n, end - (60 * MINUTE_NS * (300 - n)) // 300, dice, fails=n >= 200 and n % 2 == 0)
        for n in range(300)
    ])  # fmt: skip
    found = asked("errors")
    first, second = said(found)
    assert re.match(
        r"50\W% of POST /checkout had an error since \d+, 0\W% before: all looked at began in payment", first
    )
    assert first.endswith(" INSERT charge with DuplicateKey. It goes on.")
    assert re.fullmatch(r"All \d+ looked at failed as a whole\.", second)
    (origin,) = found.finding.origins
    assert (origin.service, origin.message) == ("payment", "duplicate key {n}")


TRIED = {"calls": 2, "refused": "429 Too Many Requests", "recovers": True}
REFUSED = "payment POST /v2/authorisations with httpx.HTTPStatusError (429 Too Many Requests)"


def store_tried(fails, **others):
    """An hour, in its last third of which every trace has a failed try; some `fails(n)` otherwise, too."""
    dice, end = random.Random(5), last_minute_ns()
    store([
        checkout(n, end - (60 * MINUTE_NS * (300 - n)) // 300, dice,
                 **(TRIED | ({"fails": True} if fails(n) else others) if n >= 200 else {}))
        for n in range(300)
    ])  # fmt: skip


def test_traces_that_failed_by_an_error_are_told_from_those_that_got_over_another():
    store_tried(fails=lambda n: n % 3 == 0)
    found = asked("errors")
    finding, (first, second) = found.finding, said(found)
    whole, of = finding.failed_whole, finding.failed_looked_at
    assert 1 < whole < of - 1
    assert f": of {of} looked at, {whole} failed as a whole, all in payment INSERT charge with " in first
    assert f"; {of - whole} were tried again and went through, all after {REFUSED}. It goes on." in first
    assert second == ""
    duplicate, refused = finding.origins
    assert (duplicate.exception_type, duplicate.traces, duplicate.failed, duplicate.survived) == (
        "DuplicateKey", whole, whole, 0,
    )  # fmt: skip
    assert (refused.traces, refused.failed, refused.survived) == (of, 0, of - whole)
    assert finding.tried_again == of - whole
    for sample in found.after_samples.read:
        verdict = unpack(sample.verdict).main
        assert verdict.is_fatal == sample.is_failed
        assert not sample.is_failed or verdict.error_type == sample.told.error.type


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (200, ": all 24 looked at went through in the end; the errors began in "),
        (409, ": all looked at began in "),
    ],
)
def test_what_was_answered_with_an_error_has_failed_as_its_verdict_says(answers, words):
    store_tried(fails=lambda n: False, answers=answers)
    assert f"{words}{REFUSED}." in said(asked("errors"))[0]


def test_versions_are_asked_for_of_what_most_failed_by_and_of_what_most_got_over():
    kinds = (("order", 7, 7, 0), ("inventory", 2, 2, 0), ("payment", 20, 0, 15))
    origins = tuple(Origin(name, "POST", "429", "", *counts) for name, *counts in kinds)
    told = Told(None, NO_FIGURES, NO_FIGURES, origins=origins)
    ask = ask_of(period(), *CHECKOUT, "errors")
    assert services_of(told, ask) == ["order", "payment", "inventory", "gateway"]
    failed = tuple(replace(origin, survived=0) for origin in origins)
    assert services_of(replace(told, origins=failed), ask) == ["order", "inventory", "payment", "gateway"]


def test_of_durations_nothing_is_said_to_have_failed():
    store_incident(refused="429 Too Many Requests")
    assert asked("p95").finding.failed_whole == asked("p95").finding.failed_looked_at == 0


def test_of_windows_that_were_not_parted_the_share_is_that_since_the_change():
    store_incident(minutes=60, slow_minutes=15, fails=True)
    found = asked("errors", split=WHOLE)
    share = format_percent(found.finding.judged.after)
    assert found.finding.judged.after < 0.6
    assert re.match(
        rf"100\W% of POST /checkout had an error since \d+ \({share} of the whole window\), 0\W% before: ",
        said(found)[0],
    )
    assert " of the whole window" not in said(asked("errors"))[0]


def test_what_failed_in_the_part_that_is_told_is_read_in_it_and_not_in_the_whole_window():
    dice, end = random.Random(5), last_minute_ns()
    store([
        checkout(n, end - (60 * MINUTE_NS * (300 - n)) // 300, dice,
                 **(TRIED if n in (160, 180, 200) else {"fails": n >= 230}))
        for n in range(300)
    ])  # fmt: skip
    found = asked("errors", split=WHOLE)
    read = found.after_samples.read
    assert read and all(one.start_ns >= found.finding.since.start_ns for one in read)
    assert [origin.exception_type for origin in found.finding.origins] == ["DuplicateKey"]
    assert found.finding.failed_whole == found.finding.failed_looked_at == len(read)


def test_a_good_while_between_two_bad_ones_is_what_the_second_is_compared_with():
    dice, end = random.Random(5), last_minute_ns()
    store([
        checkout(n, end - (60 * MINUTE_NS * (300 - n)) // 300, dice, fails=not 120 <= n < 230 and n % 2 == 0)
        for n in range(300)
    ])  # fmt: skip
    found = asked("errors")
    judged, since = found.finding.judged, found.finding.since
    assert (judged.word, judged.before) == ("rose", 0)
    assert abs(since.start_ns - (end - 14 * MINUTE_NS)) <= 2 * MINUTE_NS and since.end_ns is None
    assert said(found)[0].endswith("with DuplicateKey. It goes on.")


def test_where_errors_are_over_it_is_told_which_others_go_on():
    dice, end = random.Random(5), last_minute_ns()
    refused = {"calls": 1, "refused": "429 Too Many Requests"}
    store([
        checkout(n, end - (60 * MINUTE_NS * (300 - n)) // 300, dice,
                 **(refused if 150 <= n < 210 else {"fails": n % 8 == 0}))
        for n in range(300)
    ])  # fmt: skip
    found = asked("errors")
    assert [origin.what for origin in found.finding.origins_after] == ["DuplicateKey"]
    told = r" It is over: 1\d\W% since, all by another error, DuplicateKey in payment INSERT charge\.$"
    assert re.search(told, said(found)[0]), said(found)[0]


def test_failing_is_told_with_the_status_that_was_answered():
    store_incident(refused="429 Too Many Requests")
    told = "POST /v2/authorisations with httpx.HTTPStatusError (429 Too Many Requests). It goes on."
    assert said(asked("errors"))[0].endswith(told)


def test_pauses_between_tries_are_told_with_what_the_tries_were_answered():
    store_incident(calls=3, refused="503 Service Unavailable", pause_ms=900)
    first, second = said(asked())
    assert re.search(
        r"\+[\d.]+\Ws in payment, [\d.]+\Ws of it in pauses between tries at bank-api\. It goes on\.", first
    )
    assert "Per POST /checkout, all 3 tries at bank-api failed with 503 Service Unavailable." in second


def test_what_the_slow_ones_have_in_common():
    last_ns = last_minute_ns()  # storing this many may take past the minute
    store_incident(a_minute=4)
    found = contrast(1, answer(1, ask_of(period(last_ns=last_ns), *CHECKOUT, "p95")))
    told = {(a.service, a.key): a for a in found.compared.found}
    split = told["payment", "payment.split"]
    assert (split.value, split.slow_share, split.rest_share) == ("per_line", 1.0, 0.0)
    assert ("payment", "service.version", "4.12.0") in split.same
    assert told["gateway", "cart.lines"].value.endswith(" or more")
    assert ("payment", "payment.method") not in told
    assert [u.key for u in found.compared.unique] == ["user.id"]
    assert found.compared.slow == 4 * 20
    assert found.drawn == 4 * 59 and not found.is_sampled
    assert found.elapsed_ms < 2000


@pytest.mark.parametrize("broken", ["apps.insights.why.samples.contributions_of", "apps.traces.why.facts._note_root"])
def test_a_trace_that_cannot_be_read_is_left_out_of_the_comparison(monkeypatch, broken):
    store_incident()
    module, _, name = broken.rpartition(".")
    reads, calls = getattr(importlib.import_module(module), name), itertools.count()

    def fails_at_first(*args):
        if next(calls) == 0:
            raise ZeroDivisionError
        return reads(*args)

    monkeypatch.setattr(broken, fails_at_first)
    found = asked()
    assert "all of it waiting for bank-api" in said(found)[0]
    assert contrast(1, found).compared.found
    assert next(calls) > 2


def test_another_workspace_has_none_of_it():
    store_incident(minutes=30, slow_minutes=10)
    found = answer(2, ask_of(period(), *CHECKOUT, "p95"))
    assert found.finding.judged.word == judge.NOTHING
    assert changed_roots(2, period()) == ()
    assert root_names(2, 0, 10) == ()


def test_a_draw_is_bounded_in_time_and_in_spans(monkeypatch):
    store_incident(minutes=30, slow_minutes=10)
    monkeypatch.setattr(reading, "BUDGET_SECONDS", 0.0)
    assert len(asked(minutes=15).after_samples.read) == reading.LEAST_SAMPLES
    monkeypatch.setattr(reading, "LONG_BUDGET_SECONDS", 0.0)
    found = asked(minutes=15)
    assert found.after_samples.ran_out and not found.after_samples.read
    assert found.finding.basis == MEAN
    monkeypatch.setattr(reading, "BUDGET_SECONDS", 1.0)
    monkeypatch.setattr(reading, "LONG_BUDGET_SECONDS", 1.0)
    monkeypatch.setattr(reading, "MOST_SPANS", 40)
    assert 0 < len(asked(minutes=15).after_samples.read) <= 40 // 17


def test_the_list_begins_with_what_became_worse():
    end, dice = last_minute_ns(), random.Random(3)
    store([
        checkout(10**6 * kind + n, end - (n + 1) * MINUTE_NS // 3, dice, calls=calls_of(kind, n), name=f"GET /{kind}")
        for kind in range(3)
        for n in range(170)
    ])  # fmt: skip
    asked_over = period(last_ns=end)
    roots = changed_roots(1, asked_over)
    assert [root.name for root in roots] == ["GET /1", "GET /2", "GET /0"]
    assert [root.duration.word for root in roots] == ["slower", "faster", "same"]
    assert root_names(1, 0, 10) == (("gateway", "GET /0"), ("gateway", "GET /1"), ("gateway", "GET /2"))
    assert root_names(1, 0, 2) == ()


def test_the_list_begins_with_what_cost_most():
    """One that few call is three times as slow, one that many call twice."""
    end, dice, documents = last_minute_ns(), random.Random(4), []
    for kind, every_s, calls in (("rare", 60, 9), ("often", 10, 4)):
        for n in range(59 * 60 // every_s):
            start = end - (n + 1) * every_s * 10**9
            now = calls if n * every_s < 29 * 60 else 1
            documents.append(checkout(len(documents), start, dice, calls=now, name=kind))
    store(documents)
    asked_over = period(last_ns=end)
    often, rare = changed_roots(1, asked_over)
    assert (often.name, rare.name) == ("often", "rare")
    assert rare.duration.factor > often.duration.factor > 1.5
    assert not often.is_about_errors and often.failed_ns == 0


def calls_of(kind, n):
    """0 as always, 1 slower in the window after, 2 faster."""
    is_late = n < 87
    return 1 if kind == 0 or (kind == 1) != is_late else 5
