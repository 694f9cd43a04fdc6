"""How a change is written on a page."""

import pytest

from apps.explorer.change import duration_mark, error_mark, format_rate, rate_mark
from apps.insights.change import FASTER, FEWER, GONE, MORE, NEW, SAME, SLOWER, UNCLEAR, UNSURE, Change

MS = 1_000_000
BEFORE = "the hour before"


@pytest.mark.parametrize(
    ("change", "text", "css", "title"),
    [
        (Change(SLOWER, 316 * MS, 1_610 * MS, 90), "▲ 5.1 ×", "up", "1.61 s, and 316 ms in the hour before"),
        (Change(FASTER, 100 * MS, 89 * MS, 90), "▼ 11 %", "down", "89.0 ms, and 100 ms in the hour before"),
        (Change(SLOWER, 1 * MS, 60_000 * MS, 90), "▲ >1 000 ×", "up", "1 min, and 1.0 ms in the hour before"),
        (Change(SAME, 100 * MS, 101 * MS, 90), "same", "same", "101 ms, and 100 ms in the hour before"),
        (
            Change(UNCLEAR, 100 * MS, 133 * MS, 90),
            "▲ 1.3 × ?",
            "same",
            "133 ms, and 100 ms in the hour before: within its usual spread",
        ),
        (Change(SLOWER, 100 * MS, 510 * MS, 90, "p50"), "p50 ▲ 5.1 ×", "up", "p50 510 ms, and 100 ms in the hour"),
        (Change(NEW, None, 5 * MS), "new", "up", "There was none in the hour before"),
        (Change(GONE, 5 * MS, None), "gone", "up", "There were some in the hour before, and none now"),
        (Change(UNSURE, 5 * MS, 9 * MS, 7), "not enough data (n = 7)", "same", "Not enough data to compare with"),
    ],
)
def test_a_change_says_its_factor_or_why_there_is_none(change, text, css, title):
    mark = duration_mark(change, BEFORE)
    assert (mark.text.replace("\u00a0", " "), mark.css) == (text, css)
    assert mark.title.replace("\u00a0", " ").startswith(title)


def test_another_day_is_said_as_people_say_it():
    assert duration_mark(Change(SAME, MS, MS, 50), "yesterday, same time").title.endswith("ms yesterday, same time")


def test_errors_are_told_in_points():
    more = error_mark(Change(MORE, 0.002, 0.024, 500), BEFORE)
    assert (more.text, more.css) == ("+2.2\u00a0points", "err")
    unclear = error_mark(Change(UNCLEAR, 0.0, 0.04, 25), BEFORE)
    assert (unclear.text, unclear.css, unclear.is_change) == ("+4.0\u00a0points\u00a0?", "same", False)
    assert error_mark(Change(FEWER, 0.5, 0.1, 500), BEFORE).text == "−40\u00a0points"


def test_a_rate_that_grew_from_nothing_has_no_factor():
    assert rate_mark(Change(MORE, 0, 5.0, 90), BEFORE).text == "▲\u00a0from 0"


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0"), (0.001, "<0.01"), (0.02, "0.02"), (0.7, "0.7"), (33.43, "33.4"), (426.4, "426"), (99.97, "100"),
        (12_345, "12\u00a0345"),
    ],
)  # fmt: skip
def test_a_rate_has_as_many_digits_as_it_deserves(rate, text):
    assert format_rate(rate) == text
