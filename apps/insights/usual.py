"""What is usual for a root span name, over the last seven days, for judging traces in bulk."""

from __future__ import annotations

import threading
import time

from apps.insights.figures import Figures
from apps.insights.queries import PartKey, parts
from apps.insights.window import DAY_NS, MINUTE_NS, Window
from apps.traces.usual import Usual, UsualPart

DAYS = 7
REMEMBER_SECONDS = 60.0
_MOST = 5_000

_lock = threading.Lock()
_known: dict[tuple[int, str, str], tuple[float, Usual]] = {}


def usual(workspace_id: int, root_service: str, root_name: str, now_ns: int) -> Usual:
    """At most a minute old: each process asks the database once a minute for a root span name."""
    key, now = (workspace_id, root_service, root_name), time.monotonic()
    made_at, known = _known.get(key, (-1e9, None))
    if known is None or now - made_at > REMEMBER_SECONDS:
        known = look_up(workspace_id, root_service, root_name, now_ns)
        with _lock:
            if len(_known) >= _MOST:
                _known.clear()
            _known[key] = now, known
    return known


def forget_usual() -> None:
    _known.clear()


def look_up(workspace_id: int, root_service: str, root_name: str, now_ns: int) -> Usual:
    end = -(-now_ns // MINUTE_NS) * MINUTE_NS
    window = Window(end - DAYS * DAY_NS, end)
    return usual_of(window, parts(workspace_id, window, root_service, root_name))


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
    )


def _part(figures: Figures) -> UsualPart:
    calls = figures.calls_histogram
    return UsualPart(
        figures.samples, _ns(figures.p(0.5)), _ns(figures.p(0.95)),
        _ns(calls.quantile(0.5)) if calls else 0, _ns(calls.quantile(0.95)) if calls else 0,
    )  # fmt: skip


def _ns(value: float | None) -> int:
    return round(value or 0.0)
