"""How far a window is held while history is being told or digest is behind, and what is said of it."""

import random
import re
import time
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from apps.insights import freshness
from apps.insights.error_groups import error_groups
from apps.insights.figures import NO_FIGURES
from apps.insights.freshness import _waiting, held_period
from apps.insights.map_change import BACK_EDGE, FIRST, GONE_EDGE, Sides, edge_words
from apps.insights.one_service import one_service
from apps.insights.period import chosen_period
from apps.insights.seen import held_of
from apps.insights.service_lines import SILENT, service_lines
from apps.insights.service_map import service_map
from apps.insights.why.answer import answer
from apps.insights.why.ask import ask_of
from apps.insights.why.changed import changed_roots
from apps.insights.window import Window
from apps.traces.moments import DAY_NS, utc_text
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store
from tests.storing import NS, digest_all, send

pytestmark = pytest.mark.usefixtures("store")
HALF_HOUR = 30


def told(end_ns: int, first: int, last: int, **how) -> list:
    """Two traces a minute, `first` to `last` minutes before the end."""
    dice = random.Random(first)
    return [
        checkout(first * 100 + n + 1, end_ns - first * MINUTE_NS + n * MINUTE_NS // 2, dice, **how)
        for n in range(2 * (first - last))
    ]


def period_to(end_ns: int):
    return chosen_period("custom", end_ns - HALF_HOUR * MINUTE_NS, end_ns, "before", time.time_ns())


def history(*, sealed_to: int, arrived_to: int, **how):
    """An hour of traces: what began longer than `sealed_to` minutes before its end is sealed, what then began up to
    `arrived_to` minutes before it has arrived. Its second half, and the end."""
    end_ns = last_minute_ns()
    store(told(end_ns, 60, sealed_to, **how))
    send(*told(end_ns, sealed_to, arrived_to, **how))
    return period_to(end_ns), end_ns


def is_uncut(workspace_id: int, period) -> bool:
    return replace(held_period(workspace_id, period), began_ns=period.began_ns) == period


def held_minutes(period) -> float:
    """At least one."""
    return held_period(1, period).window.minutes


def test_history_that_is_being_told_is_held_up_to_the_first_trace_that_is_not_sealed():
    period, end_ns = history(sealed_to=20, arrived_to=17)
    assert held_minutes(period) == 10
    held = held_period(1, period)
    assert held.is_behind and held.window == Window(period.window.start_ns, end_ns - 20 * MINUTE_NS)
    assert (held.compared, held.minutes, held.recents, held.reaches_now) == (period.compared, 10.0, (), False)
    digest_all(later_s=120)
    assert held_minutes(period) == HALF_HOUR and is_uncut(1, period)


@pytest.mark.parametrize("days", [1, 7, 30])
def test_a_long_window_is_held_as_far_as_a_short_one(days):
    """Of a day's step what is sealed would outweigh what waits."""
    _, end_ns = history(sealed_to=20, arrived_to=3)
    held = held_period(1, chosen_period("custom", end_ns - days * DAY_NS, end_ns, "before", time.time_ns()))
    assert held.is_behind and held.window.end_ns == end_ns - 20 * MINUTE_NS


def test_of_a_window_before_which_traces_wait_nothing_is_held():
    end_ns = last_minute_ns()
    tried_out = checkout(1, end_ns - 7 * MINUTE_NS, random.Random(1))
    store([*told(end_ns, 60, 45), tried_out])
    send(*told(end_ns, 45, 40))
    held = held_period(1, period_to(end_ns))
    assert held.is_behind and held.window.minutes == 1
    assert (held.compared.minutes, held.is_compared_behind) == (15, True)


def test_one_trace_that_came_late_or_goes_on_for_long_is_outweighed_by_all_since():
    period, end_ns = history(sealed_to=0, arrived_to=0)
    send(checkout(1, end_ns - 25 * MINUTE_NS, random.Random(1)), checkout(2, end_ns - 50 * MINUTE_NS, random.Random(1)))
    assert held_minutes(period) == HALF_HOUR


def test_one_trace_in_a_sample_does_not_keep_a_quiet_window(monkeypatch):
    end_ns = last_minute_ns()
    period = period_to(end_ns)
    before_ns = period.window.start_ns - 5 * MINUTE_NS
    for traces, minutes in ((1, HALF_HOUR), (2, 1)):
        waiting = freshness.Waiting({before_ns: traces}, 100)
        monkeypatch.setattr(freshness, "_waiting", lambda *_, waiting=waiting: waiting)
        assert held_minutes(period) == minutes


def test_a_split_within_what_is_read_but_not_held_leaves_the_time_before_waiting():
    end_ns = last_minute_ns()
    store(told(end_ns, 30, 0))
    send(*told(end_ns, 70, 31))
    held = held_period(1, period_to(end_ns))
    first_ns = held.compared.start_ns
    assert (held.compared.minutes, held.compared_held_ns) == (1, first_ns)
    assert ask_of(held, "gateway", "GET /", "p95", first_ns + MINUTE_NS).is_before_behind


def test_traces_of_the_last_seconds_wait_as_they_always_do():
    now_ns, end_ns = time.time_ns(), last_minute_ns()
    store(told(end_ns, 60, 0))
    send(*(checkout(n + 1, now_ns - 10 * NS, random.Random(n)) for n in range(200)))
    period = chosen_period("1h", None, None, "before", time.time_ns())
    assert is_uncut(1, period)
    later = chosen_period("1h", None, None, "before", time.time_ns() + 120 * NS)
    assert held_period(1, later).is_behind


def test_what_waits_out_a_long_quiet_time_is_not_behind(settings):
    settings.TRACER_QUIET_SECONDS = 60
    store(told(last_minute_ns(), 60, 0))
    now_ns = time.time_ns()
    send(*(checkout(n + 1, now_ns - 100 * NS, random.Random(n)) for n in range(200)))
    period = chosen_period("1h", None, None, "before", time.time_ns())
    assert is_uncut(1, period)
    settings.TRACER_QUIET_SECONDS = 10
    assert held_period(1, period).is_behind


def test_where_little_comes_one_trace_that_waits_is_not_behind():
    end_ns = last_minute_ns()
    store(told(end_ns, 60, 30))
    send(checkout(1, end_ns - 5 * MINUTE_NS, random.Random(1)))
    assert held_minutes(period_to(end_ns)) == HALF_HOUR


def test_old_history_that_is_told_beside_live_traffic_hides_nothing_of_now():
    end_ns = last_minute_ns()
    store(told(end_ns, 30, 0))
    send(*told(end_ns, 600, 400))
    assert held_minutes(period_to(end_ns)) == HALF_HOUR


def test_nothing_is_new_where_the_window_compared_with_waits():
    end_ns = last_minute_ns()
    store([*told(end_ns, 90, 61), *told(end_ns, 30, 0, name="GET /")])
    send(*told(end_ns, 60, 31, name="GET /"))
    asked = period_to(end_ns)
    held = held_period(1, asked)
    assert (held.is_behind, held.is_compared_behind) == (False, True)
    assert {root.name: root.duration.word for root in changed_roots(1, held)}["GET /"] == "unsure"
    assert answer(1, ask_of(held, "gateway", "GET /", "p95")).finding.judged.word == "too_few"
    assert answer(1, ask_of(asked, "gateway", "GET /", "p95")).finding.judged.word in ("new", "first")
    assert one_service(1, "gateway", held).rate.word == "unsure"


def test_neither_errors_nor_edges_are_new_or_back_where_the_window_compared_with_waits():
    end_ns = last_minute_ns()
    store([*told(end_ns, 240, 180), *told(end_ns, 30, 0, fails=True)])
    send(*told(end_ns, 60, 31, fails=True))
    asked = period_to(end_ns)
    held = held_period(1, asked)
    assert not held.is_behind and held.is_compared_behind
    assert {group.word for group in error_groups(1, asked).groups} == {"new"}
    assert {group.word for group in error_groups(1, held).groups} == {"unsure"}
    edge = next(iter(service_map(1, held).edges.values()))
    words = [edge_words(Sides(NO_FIGURES, edge.now), held_of(1, p), is_old=True) for p in (asked, held)]
    assert words == [(BACK_EDGE,), (FIRST,)]


def test_the_window_compared_with_is_read_as_far_as_it_is_held_and_its_rates_are_of_that_part():
    end_ns = last_minute_ns()
    store([*told(end_ns, 60, 40), *told(end_ns, 30, 0)])
    send(*told(end_ns, 40, 31))
    held = held_period(1, period_to(end_ns))
    assert held.compared == Window(end_ns - 60 * MINUTE_NS, end_ns - 40 * MINUTE_NS)
    assert held.window.minutes == HALF_HOUR and not held.touches
    (gateway,) = [line for line in service_lines(1, held).lines if line.name == "gateway"]
    assert (gateway.rate.word, gateway.rate.before, gateway.rate.after) == ("same", 2.0, 2.0)
    assert held_of(1, held)[:2] == (False, 20.0)
    assert held_of(1, period_to(end_ns)).is_whole


def test_a_tenth_of_the_window_compared_with_may_wait():
    end_ns = last_minute_ns()
    store([*told(end_ns, 60, 33), *told(end_ns, 30, 0)])
    send(*told(end_ns, 33, 30))
    held = held_period(1, period_to(end_ns))
    assert held.compared.minutes == 27 and held_of(1, held)[::3] == (True, True)


def number_batches() -> None:
    """From 1 on, whatever ran before: which of them a sample takes goes by their numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('batch', 'id'), 1, false)")


def test_of_a_long_backlog_a_sample_tells_about_as_much(monkeypatch):
    number_batches()
    period, _ = history(sealed_to=20, arrived_to=3)
    every = _waiting(1, period.now_ns)
    assert every.one_of == 1 and sum(every.traces.values()) == 34
    monkeypatch.setattr(freshness, "MOST_BATCHES", 12)
    some = _waiting(1, period.now_ns)
    assert some.one_of == 3 and 5 < sum(some.traces.values()) < 20
    assert set(some.traces) < set(every.traces)
    assert 9 <= held_minutes(period) <= 20


@pytest.mark.parametrize(("batches", "one_of"), [(7, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_no_more_batches_are_looked_at_than_that(monkeypatch, batches, one_of):
    monkeypatch.setattr(freshness, "MOST_BATCHES", 8)
    number_batches()
    end_ns = last_minute_ns()
    send(*(checkout(n + 1, end_ns - HALF_HOUR * MINUTE_NS, random.Random(n)) for n in range(batches)))
    found = _waiting(1, time.time_ns())
    assert found.one_of == one_of and 0 < sum(found.traces.values()) <= batches


def test_of_another_workspace_nothing_waits():
    period, _ = history(sealed_to=20, arrived_to=17)
    assert is_uncut(2, period) and not is_uncut(1, period)


@pytest.mark.parametrize("is_held", [False, True])
def test_what_is_not_there_is_gone_only_where_the_window_is_held_to_its_end(is_held):
    """Another root span name came after it, and is sealed or waits."""
    end_ns = last_minute_ns()
    store([*told(end_ns, 60, 31, fails=True), *(told(end_ns, 30, 0, name="GET /") if is_held else ())])
    if not is_held:
        send(*told(end_ns, 30, 0, name="GET /"))
    period = held_period(1, period_to(end_ns))
    assert period.is_behind is not is_held
    words = {root.name: root.duration.word for root in changed_roots(1, period)}
    assert words["POST /checkout"] == ("gone" if is_held else "unsure")
    judged = answer(1, ask_of(period, "gateway", "POST /checkout", "p95")).finding.judged
    assert judged.word == ("gone" if is_held else "too_few")
    failed = {group.key.exception_type: group.word for group in error_groups(1, period).groups}
    assert failed == {"DuplicateKey": "gone" if is_held else "unsure"}


@pytest.mark.parametrize("is_held", [False, True])
def test_a_service_that_is_not_there_is_silent_only_where_the_window_is_held_to_its_end(is_held):
    end_ns = last_minute_ns()
    store(told(end_ns, 60, 31))
    if not is_held:
        send(*told(end_ns, 30, 0))
    period = held_period(1, period_to(end_ns))
    states = {line.name: line.state == SILENT for line in service_lines(1, period).lines}
    assert states == {"gateway": is_held, "payment": is_held}
    assert one_service(1, "payment", period).rate.word == ("gone" if is_held else "unsure")
    edges = service_map(1, period).edges.values()
    assert edges and all((edge.words == (GONE_EDGE,)) is edge.is_held is is_held for edge in edges)


def asked_by_command(end_ns: int, before: tuple[int, int], after: tuple[int, int]) -> str:
    """What `manage.py why` tells; windows as minutes before the end."""
    sides = {
        side: "/".join(utc_text(end_ns - minutes * MINUTE_NS) for minutes in ends)
        for side, ends in (("before", before), ("after", after))
    }
    out = StringIO()
    call_command("why", "gateway", "POST /checkout", **sides, no_attributes=True, stdout=out)
    return out.getvalue().replace("\u00a0", " ")


def clock(at_ns: int) -> str:
    return time.strftime("%H:%M", time.gmtime(at_ns / NS))


def test_windows_given_to_the_command_are_read_as_far_as_they_are_held():
    _, end_ns = history(sealed_to=20, arrived_to=17)
    told = asked_by_command(end_ns, (60, 30), (30, 0))
    assert re.search(rf"after .*{clock(end_ns - 20 * MINUTE_NS)}, n = 20$", told, re.MULTILINE), told
    assert re.search(rf"before .*{clock(end_ns - 30 * MINUTE_NS)}, n = 60$", told, re.MULTILINE), told
    digest_all(later_s=120)
    assert re.search(rf"after .*{clock(end_ns)}, n = 26$", asked_by_command(end_ns, (60, 30), (30, 0)), re.MULTILINE)


def test_the_command_calls_nothing_gone_or_new_that_may_wait_in_a_window_it_was_given():
    end_ns = last_minute_ns()
    store(told(end_ns, 60, 31))
    send(*told(end_ns, 30, 0, name="GET /"))
    assert "Not enough traces to compare POST /checkout: n = 0 after" in asked_by_command(end_ns, (60, 30), (30, 0))
    assert "Not enough traces to compare POST /checkout: n = 58 after, 0 before" in asked_by_command(
        end_ns, (30, 0), (60, 31)
    )


def test_rates_of_a_window_in_part_are_those_of_that_part():
    period, _ = history(sealed_to=20, arrived_to=10)
    (gateway,) = [line for line in service_lines(1, held_period(1, period)).lines if line.name == "gateway"]
    assert (gateway.rate.word, gateway.rate.before, gateway.rate.after) == ("same", 2.0, 2.0)


def test_a_split_that_is_not_held_yet_stays_an_address_that_can_be_opened():
    period, end_ns = history(sealed_to=20, arrived_to=17)
    held = held_period(1, period)
    ask = ask_of(held, "gateway", "POST /checkout", "p95", end_ns - 5 * MINUTE_NS)
    assert ask.after == Window(end_ns - 5 * MINUTE_NS, end_ns - 4 * MINUTE_NS)
    assert answer(1, ask).finding.judged.word == "too_few"
    with pytest.raises(ValueError, match="outside"):
        ask_of(held, "gateway", "POST /checkout", "p95", end_ns + MINUTE_NS)
