from datetime import UTC

import pytest

from apps.traces.moments import clock_text, minute_text, parse_moment_ns, second_text

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
