"""The question: whose traces, which two windows, which figure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.conf import settings

from apps.insights.period import BEFORE, Period
from apps.insights.window import Window, window_over
from apps.traces.moments import MINUTE_NS
from apps.traces.query import TraceQuery
from apps.traces.query_string import BadQuery, read_query_string
from apps.traces.search_window import ALL, CUSTOM, PRESETS

RANGE_NAMES = ("range", "start", "end", "tz", "cursor", "limit")
NAME_ALONE = "Say which service the name belongs to."
WHOLE = "none"
"""`split` of two windows that are to be compared as they were chosen."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Traces by when they started and how long they took, both half-open; None for no bound. In ns."""

    start_ns: int
    end_ns: int
    min_ns: int
    max_ns: int | None = None

    def holds(self, start_ns: int, waited_ns: int) -> bool:
        is_long = waited_ns >= self.min_ns and (self.max_ns is None or waited_ns < self.max_ns)
        return self.start_ns <= start_ns < self.end_ns and is_long


@dataclass(frozen=True, slots=True)
class Ask:
    service: str
    name: str
    """Of a root span, or of another span of the service; "" for the service as a whole."""
    look: str
    """`p50`, `p95`, `p99` or `errors`."""
    before: Window
    after: Window
    finds_split: bool = False
    """The two windows touch, and are to be parted where the change began, if that is found."""
    now_ns: int = 0
    query: TraceQuery | None = None
    """A search instead of a name; its own window does not count."""
    selection: Selection | None = None
    """Then these are compared with all others of the view, and the two windows only say what the view is."""
    is_behind: bool = False
    """More was asked for than is held: `after` ends where that does."""
    is_before_behind: bool = False

    @property
    def touches(self) -> bool:
        return self.before.end_ns == self.after.start_ns

    @property
    def view(self) -> Window:
        """What charts show: both windows where they touch, else the one after."""
        return Window(self.before.start_ns, self.after.end_ns) if self.touches else self.after


def searched(text: str) -> TraceQuery:
    """The search of a query string; its range only has to be one. Raises BadQuery."""
    given = dict(parse_qsl(text)).get("range", ALL)
    if given not in (*PRESETS, ALL, CUSTOM):
        raise BadQuery({"range": f"There is no {given[:40]} here."})
    pairs = [(name, value) for name, value in parse_qsl(text) if name not in RANGE_NAMES]
    return read_query_string(
        pairs, now_ns=0, retention_days=settings.TRACER_RETENTION_DAYS, default_limit=1, most=1
    ).query


def room_of(period: Period) -> Window:
    """What two windows that touch may cover together."""
    if period.against == BEFORE:
        return Window(period.compared.start_ns, period.window.end_ns)
    return period.window


def ask_of(
    period: Period, service: str, name: str, look: str, split: int | str | None = None,
    selection: Selection | None = None, query: TraceQuery | None = None,
) -> Ask:  # fmt: skip
    """`split`: where the window after begins (ns), WHOLE, or None: where it changed. Raises ValueError, in words for
    people, when it lies outside."""
    before, after, room = period.compared, period.window, room_of(period)
    is_behind, is_before_behind = period.is_behind, period.is_compared_behind
    if isinstance(split, int):
        at_ns = window_over(split, split).start_ns
        if not room.start_ns < at_ns < period.asked_window.end_ns:
            raise ValueError("This lies outside of the two windows.")
        before, after = Window(room.start_ns, at_ns), Window(at_ns, max(room.end_ns, at_ns + MINUTE_NS))
        if period.against == BEFORE:  # what waits between the two windows lies on one side now, or on both
            is_behind |= is_before_behind and at_ns < period.compared_end_ns
            is_before_behind &= at_ns > (period.compared_held_ns or 0)
    finds = split is None and period.touches and selection is None
    return Ask(service, name, look, before, after, finds, period.now_ns, query, selection, is_behind, is_before_behind)
