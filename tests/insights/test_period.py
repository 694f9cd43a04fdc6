"""Which stretch of time a page of figures is about, and which one it is compared with."""

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.insights.period import AGAINST, BEFORE, LAST_WEEK, PRESETS, YESTERDAY, bucket_ns, chosen_period, most_ns
from apps.insights.window import Window, window_over
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS, S_NS

NOW = 1_795_442_400 * S_NS + 2_305 * S_NS  # 2026-11-23 14:38:25 UTC


def at(clock: str) -> int:
    """`14:38` of that day, in ns."""
    hours, minutes = clock.split(":")
    return NOW // DAY_NS * DAY_NS + int(hours) * HOUR_NS + int(minutes) * MINUTE_NS


def test_a_window_holds_whole_minutes():
    assert window_over(1, 2) == Window(0, MINUTE_NS)
    assert window_over(MINUTE_NS, 2 * MINUTE_NS) == Window(MINUTE_NS, 2 * MINUTE_NS)
    assert Window(HOUR_NS, 3 * HOUR_NS).before() == Window(0, HOUR_NS)
    assert Window(0, HOUR_NS).minutes == 60


def test_without_a_word_it_is_the_last_hour_against_the_one_before():
    period = chosen_period("", None, None, "", NOW)
    assert (period.preset, period.label, period.against) == ("1h", "Last hour", BEFORE)
    assert period.window == Window(at("13:38"), at("14:39"))
    assert period.compared == Window(at("12:37"), at("13:38"))
    assert period.detail(UTC) == "13:38\u00a0–\u00a014:38 UTC"
    assert period.detail(ZoneInfo("Europe/Prague")) == "14:38\u00a0–\u00a015:38 UTC+1"


def test_a_chosen_period_reaches_to_now_where_it_ends_now():
    assert chosen_period("1h", None, None, "", NOW).reaches_now
    short, five, ten, sixth = chosen_period("custom", at("12:00"), None, "", NOW).recents
    assert (short.window, short.words, short.is_short) == (
        Window(at("14:35"), at("14:39")),
        "the last 3\u00a0minutes",
        True,
    )
    assert (five.words, five.is_short) == ("the last 5\u00a0minutes", True)
    assert (ten.words, ten.is_short) == ("the last 10\u00a0minutes", False)
    assert not sixth.is_short and sixth.window == Window(at("14:12"), at("14:39"))
    quarter = chosen_period("15m", None, None, "", NOW)
    assert [one.words for one in quarter.recents] == [
        "the last 3\u00a0minutes",
        "the last 5\u00a0minutes",
    ]
    ended = chosen_period("custom", at("12:00"), at("14:36"), "", NOW)
    assert not ended.reaches_now and not ended.recents


def test_a_rate_is_divided_by_the_minutes_that_have_passed():
    period = chosen_period("1h", None, None, "", NOW)
    assert period.minutes == pytest.approx(60 + 25 / 60)
    began = replace(period, began_ns=at("14:08"))  # before the first trace there were no minutes without calls
    assert began.minutes == pytest.approx(30 + 25 / 60)
    assert replace(period, began_ns=at("12:00")).minutes == period.minutes
    assert replace(period, began_ns=NOW).minutes == 1


@pytest.mark.parametrize(
    ("preset", "against", "used", "label"),
    [
        ("3h", YESTERDAY, YESTERDAY, "yesterday, same time"),
        ("24h", YESTERDAY, YESTERDAY, "yesterday, same time"),
        ("7d", YESTERDAY, BEFORE, "the 7\u00a0days before"),
        ("7d", LAST_WEEK, LAST_WEEK, "last week, same time"),
        ("30d", LAST_WEEK, BEFORE, "the 30\u00a0days before"),
        ("1h", BEFORE, BEFORE, "the hour before"),
        ("24h", BEFORE, BEFORE, "the 24\u00a0hours before"),
    ],
)
def test_a_window_is_never_compared_with_part_of_itself(preset, against, used, label):
    period = chosen_period(preset, None, None, against, NOW)
    assert (period.against, period.against_label) == (used, label)
    assert period.compared.end_ns <= period.window.start_ns + HOUR_NS


def test_edges_fall_on_the_finest_buckets_that_are_kept_so_long():
    week = chosen_period("7d", None, None, "", NOW)
    assert week.window.start_ns == at("14:30") - 7 * DAY_NS
    assert week.compared.start_ns % HOUR_NS == 0
    assert week.window.end_ns == at("14:39")
    assert week.compared.end_ns == week.window.start_ns
    month = chosen_period("30d", None, None, "", NOW)
    assert month.compared.start_ns % DAY_NS == 0
    assert month.compared.end_ns == month.window.start_ns
    hour_last_week = chosen_period("1h", None, None, LAST_WEEK, NOW)
    assert hour_last_week.window.start_ns == at("13:38"), "what is shown stays what was asked for"
    assert hour_last_week.compared == Window(at("13:30") - 7 * DAY_NS, at("14:40") - 7 * DAY_NS)


def test_minutes_are_promised_for_as_long_as_they_are_kept_in_the_first_hour_of_a_day_too(settings):
    settings.TRACER_MINUTE_RETENTION_DAYS, settings.TRACER_TEN_RETENTION_DAYS = 2, 3
    assert bucket_ns(47 * HOUR_NS - 1) == MINUTE_NS
    assert bucket_ns(2 * DAY_NS + HOUR_NS) == 10 * MINUTE_NS
    assert bucket_ns(3 * DAY_NS) == HOUR_NS
    assert bucket_ns(300 * DAY_NS) == DAY_NS


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        (NOW, NOW, "not after the start"),
        (NOW, NOW - 1, "not after the start"),
        (0, most_ns() + 1, "longer than the 400 days"),
    ],
)
def test_two_ends_that_are_no_window_are_refused(start, end, says):
    with pytest.raises(ValueError, match=says):
        chosen_period("custom", start, end, "", NOW)


def test_a_missing_end_is_now_and_a_missing_start_an_hour_before_the_end():
    assert chosen_period("custom", at("10:00"), None, "", NOW).end_ns == NOW
    assert chosen_period("custom", None, at("10:00"), "", NOW).start_ns == at("9:00")
    assert chosen_period("", at("10:00"), at("10:30"), "", NOW).length_words == "30\u00a0minutes"


@given(
    preset=st.sampled_from(["", *PRESETS, "custom"]), against=st.sampled_from(["", *AGAINST]),
    start=st.one_of(st.none(), st.integers(0, NOW)), length=st.integers(1, most_ns()),
)  # fmt: skip
def test_any_period_holds_what_was_asked_and_is_compared_with_as_much(preset, against, start, length):
    period = chosen_period(preset, start, None if start is None else start + length, against, NOW)
    assert period.window.start_ns <= period.start_ns < period.end_ns <= period.window.end_ns
    assert period.compared.seconds >= min(period.end_ns - period.start_ns, period.compared.end_ns) / S_NS
    assert all(edge % MINUTE_NS == 0 for edge in (*period.window, *period.compared))
    assert period.minutes >= 1
