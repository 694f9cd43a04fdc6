"""From the query string to typed values: everything a search can be asked, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property

from django import forms

from apps.traces.durations import parse_duration_ns
from apps.traces.id_words import id_words
from apps.traces.known_words import KINDS, Condition
from apps.traces.logfmt import parse_logfmt
from apps.traces.model import STATUSES
from apps.traces.moments import parse_instant_ns, zone_named
from apps.traces.paste import Recognised
from apps.traces.query import TraceQuery
from apps.traces.query_string import Pairs, box_conditions, box_pairs, query_of, read_box, too_many
from apps.traces.search_window import (
    ALL,
    BROWSING,
    CUSTOM,
    PRESETS,
    Window,
    chosen_window,
    preset_window,
)

MAX_TEXT = 16_384
"""Characters of a pasted log line; a request line of that length still passes the web server."""

ORDER = (
    "q", "as", "service", "name", "kind", "status", "min", "max", "attrs",
    "trace_min", "trace_max", "range", "start", "end", "tz", "form", "live", "cursor",
)  # fmt: skip
"""Names in the address, in the order our links write them."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When and where a search is asked."""

    now_ns: int
    zone: tzinfo
    retention_days: int


class DurationField(forms.CharField):
    """`300ms` -> nanoseconds, None when empty."""

    def clean(self, value: object) -> int | None:
        text = super().clean(value)
        try:
            return parse_duration_ns(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class PairsField(forms.CharField):
    """logfmt -> ((key, text), …); a bare value has the key ""."""

    def clean(self, value: object) -> Pairs:
        text = super().clean(value)
        try:
            return tuple(dict.fromkeys(parse_logfmt(text)))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class MomentField(forms.CharField):
    """A date and time in the search's zone, or one counted from now (`-1h`) -> epoch nanoseconds, None when empty."""

    zone: tzinfo
    now_ns: int

    def clean(self, value: object) -> int | None:
        text = super().clean(value)
        try:
            return parse_instant_ns(text, self.zone, self.now_ns) if text else None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class ZoneField(forms.CharField):
    """An IANA name -> tzinfo, None when empty."""

    def clean(self, value: object) -> tzinfo | None:
        text = super().clean(value)
        zone = zone_named(text) if text else None
        if text and zone is None:
            raise forms.ValidationError("This is not a time zone. Write a name such as Europe/Prague, or UTC.")
        return zone


def _text(**options) -> forms.CharField:
    return forms.CharField(required=False, max_length=MAX_TEXT, **options)


def _choice(names) -> forms.ChoiceField:
    return forms.ChoiceField(
        required=False, choices=[("", "")] + [(name, name) for name in names],
        error_messages={"invalid_choice": "There is no %(value)s here. Choose one of: " + ", ".join(names) + "."},
    )  # fmt: skip


class SearchForm(forms.Form):
    """`SearchForm(request.GET, clock=…)`. When valid, `window` and `trace_query()` are to be had."""

    q = _text()
    service = _text(strip=False)
    name = _text(strip=False)
    kind = _choice(KINDS)
    status = _choice(STATUSES)
    min = DurationField(required=False)
    max = DurationField(required=False)
    attrs = PairsField(required=False, max_length=MAX_TEXT)
    trace_min = DurationField(required=False)
    trace_max = DurationField(required=False)
    range = _choice([*PRESETS, ALL, CUSTOM])
    start = MomentField(required=False)
    end = MomentField(required=False)
    tz = ZoneField(required=False)
    cursor = _text()

    def __init__(self, data, *, clock: Clock):
        said = {name: data[name] for name in ORDER if data.get(name, "") != ""}
        if said.get("range") in (*PRESETS, ALL):
            # The form always has two ends to show; they mean something only when no preset is chosen.
            said = {name: value for name, value in said.items() if name not in ("start", "end")}
        super().__init__(said)
        self.zone = zone_named(data.get("tz", "")) or clock.zone
        self.clock = Clock(clock.now_ns, self.zone, clock.retention_days)
        for field in (self.fields["start"], self.fields["end"]):
            field.zone, field.now_ns = self.zone, clock.now_ns

    @property
    def params(self) -> dict[str, str]:
        """What the address said, without the empty: what links are made of."""
        return dict(self.data)

    @property
    def as_text(self) -> bool:
        """The box's text is a value to look for, whatever it looks like."""
        return self.data.get("as") == "text"

    @cached_property
    def recognised(self) -> Recognised:
        """What the box was understood to say."""
        return read_box(self.data.get("q", ""), as_text=self.as_text)

    @property
    def pairs(self) -> Pairs:
        """The box as predicates: (attribute key, text), key "" for a bare value."""
        return box_pairs(self.recognised)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The box's predicates with what each means."""
        return box_conditions(self.recognised)

    @property
    def id_words(self) -> tuple[str, ...]:
        """What in the box may be meant by itself: words like IDs, when there is more than that one word."""
        text = self.data.get("q", "").strip()
        return tuple(word for word in id_words(text) if word != text)

    def clean(self) -> dict:
        cleaned = super().clean()
        for low, high in (("min", "max"), ("trace_min", "trace_max")):
            if None not in (cleaned.get(low), cleaned.get(high)) and cleaned[low] > cleaned[high]:
                self.add_error(high, "The maximum is shorter than the minimum.")
        if not {"range", "start", "end"} & set(self.errors):
            self._clean_window(cleaned)
        if "q" not in self.errors:
            for name, said in too_many(self.recognised, cleaned.get("attrs") or ()).items():
                self.add_error(name, said)
        return cleaned

    def _clean_window(self, cleaned: dict) -> None:
        try:
            self.window = chosen_window(
                cleaned["range"], cleaned["start"], cleaned["end"], is_for_text=bool(cleaned.get("q")),
                now_ns=self.clock.now_ns, retention_days=self.clock.retention_days,
            )  # fmt: skip
        except ValueError as error:
            self.add_error("end", str(error))

    def trace_query(self, limit: int) -> TraceQuery:
        """The search for all of it. Only when valid."""
        return query_of(self.cleaned_data, self.window, self.recognised, limit)

    def window_or_default(self) -> Window:
        """The window, or the usual one when the address named none that can be read."""
        return getattr(self, "window", None) or preset_window(BROWSING, self.clock.now_ns, self.clock.retention_days)
