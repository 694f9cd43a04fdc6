"""A stretch of time as the rollups answer for it: whole minutes."""

from __future__ import annotations

from typing import NamedTuple

from apps.traces.moments import MINUTE_NS, S_NS


class Window(NamedTuple):
    """[start_ns, end_ns), both on whole minutes: made by `window_over`."""

    start_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) / S_NS

    @property
    def minutes(self) -> float:
        return (self.end_ns - self.start_ns) / MINUTE_NS

    def before(self) -> Window:
        """The window of equal length that ends where this one starts."""
        return self.moved(self.start_ns - self.end_ns)

    def moved(self, by_ns: int) -> Window:
        """The same length, `by_ns` later (earlier when negative); never before 1970."""
        return Window(max(0, self.start_ns + by_ns), max(0, self.end_ns + by_ns))


def window_over(start_ns: int, end_ns: int, step_ns: int = MINUTE_NS) -> Window:
    """The smallest window of whole steps that holds [start_ns, end_ns)."""
    return Window(start_ns // step_ns * step_ns, -(-end_ns // step_ns) * step_ns)
