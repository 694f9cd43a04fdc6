"""The period picker: the address as typed values, and links that hold the whole state."""

from datetime import UTC
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from apps.explorer.fresh import fresh_line
from apps.explorer.period import PeriodForm, period_picker

S = 1_000_000_000
NOW = 1_795_444_705 * S  # 2026-11-23 14:38:25 UTC


def form_of(query: str) -> PeriodForm:
    form = PeriodForm(QueryDict(query), now_ns=NOW, zone=UTC)
    form.is_valid()
    return form


def picker_of(query: str):
    return period_picker(form_of(query), "/services", UTC)


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("range=1w", "range", "There is no 1w here"),
        ("range=all", "range", "There is no all here"),
        ("against=tomorrow", "against", "Choose one of: before, yesterday, last_week"),
        ("start=soon", "start", "not a date and time"),
        ("start=2026-11-23T14:00&end=2026-11-23T13:00", "end", "not after the start"),
        ("tz=Mars/Olympus", "tz", "not a time zone"),
        ("start=1980-01-01&end=2026-01-01", "end", "longer than the 400 days"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_usual_period_stands(query, field, says):
    form = form_of(query)
    assert says in form.errors[field][0]
    assert form.period.preset == "1h"
    assert any(says in error for error in picker_of(query).errors)


def test_two_ends_make_a_range_of_their_own_in_the_viewers_zone():
    period = form_of("range=custom&start=2026-11-23T14:00&end=2026-11-23T15:00&tz=Europe/Prague").period
    assert period.detail(ZoneInfo("Europe/Prague")) == "14:00\u00a0–\u00a015:00 UTC+1"
    assert period.window.minutes == 60


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("start=-1h", "13:38:25", "14:38:25"),
        ("range=custom&start=-90m&end=-30m", "13:08:25", "14:08:25"),
        ("start=2026-11-23T14:00&end=now", "14:00:00", "14:38:25"),
    ],
)
def test_an_end_may_be_counted_from_now_as_in_the_api_and_stays_so_in_links(query, start, end):
    form, picker = form_of(query), picker_of(query)
    assert form.errors == {} and form.period.detail(UTC).startswith(start[:5])
    assert (picker.start, picker.end) == (f"2026-11-23T{start}.000", f"2026-11-23T{end}.000")
    said = {name: value for name, value in form.params.items() if value[0] == "-" or value == "now"}
    moved = next(choice for choice in period_picker(form, "/map", ZoneInfo("Asia/Tokyo")).zones if not choice.is_on)
    asked = {name: values[0] for name, values in parse_qs(moved.link.partition("?")[2]).items()}
    assert said.items() <= asked.items() and ("end" in asked) == ("end" in form.params)
    assert form_of(moved.link.partition("?")[2]).period.window == form.period.window
    assert said.items() <= form.period_params().items()


def test_what_is_counted_from_now_and_cannot_be_read_is_told():
    assert form_of("start=-soon").errors["start"] and form_of("start=-1h&end=-2h").errors["end"]


def test_a_preset_wins_over_ends_that_a_form_sent_along():
    assert form_of("range=3h&start=2026-11-23T14:00").period.label == "Last 3 hours"
    assert form_of("start=2026-11-23T14:00").period.label == "Between"


