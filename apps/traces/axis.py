"""The time axis of a waterfall: places in per cent of a zoom window, and ticks."""

from __future__ import annotations

from dataclasses import dataclass

from apps.traces.durations import DAY, HOUR, MINUTE, MS, NBSP, US, S, format_duration_ns

MIN_WIDTH_PCT = 0.25
"""Narrower bars could not be seen or hit."""

_STEPS = (
    *sorted([n * 10**power for power in range(9) for n in (1, 2, 5)] + [25 * 10**power for power in range(8)]),
    *(n * S for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * 10**power * DAY for power in range(6) for n in (1, 2, 5)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Where something stands, in per cent of the window. Both ends lie within 0 and 100."""

    x: float
    width: float
    outside: str = ""
    """`before` or `after` when it lies wholly outside the window; the width is 0 then."""
    is_cut_left: bool = False
    is_cut_right: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str
    """`start`, `mid` or `end`: how the text stands to its line."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a trace, in ns from the trace's start; never empty."""

    from_ns: int
    to_ns: int

    @classmethod
    def within(cls, duration_ns: int, from_ns: int | None = None, to_ns: int | None = None) -> Window:
        """The wished stretch cut to the trace's [0, duration_ns]; the whole trace when nothing is left of it."""
        whole = max(1, duration_ns)
        start = min(max(0, from_ns or 0), whole)
        end = whole if to_ns is None else min(max(0, to_ns), whole)
        return cls(start, end) if start < end else cls(0, whole)

    @property
    def length_ns(self) -> int:
        return self.to_ns - self.from_ns

    def percent(self, ns: int) -> float:
        return round((ns - self.from_ns) * 100 / self.length_ns, 3)

    def bar(self, start_ns: int, end_ns: int) -> Bar:
        """Something from start to end; at least 0.25 % wide, so that it can be seen."""
        end_ns = max(start_ns, end_ns)
        if end_ns < self.from_ns:
            return Bar(0, 0, "before")
        if start_ns > self.to_ns:
            return Bar(100, 0, "after")
        left, right = max(start_ns, self.from_ns), min(end_ns, self.to_ns)
        width = max(MIN_WIDTH_PCT, round((right - left) * 100 / self.length_ns, 3))
        x = max(0.0, min(self.percent(left), 100 - width))
        return Bar(round(x, 3), width, "", start_ns < self.from_ns, end_ns > self.to_ns)


def ticks(window: Window, duration_ns: int, most: int = 8) -> tuple[Tick, ...]:
    """At most `most` + 1 ticks at round offsets; the whole trace also gets its duration at the end."""
    step = next((step for step in _STEPS if window.length_ns <= step * most), _STEPS[-1] * 10**6)
    is_whole = (window.from_ns, window.to_ns) == (0, max(1, duration_ns))
    first = -(-window.from_ns // step)
    found = []
    for number in range(first, window.to_ns // step + 1):
        x = window.percent(number * step)
        # The label at the end needs about a twelfth of the width.
        if not is_whole or x <= 92:
            found.append(Tick(x, tick_text(number * step), "start" if x < 3 else "end" if x > 97 else "mid"))
    if is_whole:
        found.append(Tick(100.0, format_duration_ns(duration_ns), "end"))
    return tuple(found)


def tick_text(ns: int) -> str:
    """Exact and short: `0`, `250 ms`, `1.25 s`, `2 min 5 s`."""
    if ns == 0:
        return "0"
    if ns < MINUTE or ns % S:
        size, unit = next((size, unit) for size, unit in ((S, "s"), (MS, "ms"), (US, "µs"), (1, "ns")) if ns >= size)
        whole, rest = divmod(ns, size)
        fraction = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0") if rest else ""
        return f"{whole}{'.' if fraction else ''}{fraction}{NBSP}{unit}"
    parts = []
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (S, "s")):
        number, ns = divmod(ns, size)
        if number:
            parts.append(f"{number}{NBSP}{unit}")
    return NBSP.join(parts)
