"""What is usual for a root span name, over the last seven days, for judging traces in bulk."""

from __future__ import annotations

import threading
import time

from apps.insights.figures import Figures
from apps.insights.queries import PartKey, parts
from apps.insights.window import Window
from apps.traces.moments import DAY_NS, MINUTE_NS
from apps.traces.usual import Usual, UsualPart

DAYS = 7
LATELY_NS = 60 * MINUTE_NS
"""The last hour is left out: trouble that has just begun must not count as usual."""
ENOUGH_BEFORE = 100
"""…unless there are fewer traces before it."""
REMEMBER_SECONDS = ((1_000, 600.0), (ENOUGH_BEFORE, 60.0), (0, 5.0))
"""From so many traces on: ten minutes more change nothing in seven days; where little is known, seconds do."""
_MOST = 5_000

_lock = threading.Lock()
_known: dict[tuple[int, str, str, int], tuple[float, Usual]] = {}
"""By workspace, root span name and the hour it was usual at (0: now)."""


def usual(workspace_id: int, root_service: str, root_name: str, now_ns: int) -> Usual:
    """At most some minutes old: a process asks the database once in that time for a root span name."""
    return _remembered((workspace_id, root_service, root_name, 0), now_ns)


def _remembered(key: tuple[int, str, str, int], until_ns: int) -> Usual:
    now = time.monotonic()
    expires, known = _known.get(key, (-1e9, None))
    if known is None or now > expires:
        known = look_up(*key[:3], until_ns)
        keep = next(seconds for least, seconds in REMEMBER_SECONDS if known.traces >= least)
        with _lock:
            if len(_known) >= _MOST:
                _known.clear()
            _known[key] = now + keep, known
    return known


def usual_at(workspace_id: int, root_service: str, root_name: str, at_ns: int, now_ns: int) -> Usual:
    """What was usual when a trace began: its verdict compared with that, and still does next year."""
    if now_ns - at_ns < 2 * LATELY_NS:
        return usual(workspace_id, root_service, root_name, now_ns)
    hour = -(-at_ns // LATELY_NS) * LATELY_NS
    return _remembered((workspace_id, root_service, root_name, hour), hour)


def forget_usual() -> None:
    _known.clear()


def look_up(workspace_id: int, root_service: str, root_name: str, now_ns: int) -> Usual:
    end = -(-now_ns // MINUTE_NS) * MINUTE_NS
    before = Window(end - DAYS * DAY_NS, end - LATELY_NS)
    known = usual_of(before, parts(workspace_id, before, root_service, root_name))
    if known.traces >= ENOUGH_BEFORE:
        return known
    whole = Window(end - DAYS * DAY_NS, end)
    return usual_of(whole, parts(workspace_id, whole, root_service, root_name))


def usual_of(window: Window, found: dict[PartKey, Figures]) -> Usual:
    """From the figures of a root span name's parts."""
    whole = found.get(PartKey("", "", ""))
    known = {key: _part(figures) for key, figures in found.items() if key.service}
    return Usual(
        whole.samples if whole else 0,
        window.start_ns,
        window.end_ns,
        _ns(whole.p(0.5)) if whole else 0,
        _ns(whole.p(0.95)) if whole else 0,
        {key.service: part for key, part in known.items() if not key.work},
        {tuple(key): part for key, part in known.items() if key.work},
        round(whole.samples * whole.error_share) if whole else 0,
    )


def _part(figures: Figures) -> UsualPart:
    calls = figures.calls_histogram
    return UsualPart(
        figures.samples, _ns(figures.p(0.5)), _ns(figures.p(0.95)),
        _ns(calls.quantile(0.5)) if calls else 0, _ns(calls.quantile(0.95)) if calls else 0,
    )  # fmt: skip


def _ns(value: float | None) -> int:
    return round(value or 0.0)
