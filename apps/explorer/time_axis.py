"""Plotly's axis over time, on which no two ticks read alike."""

from __future__ import annotations

from datetime import tzinfo

from apps.traces.moments import DAY_NS, MINUTE_NS, field_text

MOST_TICKS = 10
"""As many as Plotly draws where nobody says how many: one every 80 px."""


def time_axis(start_ns: int, end_ns: int, zone: tzinfo, most_ticks: int | None = None) -> dict:
    axis = {
        "type": "date",
        "range": [field_text(at, zone).replace("T", " ") for at in (start_ns, end_ns)],
        "tickformat": _tick_format(end_ns - start_ns, most_ticks or MOST_TICKS),
    }
    return axis | ({"nticks": most_ticks} if most_ticks else {})


def _tick_format(length_ns: int, most_ticks: int) -> str:
    """What a tick must say to be told from its neighbours, as short as that allows; one line, never more. Plotly rounds
    the distance of ticks up to what clocks have, and what is more than 12 hours to whole days."""
    if length_ns < most_ticks * MINUTE_NS:
        return "%H:%M:%S"
    if length_ns < DAY_NS:
        return "%H:%M"
    return "%d %b %H:%M" if length_ns <= most_ticks * DAY_NS // 2 else "%d %b"
