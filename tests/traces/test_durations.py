import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.durations import (
    MAX_NS,
    counted,
    counted_of,
    format_count,
    format_duration_ns,
    format_offset_ns,
    format_percent,
    format_times,
    n_times,
    parse_duration_ns,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("300ms", 300_000_000),
        ("1.5s", 1_500_000_000),
        ("2m", 120_000_000_000),
        ("1m30s", 90_000_000_000),
        ("100us", 100_000),
        ("100µs", 100_000),
        ("100μs", 100_000),
        ("7ns", 7),
        ("0s", 0),
        (" 1.5 S ", 1_500_000_000),
        ("1 min 30 s", 90_000_000_000),
        ("2h", 7_200_000_000_000),
        ("1d", 86_400_000_000_000),
        ("1.s", 1_000_000_000),
        ("0.0005us", 1),
        ("0.0004us", 0),
        ("1\u00a0284\u00a0ms", 1_284_000_000),
    ],
)
def test_durations_are_read(text, ns):
    assert parse_duration_ns(text) == ns


@pytest.mark.parametrize("text", ["300", "1.5", "1m30", "0"])
def test_a_number_without_a_unit_is_refused_and_the_units_are_listed(text):
    with pytest.raises(ValueError, match="no unit.*ns, us .or µs., ms, s, m, h, d"):
        parse_duration_ns(text)


@pytest.mark.parametrize(
    "text", ["", "fast", "-1s", "1,5s", "1e3s", "5 parsecs", "s", "1s!", "٣s", "1" * 10_000 + "s", "300000d"]
)
def test_what_is_no_duration_is_refused_with_a_short_message(text):
    with pytest.raises(ValueError) as refused:
        parse_duration_ns(text)
    assert 10 < len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.0 µs"),
        (640_000, "640 µs"),
        (999_499, "999 µs"),
        (999_500, "1.0 ms"),
        (2_600_000, "2.6 ms"),
        (9_949_999, "9.9 ms"),
        (9_950_000, "10.0 ms"),
        (41_000_000, "41.0 ms"),
        (106_000_000, "106 ms"),
        (999_600_000, "1.00 s"),
        (1_726_000_000, "1.73 s"),
        (12_340_000_000, "12.3 s"),
        (59_960_000_000, "1 min"),
        (125_000_000_000, "2 min 5 s"),
        (3_599_600_000_000, "1 h"),
        (3_900_000_000_000, "1 h 5 min"),
        (93_600_000_000_000, "1 d 2 h"),
        (-41_000_000, "−41.0 ms"),
    ],
)
def test_durations_have_three_significant_digits(ns, text):
    assert format_duration_ns(ns) == text.replace(" ", "\u00a0")


@given(st.integers(0, MAX_NS // 2))
def test_what_is_written_reads_back_nearly_the_same(ns):
    back = parse_duration_ns(format_duration_ns(ns))
    assert abs(back - ns) <= max(ns * 0.05, 0)


@given(st.integers(0, MAX_NS // 2), st.integers(0, MAX_NS // 2))
def test_a_longer_duration_never_reads_shorter(one, other):
    low, high = sorted((one, other))
    assert parse_duration_ns(format_duration_ns(low)) <= parse_duration_ns(format_duration_ns(high))


@given(st.text(alphabet="0123456789. nsuµmhd\u00a0-x"))
def test_parsing_gives_a_number_or_a_value_error(text):
    try:
        assert 0 <= parse_duration_ns(text) <= MAX_NS
    except ValueError as refused:
        assert str(refused)


def test_offsets_counts_shares_and_factors():
    glued = [
        format_offset_ns(1_061_000_000),
        format_offset_ns(59_900_000),
        format_offset_ns(-3_000_000),
        format_offset_ns(0),
        format_offset_ns(102_000_000_000),
        format_count(1_284),
        format_count(-5),
        format_percent(0.82),
        format_percent(0.0031),
        format_percent(0.0001),
        format_percent(0),
        format_percent(12.5),
        format_times(5.06),
        format_times(14.2),
        format_times(1200),
    ]
    assert [text.replace("\u00a0", " ") for text in glued] == [
        "+1 061 ms",
        "+59.9 ms",
        "−3.0 ms",
        "+0 ns",
        "+1 min 42 s",
        "1 284",
        "−5",
        "82 %",
        "0.3 %",
        "<0.1 %",
        "0 %",
        "1 250 %",
        "5.1 ×",
        "14 ×",
        "1 200 ×",
    ]


def test_one_of_a_thing_is_not_written_as_several():
    assert [counted(number, "trace") for number in (0, 1, 2, 1_284)] == [
        "0 traces", "1 trace", "2 traces", "1\u00a0284 traces",
    ]  # fmt: skip
    assert [counted_of(shown, 16, "service") for shown in (16, 3)] == ["16 services", "3 of 16 services"]
    assert [n_times(number) for number in (1, 2, 3)] == ["once", "twice", "3 times"]