def test_links_keep_what_they_do_not_change():
    picker = picker_of("against=last_week&range=3h")
    day = next(choice for choice in picker.presets if choice.words == "Last 24 hours")
    assert parse_qs(day.link.partition("?")[2]) == {"range": ["24h"], "against": ["last_week"]}
    assert [choice.words for choice in picker.presets if choice.is_on] == ["Last 3 hours"]
    before = picker.againsts[0]
    assert (before.words, before.link) == ("the 3\u00a0hours before", "/services?range=3h")
    assert picker.againsts[2].is_on


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("range=30d&against=yesterday",
         "This time is longer than a day: compared with the 30 days before, not with yesterday."),
        ("range=30d&against=last_week",
         "This time is longer than a week: compared with the 30 days before, not with last week."),
        ("range=24h&against=yesterday", ""),
        ("range=7d&against=last_week", ""),
        ("range=30d&against=before", ""),
        ("range=30d", ""),
        ("range=30d&against=luck", ""),
    ],
)  # fmt: skip
def test_a_comparison_that_was_asked_for_and_cannot_be_made_is_told(query, says):
    picker = picker_of(query)
    assert picker.not_against.replace("\u00a0", " ") == says
    html = render_to_string("parts/period.html", {"period": picker})
    assert ("This time is longer" in html) == bool(says)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("range=3h", ["the 3 hours before", "yesterday, same time", "last week, same time"]),
        ("range=2d&against=yesterday", ["the 2 days before", "last week, same time"]),
        ("range=30d&against=yesterday", ["the 30 days before"]),
    ],
)
def test_the_picker_offers_only_comparisons_that_can_be_made(query, names):
    assert [choice.words.replace("\u00a0", " ") for choice in picker_of(query).againsts] == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("range=24h", ["the 24 hours before", "last week, same time"]),
        ("range=24h&against=yesterday", ["yesterday, same time", "last week, same time"]),
        ("range=24h&against=last_week", ["the 24 hours before", "last week, same time"]),
        ("range=7d", ["the 7 days before"]),
        ("range=7d&against=last_week", ["last week, same time"]),
        ("start=2026-11-22T14:00&end=2026-11-23T14:00", ["the 24 hours before", "last week, same time"]),
        ("start=2026-11-22T14:00&end=2026-11-23T13:59",
         ["the 1439 minutes before", "yesterday, same time", "last week, same time"]),
    ],
)  # fmt: skip
def test_one_time_is_not_offered_under_two_names(query, names):
    picker = picker_of(query)
    assert [choice.words.replace("\u00a0", " ") for choice in picker.againsts] == names
    assert sum(choice.is_on for choice in picker.againsts) == 1


def test_a_longer_time_carries_on_with_what_it_was_compared_with():
    month = next(choice for choice in picker_of("against=yesterday").presets if choice.words == "Last 30 days")
    assert picker_of(month.link.partition("?")[2]).not_against


def test_another_zone_shows_the_same_instants():
    picker = picker_of("start=2026-11-23T14:00&end=2026-11-23T15:00&tz=Europe/Prague")
    utc = next(choice for choice in picker.zones if choice.words == "UTC")
    moved = form_of(utc.link.partition("?")[2])
    assert moved.period.window == form_of("start=2026-11-23T13:00Z&end=2026-11-23T14:00Z").period.window


def test_the_picker_is_drawn_with_links_and_a_form_and_escapes_what_was_typed():
    html = render_to_string("parts/period.html", {"period": picker_of("start=%3Cb%3E&against=yesterday")})
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert 'name="against" value="yesterday"' in html
    assert 'value="custom"' in html
    assert " open" in html


@pytest.mark.parametrize(
    ("behind_s", "says", "is_late"),
    [
        (0.2, "", False),
        (11.4, "11\u00a0s", False),
        (31, "31\u00a0s", True),
        (7_400, "2\u00a0h\u00a03\u00a0min", True),
    ],
)
def test_the_freshness_turns_amber_beyond_half_a_minute(behind_s, says, is_late):
    fresh = fresh_line(NOW - round(behind_s * S), behind_s, NOW, UTC)
    assert (fresh.behind, fresh.is_late) == (says, is_late)
    html = render_to_string("parts/fresh.html", {"fresh": fresh})
    assert ("late" in html) == is_late


def test_the_freshness_of_another_day_names_the_day():
    assert fresh_line(NOW - 86_400 * S, 86_400, NOW, UTC).to == "22\u00a0Nov\u00a014:38:25"


def test_the_freshness_says_where_figures_end_before_the_period_does():
    fresh = fresh_line(NOW - 17 * S, 17, NOW, UTC, NOW - 3_600 * S)
    assert (fresh.until, fresh.is_late) == ("13:38", True)
    html = render_to_string("parts/fresh.html", {"fresh": fresh})
    assert "figures up to" in html and 'datetime="2026-11-23T13:38:25.000Z"' in html
