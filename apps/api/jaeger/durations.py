"""Durations as Go's time.ParseDuration reads them."""

from __future__ import annotations

from apps.api.problem import Problem
from apps.traces.durations import parse_duration_ns


def read_duration_ns(text: str, name: str) -> int | None:
    """Nanoseconds of `1.2s`, `1h30m`, `300us`; None for an empty text and for 0, which is no bound. Raises Problem."""
    if text.strip() in ("", "0"):
        return None
    try:
        return parse_duration_ns(text) or None
    except ValueError as error:
        raise Problem(400, f"unable to parse param '{name}': {error}") from error


def check_order(least: int | None, most: int | None, least_name: str, most_name: str) -> None:
    if least is not None and most is not None and most < least:
        raise Problem(400, f"'{most_name}' should be greater than '{least_name}'")
