"""The query string of the search page, as typed values."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from apps.explorer.search.chips import chips_of
from apps.explorer.search.form import Clock, SearchForm
from apps.explorer.search.links import fixed_link, search_link, zone_link
from apps.traces.query import SpanPredicate

S = 1_000_000_000
DAY = 86_400 * S
NOW = 1_795_442_400 * S  # 2026-11-23 14:00:00 UTC
CLOCK = Clock(NOW, UTC, 14)


def form_of(query: str, clock: Clock = CLOCK) -> SearchForm:
    form = SearchForm(QueryDict(query), clock=clock)
    form.is_valid()
    return form


def predicate_of(query: str) -> SpanPredicate:
    return form_of(query).trace_query(25).span


@pytest.mark.parametrize(
    ("query", "predicate"),
    [
        ("", SpanPredicate()),
        ("q=48213", SpanPredicate(values=("48213",))),
        ("q=order.id%3D48213", SpanPredicate(attributes=(("order.id", "48213"),))),
        ("q=order.id%3D48213+eva", SpanPredicate(attributes=(("order.id", "48213"),), values=("eva",))),
        ("q=%22Ada+Lovelace%22", SpanPredicate(values=("Ada Lovelace",))),
        ("q=a%3D1&attrs=b%3D2", SpanPredicate(attributes=(("a", "1"), ("b", "2")))),
        ("q=order.id%3D48213&as=text", SpanPredicate(values=("order.id=48213",))),
        ("service=payment&name=POST+/charges", SpanPredicate(service="payment", name="POST /charges")),
        ("kind=CLIENT&status=ERROR", SpanPredicate(kind="CLIENT", status="ERROR")),
        ("min=300ms&max=1m30s", SpanPredicate(min_duration_ns=300_000_000, max_duration_ns=90 * S)),
        ("min=0ms", SpanPredicate(min_duration_ns=0)),
        ("service=+two++spaces", SpanPredicate(service=" two  spaces")),
        ("unknown=1&service=", SpanPredicate()),
    ],
)
def test_the_query_string_says_what_one_span_must_be(query, predicate):
    assert predicate_of(query) == predicate


def test_durations_of_the_trace_are_not_those_of_a_span():
    query = form_of("min=1ms&trace_min=1s&trace_max=2s").trace_query(25)
    assert (query.span.min_duration_ns, query.min_trace_duration_ns, query.max_trace_duration_ns) == (
        1_000_000,
        S,
        2 * S,
    )


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("min=300", "min", "has no unit"),
        ("max=soon", "max", "not a duration"),
        ("min=2s&max=1s", "max", "shorter than the minimum"),
        ("trace_min=2s&trace_max=1s", "trace_max", "shorter than the minimum"),
        ("kind=server", "kind", "Choose one of: SERVER"),
        ("status=BAD", "status", "There is no BAD here"),
        ("attrs=a%3D%22b", "attrs", "never closed"),
        ("attrs=%3D1", "attrs", "key is missing"),
        ("range=1w", "range", "There is no 1w here"),
        ("start=yesterday", "start", "not a date and time"),
        ("start=2026-02-30T10:00", "start", "no such date"),
        ("start=1900-01-01T00:00", "start", "outside of 1970"),
        ("end=2026-11-23T25:00", "end", "no such date"),
        ("start=2026-11-23T14:00&end=2026-11-23T14:00", "end", "not after the start"),
        ("tz=Mars/Olympus", "tz", "not a time zone"),
        ("tz=../../etc/passwd", "tz", "not a time zone"),
        ("q=a%00b", "q", "Null characters"),
        ("service=" + "x" * 20_000, "service", "at most 16384"),
    ],
)
def test_what_cannot_be_read_is_told_at_its_field(query, field, says):
    form = form_of(query)
    assert list(form.errors) == [field]
    assert says in form.errors[field][0]
    assert form.params[field] == QueryDict(query)[field], "the input is kept"


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ("", NOW - 3_600 * S, NOW + DAY),
        ("range=15m", NOW - 900 * S, NOW + DAY),
        ("range=all", NOW - 15 * 86_400 * S, NOW + DAY),
        ("q=48213", NOW - 15 * 86_400 * S, NOW + DAY),
        ("q=48213&range=3h", NOW - 3 * 3_600 * S, NOW + DAY),
        ("start=2026-11-23T13:00&end=2026-11-23T13:30:15.250", NOW - 3_600 * S, NOW - 1_785 * S + 250_000_000),
        ("start=2026-11-23+13:00Z&end=2026-11-23T14:30%2B01:00", NOW - 3_600 * S, NOW - 1_800 * S),
        ("start=1795438800&end=1795442400000", NOW - 3_600 * S, NOW),
        ("start=1795438800000000&end=1795442400000000000", NOW - 3_600 * S, NOW),
        ("start=2026-11-23T14:00&end=2026-11-23T15:00&tz=Europe/Prague", NOW - 3_600 * S, NOW),
        ("start=2026-11-23", NOW - 14 * 3_600 * S, NOW + DAY),
        ("start=2026-11-23T20:00", NOW + 6 * 3_600 * S, NOW + DAY),
        ("range=3h&start=2026-11-01T00:00", NOW - 3 * 3_600 * S, NOW + DAY),
        ("range=custom&end=2026-11-23T13:00", NOW - 3_600 * S - 15 * 86_400 * S, NOW - 3_600 * S),
    ],
)
def test_the_window_is_a_preset_or_two_ends(query, start, end):
    query = form_of(query).trace_query(25)
    assert (query.start_ns, query.end_ns) == (start, end)


def test_presets_beyond_retention_are_not_offered():
    from apps.traces.search_window import preset_names

    assert list(preset_names(1)) == ["15m", "1h", "3h", "6h", "12h", "all"]
    assert form_of("range=7d", Clock(NOW, UTC, 1)).window.preset == "all"


def test_the_zone_of_the_address_wins_over_the_viewers():
    clock = Clock(NOW, ZoneInfo("Asia/Tokyo"), 14)
    assert form_of("start=2026-11-23T22:00", clock).window.start_ns == NOW - 3_600 * S
    assert form_of("start=2026-11-23T13:00&tz=UTC", clock).window.start_ns == NOW - 3_600 * S


def test_each_chip_leads_to_the_search_without_it():
    form = form_of("q=order.id%3D48213+eva&service=payment&min=300ms&trace_max=2s&attrs=a%3D%22b+c%22&range=3h")
    chips = chips_of(form)
    told = {chip.words: chip.without for chip in chips}
    rest = "service=payment&min=300ms&attrs=a%3D%22b+c%22&trace_max=2s&range=3h"
    assert told["order.id is 48213"] == "/?q=eva&" + rest
    assert told["eva under any attribute"] == "/?q=order.id%3D48213&" + rest
    assert told["a is b c"] == "/?q=order.id%3D48213+eva&service=payment&min=300ms&trace_max=2s&range=3h"
    assert [chip.words for chip in chips.trace] == ["duration at most 2.00\u00a0s"]
    assert len(chips) == 6


def test_words_for_fields_are_chips_of_those_fields():
    chips = chips_of(form_of("q=service%3Dpayment+error%3Dtrue+duration%3E300ms+48213&service="))
    told = {chip.words: chip.without for chip in chips}
    assert told == {
        "service is payment": "/?q=error%3Dtrue+duration%3E%3D300ms+48213&range=all",
        "status is ERROR": "/?q=service%3Dpayment+duration%3E%3D300ms+48213&range=all",
        "span duration at least 300\u00a0ms": "/?q=service%3Dpayment+error%3Dtrue+48213&range=all",
        "48213 under any attribute": "/?q=service%3Dpayment+error%3Dtrue+duration%3E%3D300ms&range=all",
    }


def test_a_quoted_word_keeps_its_punctuation_when_another_goes():
    told = {chip.words: chip.without for chip in chips_of(form_of("q=%22eh%3F%22+eva!"))}
    assert told["eva under any attribute"] == "/?q=%22eh%3F%22&range=all"
    assert predicate_of("q=%22eh%3F%22").values == ("eh?",)


def test_a_range_that_nobody_chose_gets_into_no_link():
    (chip,) = chips_of(form_of("service=payment"))
    assert chip.without == "/", "else a value typed next would be looked for in the last hour alone"


def test_more_conditions_than_a_search_takes_are_told_at_their_field():
    form = form_of("q=" + "+".join(f"w{n}" for n in range(40)) + "+order-48213")
    assert "These are 41 conditions" in form.errors["q"][0]
    form = form_of("attrs=" + "+".join(f"a{n}%3D1" for n in range(40)))
    assert "These are 40 conditions" in form.errors["attrs"][0]
    assert form_of("q=" + "+".join(["word"] * 2_000)).is_valid()


def test_removing_the_last_value_keeps_the_range_that_was_searched():
    (chip,) = chips_of(form_of("q=48213"))
    assert chip.without == "/?range=all"


def test_a_copied_link_has_fixed_ends_in_utc():
    form = form_of("q=48213&range=1h&tz=Europe/Prague&live=1&form=1")
    fixed = form_of(fixed_link(form.params, form.window).partition("?")[2])
    assert fixed.data["start"] == "2026-11-23T13:00:00.000Z"
    assert "tz" not in fixed.params
    assert "live" not in fixed.params
    assert fixed.window.start_ns == form.window.start_ns
    assert fixed.window.end_ns == NOW + 600 * S, "a day more would show what starts tomorrow"
    again = form_of(fixed_link(fixed.params, fixed.window).partition("?")[2])
    assert again.window == fixed.window


def test_another_zone_shows_the_same_instants():
    form = form_of("start=2026-11-23T14:00&end=2026-11-23T15:00&tz=Europe/Prague")
    moved = form_of(zone_link(form.params, form.window, "Asia/Tokyo").partition("?")[2])
    assert (moved.window.start_ns, moved.window.end_ns) == (form.window.start_ns, form.window.end_ns)


def test_a_window_without_an_end_goes_on_without_one_in_another_zone():
    form = form_of("start=2026-11-23T14:00&tz=Europe/Prague")
    moved = form_of(zone_link(form.params, form.window, "Asia/Tokyo").partition("?")[2])
    assert "end" not in moved.params
    assert moved.window == form.window


def test_links_leave_out_what_is_empty_and_start_at_the_first_page():
    assert search_link({"q": "a b", "service": "", "cursor": "xyz"}) == "/?q=a+b"
    assert search_link({"q": "a"}, q=None) == "/"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("range=1h", "13:00\u00a0–\u00a014:00 UTC"),
        ("range=12h&tz=Asia/Kolkata", "07:30\u00a0–\u00a019:30 UTC+5:30"),
        ("range=2d", "21\u00a0Nov\u00a014:00\u00a0– 23\u00a0Nov\u00a014:00 UTC"),
        ("start=2026-11-22T23:00&end=2026-11-23T01:00", "22\u00a0Nov\u00a023:00\u00a0– 23\u00a0Nov\u00a001:00 UTC"),
        ("start=2026-11-23T13:00:01&end=2026-11-23T13:05", "13:00:01\u00a0–\u00a013:05:00 UTC"),
        ("start=2026-11-23T20:00", "23\u00a0Nov\u00a020:00\u00a0– 24\u00a0Nov\u00a014:00 UTC"),
        ("range=1h&tz=America/St_Johns", "09:30\u00a0–\u00a010:30 UTC−3:30"),
    ],
)
def test_the_window_is_told_as_short_as_it_can_be(query, told):
    form = form_of(query)
    assert form.window.detail(form.zone) == told


def test_an_end_may_be_counted_from_now_as_in_the_api_and_stays_so_in_links():
    form = form_of("start=-2h&end=-30m&q=x")
    assert (form.window.start_ns, form.window.end_ns) == (NOW - 7_200 * S, NOW - 1_800 * S)
    assert "start=-2h&end=-30m&tz=Asia%2FTokyo" in zone_link(form.params, form.window, "Asia/Tokyo")
    assert "start=-2h" in search_link(form.params, q=None)
    assert "start=2026-11-23T12%3A00%3A00.000Z" in fixed_link(form.params, form.window)
    assert form_of("start=-soon").errors["start"]
    mixed = form_of("start=-2h&end=2026-11-23T13:30")
    assert zone_link(mixed.params, mixed.window, "UTC") == "/?start=-2h&end=2026-11-23T13%3A30%3A00.000Z&tz=UTC"
