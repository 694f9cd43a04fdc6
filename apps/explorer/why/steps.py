"""Where the time went, as a waterfall chart: before, each part's change, after. All in per cent of one scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.traces.durations import MINUS, format_count, format_duration_ns
from apps.traces.why.parts import Change, Part, rows_of
from apps.traces.why.tries import PAUSE
from apps.traces.work import NETWORK, NOT_BROKEN_DOWN, OWN_CODE

ROWS = 8
LEAST_PCT = 0.3
"""Width of a bar that would be none."""
BIG_SHARE = 0.25
"""Of the whole change: a part that deserves bold type."""
_WORDS = {OWN_CODE: "own code", NETWORK: "network", NOT_BROKEN_DOWN: "spans are missing"}


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    width: str
    """Per cent, for an SVG."""


@dataclass(frozen=True, slots=True)
class StepRow:
    service: str
    """"" for the network and for what is small."""
    words: str
    """What it did: `waiting for bank-api`, `own code`; of a row without a service its name."""
    change: str
    bar: Bar
    from_x: str
    """Where the row above ended."""
    is_more: bool
    is_less: bool
    is_big: bool
    link: str
    """A search for such spans, "" for rows that are no single kind of span."""


@dataclass(frozen=True, slots=True)
class Steps:
    before: str
    after: str
    before_bar: Bar
    after_bar: Bar
    rows: tuple[StepRow, ...]
    details: tuple[Detail, ...]
    """Every part by span name, for the table below."""


@dataclass(frozen=True, slots=True)
class Detail:
    service: str
    span_name: str
    words: str
    before: str
    after: str
    change: str
    calls_before: str
    calls_after: str


def steps_of(changes: tuple[Change, ...], link_of: Callable[[Part], str], most_details: int = 40) -> Steps | None:
    """None without anything to show."""
    before = sum(change.before_ns for change in changes)
    after = sum(change.after_ns for change in changes)
    rows = rows_of(changes, ROWS)
    most = max(_peak(before, rows), before, after)
    if not most:
        return None
    scale = 100 / most
    total, at, built = after - before, before, []
    for row in rows:
        built.append(_row(row, at, scale, total, link_of))
        at += row.change_ns
    details = tuple(_detail(change) for change in changes[:most_details] if change.before_ns or change.after_ns)
    return Steps(
        format_duration_ns(before), format_duration_ns(after), Bar("0%", _pct(before * scale)),
        Bar("0%", _pct(after * scale)), tuple(built), details,
    )  # fmt: skip


def _peak(before: int, rows: Iterable[Change]) -> int:
    """The farthest that the steps reach: rises come first."""
    return before + sum(row.change_ns for row in rows if row.change_ns > 0)


def _row(row: Change, at: int, scale: float, total: int, link_of: Callable[[Part], str]) -> StepRow:
    change, part = row.change_ns, row.part
    left = min(at, at + change) * scale
    return StepRow(
        service=part.service,
        words=words_of(part, row.together),
        change=signed(change),
        bar=Bar(_pct(min(left, 100 - LEAST_PCT)), _pct(max(abs(change) * scale, LEAST_PCT))),
        from_x=_pct(at * scale),
        is_more=change > 0,
        is_less=change < 0,
        is_big=bool(total) and change / total >= BIG_SHARE,
        link=link_of(part) if part.service else "",
    )


def words_of(part: Part, together: int = 1) -> str:
    if not part.service:
        if part.work == NETWORK:
            return "network"
        return f"{format_count(together)} other part{'s' if together != 1 else ''}" if together > 1 else "the rest"
    if part.work in _WORDS:
        return _WORDS[part.work]
    if part.work == PAUSE:
        return f"pauses between tries at {part.peer or 'somebody outside'}"
    return f"waiting for {part.peer or 'somebody outside'}"


def signed(ns: int) -> str:
    if not ns:
        return "0"
    return f"{MINUS if ns < 0 else '+'}{format_duration_ns(abs(ns))}"


def _detail(change: Change) -> Detail:
    part = change.part
    return Detail(
        part.service, part.span_name, words_of(part), format_duration_ns(change.before_ns),
        format_duration_ns(change.after_ns), signed(change.change_ns), _calls(change.calls_before),
        _calls(change.calls_after),
    )  # fmt: skip


def _calls(calls: float) -> str:
    return f"{calls:.1f}".rstrip("0").rstrip(".") if calls < 100 else format_count(round(calls))


def _pct(value: float) -> str:
    return f"{max(0.0, value):.2f}%"
