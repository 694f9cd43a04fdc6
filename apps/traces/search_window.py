"""The stretch of time a search covers: a preset that moves with the clock, or two fixed ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from apps.traces.moments import DAY_NS, S_NS, brief_span_text, offset_name, span_text

CUSTOM = "custom"
ALL = "all"
BROWSING = "1h"
"""The range of a page opened with nothing in it."""

CLOCK_AHEAD_NS = DAY_NS
"""A trace that starts less than this after its arrival is filed under its start, by a clock that is ahead of ours. A
window that ends now takes all of those: a span just sent must be found, whatever its clock says."""
LINK_AHEAD_NS = 600 * S_NS
"""So long after now ends the link to a window that ends now. It keeps the traces of clocks that are a little off; with
a whole day more it would show, tomorrow, what nobody meant when it was copied."""

PRESETS: dict[str, tuple[str, int]] = {
    "15m": ("Last 15 minutes", 900),
    "1h": ("Last hour", 3_600),
    "3h": ("Last 3 hours", 3 * 3_600),
    "6h": ("Last 6 hours", 6 * 3_600),
    "12h": ("Last 12 hours", 12 * 3_600),
    "24h": ("Last 24 hours", 24 * 3_600),
    "2d": ("Last 2 days", 2 * 86_400),
    "7d": ("Last 7 days", 7 * 86_400),
}
"""Name in the address -> words, seconds. `all` follows retention."""


@dataclass(frozen=True, slots=True)
class Window:
    """[start_ns, end_ns) as searched. `shown_end_ns` is the end as people think of it (now, for a preset)."""

    preset: str
    label: str
    start_ns: int
    end_ns: int
    shown_end_ns: int

    @property
    def is_relative(self) -> bool:
        return self.preset != CUSTOM

    @property
    def ends_now(self) -> bool:
        """Nobody wrote an end: traces of clocks that are ahead are in it, too."""
        return self.end_ns > self.shown_end_ns

    @property
    def fixed_end_ns(self) -> int:
        """The end for a link that is to mean the same tomorrow."""
        return self.shown_end_ns + LINK_AHEAD_NS if self.ends_now else self.end_ns

    def detail(self, zone: tzinfo) -> str:
        """`13:38 – 14:38 UTC+1`; the days too where the clock alone would not tell."""
        told = brief_span_text if self.is_relative else span_text
        return f"{told(self.start_ns, self.shown_end_ns, zone)} {offset_name(self.shown_end_ns, zone)}"


def preset_names(retention_days: int) -> dict[str, str]:
    """Name -> words of the presets worth offering: none reaches back as far as all that is kept."""
    names = {name: words for name, (words, seconds) in PRESETS.items() if seconds < retention_days * 86_400}
    return names | {ALL: f"All kept ({retention_days}\u00a0d)"}


def preset_window(name: str, now_ns: int, retention_days: int) -> Window:
    if name == ALL:
        # A day more than is kept: partitions go by whole days, and what is still there must be found.
        label, seconds = preset_names(retention_days)[ALL], (retention_days + 1) * 86_400
    else:
        label, seconds = PRESETS[name]
    return Window(name, label, max(0, now_ns - seconds * S_NS), now_ns + CLOCK_AHEAD_NS, now_ns)


def chosen_window(
    preset: str, start_ns: int | None, end_ns: int | None, *, is_for_text: bool, now_ns: int, retention_days: int
) -> Window:
    """The window an address asks for. Raises ValueError when it ends before it starts."""
    if not preset:
        # A pasted ID is wanted wherever it is; a page opened to look around starts with the last hour.
        preset = CUSTOM if (start_ns, end_ns) != (None, None) else ALL if is_for_text else BROWSING
    if preset != CUSTOM:
        return preset_window(preset if preset in preset_names(retention_days) else ALL, now_ns, retention_days)
    window = custom_window(start_ns, end_ns, now_ns, retention_days)
    if window.end_ns <= window.start_ns:
        raise ValueError("The end is not after the start.")
    return window


def custom_window(start_ns: int | None, end_ns: int | None, now_ns: int, retention_days: int) -> Window:
    """Two fixed ends; a missing start means all that is kept, a missing end means now."""
    end = now_ns + CLOCK_AHEAD_NS if end_ns is None else end_ns
    # A window that starts after now is told by its real end.
    shown_end = now_ns if end_ns is None and (start_ns or 0) < now_ns else end
    start = max(0, shown_end - (retention_days + 1) * 86_400 * S_NS) if start_ns is None else start_ns
    return Window(CUSTOM, "Between", start, end, shown_end)
