"""`endTs` and `lookback`, in ms: how Jaeger and Zipkin ask for dependencies."""

from __future__ import annotations

from collections.abc import Mapping

from apps.api.problem import Problem
from apps.insights.period import most_ns, readable_window
from apps.insights.window import Window
from apps.traces.moments import DAY_NS

MS = 1_000_000
_LATEST_MS = 2**63 // MS
DAY_MS = DAY_NS // MS


def dependency_window(params: Mapping[str, str], now_ns: int) -> Window:
    """[endTs - lookback, endTs), rounded outwards to what the rollups tell apart; without them the last day. Raises
    Problem 400."""
    end_ns = _ms(params, "endTs", now_ns // MS + 1) * MS
    start_ns = end_ns - _ms(params, "lookback", DAY_MS) * MS
    end_ns = min(end_ns, now_ns + DAY_NS)  # nothing is kept beyond: clocks do not run further ahead
    return readable_window(max(0, min(start_ns, end_ns), end_ns - most_ns()), end_ns, now_ns)


def _ms(params: Mapping[str, str], name: str, usual: int) -> int:
    text = params.get(name, "").strip()
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > _LATEST_MS:
        raise Problem(400, f"unable to parse param '{name}': it has to be milliseconds, a whole number")
    return int(text[:20])
