"""Axes over time: no two ticks of a chart read alike, however short or long it is."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from apps.explorer.line_chart import DURATION, MAIN, Line, line_chart
from apps.explorer.search.scatter import scatter
from apps.explorer.why.heat import heat_of
from apps.insights.figures import NO_FIGURES
from apps.insights.window import Window
from apps.traces.histogram import Histogram, bucket_of
from tests.explorer.test_scatter import NOON, ROW

MINUTE_NS = 60 * 10**9
MINUTES = (1, 2, 3, 4, 5, 6, 9, 10, 15, 60, 180, 720, 1_440, 2_880, 4_320, 6_400, 7_200, 10_080, 30 * 1_440)
NICE_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
          259_200, 604_800]  # fmt: skip
"""What Plotly rounds up to, where a date axis has so many ticks at most (`autoTicks`), in seconds."""
USUAL_TICKS = 10


def line_axis(minutes: int) -> dict:
    step = max(1, minutes // 60)
    steps = [NOON + n * step * MINUTE_NS for n in range(minutes // step)]
    line = Line("p95", MAIN, [5.0] * len(steps))
    chart = line_chart(steps, step * MINUTE_NS, [line], DURATION, label="", zone=UTC)
    return chart.figure["layout"]["xaxis"]


def heat_axis(minutes: int) -> dict:
    points = [SimpleNamespace(start_ns=NOON, figures=NO_FIGURES._replace(histogram=Histogram({bucket_of(10**8): 9})))]
    view = Window(NOON, NOON + minutes * MINUTE_NS)
    asked = SimpleNamespace(view=view, points=points, step_ns=MINUTE_NS, ask=SimpleNamespace(selection=None))
    return heat_of(asked, UTC).figure["layout"]["xaxis"]


def scatter_axis(minutes: int) -> dict:
    chart = scatter((ROW, ROW), (NOON, NOON + minutes * MINUTE_NS), UTC, "")
    return chart.figure["layout"]["xaxis"]


def labels(axis: dict) -> list[str]:
    start, end = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in axis["range"])
    step_s = next(s for s in NICE_S if s >= (end - start).total_seconds() / axis.get("nticks", USUAL_TICKS))
    at = datetime.fromtimestamp(-(-start.timestamp() // step_s) * step_s, UTC)
    found = []
    while at <= end:
        found.append(f"{at:{axis['tickformat']}}")
        at += timedelta(seconds=step_s)
    return found


@pytest.mark.parametrize("axis_of", [line_axis, heat_axis, scatter_axis])
@pytest.mark.parametrize("minutes", MINUTES)
def test_no_two_ticks_read_alike(axis_of, minutes):
    found = labels(axis_of(minutes))
    assert len(found) >= 2 and len(set(found)) == len(found), found


@pytest.mark.parametrize(
    ("axis_of", "minutes", "first"),
    [
        (line_axis, 1, ["12:00:00", "12:00:15"]),
        (line_axis, 5, ["12:00", "12:01"]),
        (line_axis, 60, ["12:00", "12:15"]),
        (line_axis, 10_080, ["25 Nov", "27 Nov"]),
        (heat_axis, 2, ["12:00:00", "12:00:30"]),
        (heat_axis, 180, ["12:00", "12:30"]),
        (scatter_axis, 2, ["12:00:00", "12:00:15"]),
    ],
)
def test_ticks_say_no_more_than_they_must(axis_of, minutes, first):
    assert labels(axis_of(minutes))[:2] == first
