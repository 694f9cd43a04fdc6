from datetime import UTC

import pytest

from apps.traces.moments import (
    brief_span_text,
    clock_text,
    dated_minute_text,
    minute_text,
    parse_moment_ns,
    second_text,
    zone_named,
)

NOW_NS = parse_moment_ns("2026-11-23T15:00:00Z", UTC)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-23T14:37:52.107Z", ("14:37:52.107", "14:37:52", "14:37")),
        ("2026-11-21T14:37:52.107Z", ("21 Nov 14:37:52", "21 Nov 14:37:52", "21 Nov 14:37")),
        ("2025-11-21T14:37:52.107Z", ("2025-11-21 14:37", "2025-11-21 14:37", "2025-11-21 14:37")),
    ],
)
def test_an_instant_is_told_with_its_day_and_its_year_only_where_they_differ_from_now(at, told):
    at_ns = parse_moment_ns(at, UTC)
    texts = [write(at_ns, NOW_NS, UTC) for write in (clock_text, second_text, minute_text)]
    assert tuple(text.replace("\u00a0", " ") for text in texts) == told


@pytest.mark.parametrize(
    ("at", "beside", "told"),
    [
        ("2026-11-23T14:37:52Z", "2026-11-23T14:02:00Z", "14:37"),
        ("2026-11-21T14:37:52Z", "2026-11-21T14:02:00Z", "14:37"),
        ("2026-11-21T00:37:52Z", "2026-11-20T23:02:00Z", "21 Nov 00:37"),
        ("2026-11-23T00:37:52Z", "2026-11-22T23:02:00Z", "00:37"),
        ("2025-11-21T14:37:52Z", "2025-11-21T14:02:00Z", "14:37"),
        ("2025-11-21T14:37:52Z", "2025-11-20T14:02:00Z", "2025-11-21 14:37"),
    ],
)
def test_beside_another_moment_of_its_day_an_instant_does_not_tell_the_day_again(at, beside, told):
    at_ns, beside_ns = (parse_moment_ns(text, UTC) for text in (at, beside))
    assert minute_text(at_ns, NOW_NS, UTC, beside_ns).replace("\u00a0", " ") == told
    dated = dated_minute_text(at_ns, UTC, beside_ns)
    assert dated == ("14:37" if at[:10] == beside[:10] else f"{at[:10]} {at[11:16]}")


def test_which_day_it_is_depends_on_the_zone():
    at_ns, beside_ns = (parse_moment_ns(f"2026-11-21T{hour}:30:00Z", UTC) for hour in (23, 22))
    assert minute_text(at_ns, NOW_NS, UTC, beside_ns) == "23:30"
    prague = zone_named("Europe/Prague")
    assert minute_text(at_ns, NOW_NS, prague, beside_ns) == "22\u00a0Nov\u00a000:30"


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-11-22T23:38Z", "2026-11-23T02:38Z", "23:38 – 02:38"),
        ("2026-11-22T14:00Z", "2026-11-23T14:00Z", "22 Nov 14:00 – 23 Nov 14:00"),
        ("2026-11-09T18:00Z", "2026-11-23T18:15Z", "9 Nov 18:00 – 23 Nov 18:15"),
    ],
)
def test_a_stretch_is_told_with_its_days_where_the_clock_alone_would_not_tell(start, end, told):
    found = brief_span_text(parse_moment_ns(start, UTC), parse_moment_ns(end, UTC), UTC)
    assert found.replace("\u00a0", " ") == told
