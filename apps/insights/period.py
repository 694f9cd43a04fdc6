"""The stretch of time a page of figures is about, and the one it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import NamedTuple

from apps.insights.levels import DAY, LEVELS
from apps.insights.window import Window, window_over
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS, brief_span_text, offset_name, span_text
from apps.traces.search_window import BROWSING, CUSTOM
from apps.traces.search_window import PRESETS as SEARCH_PRESETS

PRESETS: dict[str, tuple[str, int]] = {**SEARCH_PRESETS, "30d": ("Last 30 days", 30 * 86_400)}
"""Name in the address -> words, seconds: those of the search page, so that links carry over, and a month."""
OFFERED = ("15m", "1h", "3h", "24h", "7d", "30d")
"""The presets that pages list."""

BEFORE, YESTERDAY, LAST_WEEK = AGAINST = ("before", "yesterday", "last_week")
RECENT_SHARE, LEAST_RECENT_NS = 6, 10 * MINUTE_NS
SHORT_RECENTS_NS = (3 * MINUTE_NS, 5 * MINUTE_NS)
MISSING_SHARE = 10
"""A tenth of a window may be missing: what comes at all is hardly missed by that."""
SHIFTS_NS = {YESTERDAY: DAY_NS, LAST_WEEK: 7 * DAY_NS}
_SHIFT_WORDS = {YESTERDAY: "a day", LAST_WEEK: "a week"}


class Recent(NamedTuple):
    """A last part of a period that reaches to now."""

    window: Window
    length_ns: int

    @property
    def words(self) -> str:
        return last_words(self.length_ns)

    @property
    def is_short(self) -> bool:
        """Of so few minutes that what comes now and then may be away by chance."""
        return self.length_ns < LEAST_RECENT_NS


@dataclass(frozen=True, slots=True)
class Period:
    """What a page shows and what it compares with. `now_ns` is when it was asked."""

    preset: str
    """A name of PRESETS, or CUSTOM."""
    label: str
    start_ns: int
    end_ns: int
    """[start, end) as it was asked for, told to people; now, for a preset."""
    window: Window
    against: str
    """As it is used, see `can_compare`; "" of a window that was given."""
    compared: Window
    now_ns: int
    is_behind: bool = False
    """The window ends before `end_ns`, for what began later is not in the figures yet."""
    compared_to_ns: int | None = None
    """Where the window compared with would end, when it is read less far for the same reason."""
    compared_held_ns: int | None = None
    """Up to when it is held then; it may be read a little farther, for no window is shorter than what is kept."""
    began_ns: int | None = None
    """When the first trace of the workspace began, where that is known."""

    @property
    def is_relative(self) -> bool:
        return self.preset != CUSTOM

    @property
    def compared_end_ns(self) -> int:
        """Of the window compared with, as if all of it was held."""
        return self.compared.end_ns if self.compared_to_ns is None else self.compared_to_ns

    @property
    def compared_waiting_ns(self) -> int:
        """How much of its end is still to be digested."""
        return 0 if self.compared_held_ns is None else self.compared_end_ns - self.compared_held_ns

    @property
    def is_compared_behind(self) -> bool:
        """More of it waits than may be missing."""
        return self.compared_waiting_ns * MISSING_SHARE > self.compared_end_ns - self.compared.start_ns

    @property
    def touches(self) -> bool:
        """It is compared with the time before it, and nothing lies between: both are one stretch."""
        return self.against == BEFORE and self.compared_to_ns is None

    @property
    def digested_words(self) -> str:
        """After a sentence that says of the whole that nothing changed."""
        return digested_words(is_behind=self.is_behind, is_compared_behind=self.is_compared_behind)

    @property
    def reaches_now(self) -> bool:
        """What is true at its end is true now."""
        return not self.is_behind and reaches_now(self.end_ns, self.now_ns)

    @property
    def minutes(self) -> float:
        """Of the window, as far as it has passed, since the first trace: what a rate is divided by. At least one."""
        start_ns = max(self.window.start_ns, self.began_ns or 0)
        return max(1.0, (min(self.window.end_ns, self.now_ns) - start_ns) / MINUTE_NS)

    @property
    def against_label(self) -> str:
        """`the 3 hours before`, `yesterday, same time`, `last week, same time`."""
        if self.against == YESTERDAY:
            return "yesterday, same time"
        if self.against == LAST_WEEK:
            return "last week, same time"
        return f"the {self.length_words} before"

    @property
    def length_words(self) -> str:
        return _length_words(self.end_ns - self.start_ns)

    @property
    def comparable(self) -> tuple[str, ...]:
        """Those of AGAINST that it can be compared with."""
        return tuple(name for name in AGAINST if can_compare(name, self.end_ns - self.start_ns))

    @property
    def recents(self) -> tuple[Recent, ...]:
        """The last parts of a period that reaches to now, the shortest first: what tells whether something goes on.
        None of one that does not, or that is hardly longer."""
        length_ns = self.end_ns - self.start_ns
        share_ns = length_ns // RECENT_SHARE
        lasts = [*SHORT_RECENTS_NS, LEAST_RECENT_NS, *([share_ns] if share_ns >= LEAST_RECENT_NS + MINUTE_NS else [])]
        return tuple(
            Recent(readable_window(self.end_ns - last_ns, self.end_ns, self.now_ns), last_ns)
            for last_ns in lasts
            if self.reaches_now and last_ns * 2 <= length_ns
        )

    @property
    def in_this_time(self) -> str:
        """Where there was nothing, in words."""
        return "in what has been read of this time" if self.is_behind else "in this time"

    @property
    def asked_window(self) -> Window:
        """The window as if all of it was held."""
        return readable_window(self.start_ns, self.end_ns, self.now_ns)

    def up_to(self, held_to_ns: int) -> Period:
        """The same, read no further than that; but the least that can be read, a minute or, of long ago, what is
        kept in one bucket."""
        if held_to_ns >= self.window.end_ns:
            return self
        return replace(self, window=self._cut(self.window, held_to_ns), is_behind=True)

    def compared_up_to(self, held_to_ns: int) -> Period:
        """The same of the window compared with."""
        end_ns = self.compared.end_ns
        if held_to_ns >= end_ns:
            return self
        read = self._cut(self.compared, held_to_ns)
        return replace(self, compared=read, compared_to_ns=end_ns, compared_held_ns=held_to_ns)

    def _cut(self, window: Window, end_ns: int) -> Window:
        return readable_window(window.start_ns, max(end_ns, window.start_ns + MINUTE_NS), self.now_ns)

    def detail(self, zone: tzinfo) -> str:
        """`13:38 – 14:38 UTC+1`; the days too where the clock alone would not tell."""
        told = brief_span_text if self.is_relative else span_text
        return f"{told(self.start_ns, self.end_ns, zone)} {offset_name(self.end_ns, zone)}"


def reaches_now(end_ns: int, now_ns: int, leeway_ns: int = MINUTE_NS) -> bool:
    """Whether what ends at `end_ns` tells how things are now; the newest of a chart are up to two of its steps old."""
    return end_ns >= now_ns - leeway_ns


def digested_words(*, is_behind: bool, is_compared_behind: bool) -> str:
    """Of a period, and of the time it is compared with."""
    if is_behind:
        return " so far; part of this time is still to be read"
    return " so far; part of that is still to be read" if is_compared_behind else ""


def can_compare(against: str, length_ns: int) -> bool:
    """A window longer than the shift would overlap itself."""
    return SHIFTS_NS.get(against, length_ns) >= length_ns


def too_long_for(against: str) -> str:
    """`This time is longer than a day`: why it is not compared with yesterday."""
    return f"This time is longer than {_SHIFT_WORDS[against]}"


def last_words(length_ns: int) -> str:
    """`the last 10 minutes`."""
    return f"the last {_length_words(length_ns)}"


def _length_words(length_ns: int) -> str:
    """`hour`, `3 hours`, `7 days`, `90 minutes`."""
    minutes = max(1, round(length_ns / MINUTE_NS))
    for size, word in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0 and (word != "day" or minutes > 1_440):
            count = minutes // size
            return word if count == 1 else f"{count}\u00a0{word}s"
    raise AssertionError("minutes take everything")


def chosen_period(preset: str, start_ns: int | None, end_ns: int | None, against: str, now_ns: int) -> Period:
    """The period that an address asks for; "" is what nobody said. Where it cannot be compared with what was asked for
    it is with the time before: whoever asks tells that. Raises ValueError, in words for people, when it ends before it
    starts or is longer than anything kept."""
    if preset not in PRESETS and (start_ns, end_ns) == (None, None):
        preset = BROWSING
    if preset in PRESETS:
        label, seconds = PRESETS[preset]
        start_ns, end_ns = max(0, now_ns - seconds * 1_000_000_000), now_ns
    else:
        preset, label = CUSTOM, "Between"
        end_ns = now_ns if end_ns is None else end_ns
        start_ns = max(0, end_ns - PRESETS[BROWSING][1] * 1_000_000_000) if start_ns is None else start_ns
    if end_ns <= start_ns:
        raise ValueError("The end is not after the start.")
    if end_ns - start_ns > most_ns():
        raise ValueError(f"This is longer than the {DAY.kept_days} days that figures are kept.")
    window = readable_window(start_ns, end_ns, now_ns)
    against = against if against in SHIFTS_NS and can_compare(against, end_ns - start_ns) else BEFORE
    compared = window.moved(-SHIFTS_NS[against]) if against in SHIFTS_NS else window.before()
    return Period(preset, label, start_ns, end_ns, window, against, readable_window(*compared, now_ns), now_ns)


def given_period(before: Window, after: Window, now_ns: int) -> Period:
    """Two windows that were given as such: neither has a name, and they need not be of one length."""
    return Period(CUSTOM, "Between", *after, after, "", before, now_ns)


def readable_window(start_ns: int, end_ns: int, now_ns: int) -> Window:
    """[start, end) rounded outwards to edges that the rollups still can tell apart."""
    return Window(
        window_over(start_ns, start_ns, bucket_ns(now_ns - start_ns)).start_ns,
        window_over(end_ns, end_ns, bucket_ns(now_ns - end_ns)).end_ns,
    )


def bucket_ns(age_ns: int) -> int:
    """The length of the buckets that are sure to be kept of a time so long ago."""
    for level in LEVELS:
        # A little before the end of what is kept: a page's two windows are read one after the other.
        if age_ns < level.kept_days * DAY_NS - HOUR_NS:
            return level.minutes * MINUTE_NS
    return DAY_NS


def most_ns() -> int:
    """The longest window: one of years would only look empty."""
    return DAY.kept_days * DAY_NS
