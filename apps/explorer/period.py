"""The period picker of every page of figures: its form, its links, and what its template draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from urllib.parse import urlencode

from django import forms

from apps.explorer.search.form import MomentField, ZoneField
from apps.insights.period import (
    AGAINST,
    BEFORE,
    LAST_WEEK,
    OFFERED,
    PRESETS,
    SHIFTS_NS,
    YESTERDAY,
    chosen_period,
    too_long_for,
)
from apps.traces.moments import MINUTE_NS, field_text, is_from_now, utc_text, zone_named
from apps.traces.search_window import CUSTOM

PERIOD_FIELDS = ("range", "start", "end", "against", "tz")
TYPED = ("range", "start", "end", "tz")
"""What the form of a stretch sends itself."""
AGAINST_WORDS = {
    BEFORE: "the time before", YESTERDAY: "yesterday, same time", LAST_WEEK: "last week, same time",
}  # fmt: skip
SHORT_WORDS = {YESTERDAY: "yesterday", LAST_WEEK: "last week"}


def choice_field(names) -> forms.ChoiceField:
    """One of `names`, or nothing; the message lists them."""
    return forms.ChoiceField(
        required=False, choices=[("", "")] + [(name, name) for name in names],
        error_messages={"invalid_choice": "There is no %(value)s here. Choose one of: " + ", ".join(names) + "."},
    )  # fmt: skip


class PeriodForm(forms.Form):
    """`PeriodForm(request.GET, now_ns=…, zone=…)`; pages add their own fields. `period` is there when valid, and is
    the usual one when not."""

    range = choice_field([*PRESETS, CUSTOM])
    start = MomentField(required=False)
    end = MomentField(required=False)
    against = choice_field(AGAINST)
    tz = ZoneField(required=False)

    usual_range = ""
    usual_against = BEFORE
    """Other defaults than the usual ones, by name."""

    def __init__(self, data, *, now_ns: int, zone: tzinfo):
        said = {name: data[name] for name in self.base_fields if data.get(name, "") != ""}
        if said.get("range") in PRESETS:
            said = {name: value for name, value in said.items() if name not in ("start", "end")}
        super().__init__(said)
        self.now_ns = now_ns
        self.zone = zone_named(data.get("tz", "")) or zone
        for field in (self.fields["start"], self.fields["end"]):
            field.zone, field.now_ns = self.zone, now_ns
        self.period = chosen_period(self.usual_range, None, None, self.usual_against, now_ns)

    @property
    def params(self) -> dict[str, str]:
        """What the address said, without the empty: what links are made of."""
        return dict(self.data)

    def clean(self) -> dict:
        cleaned = super().clean()
        if not set(PERIOD_FIELDS) & set(self.errors):
            ends = cleaned["start"], cleaned["end"]
            preset = cleaned["range"] or ("" if any(end is not None for end in ends) else self.usual_range)
            try:
                self.period = chosen_period(preset, *ends, cleaned["against"] or self.usual_against, self.now_ns)
            except ValueError as error:
                self.add_error("end", str(error))
        return cleaned

    @property
    def not_against(self) -> str:
        """`This time is longer than a day: …`, where the address asked for another comparison than is made."""
        period, asked = self.period, self.params.get("against", "")
        if self.errors or asked in ("", period.against):
            return ""
        return f"{too_long_for(asked)}: compared with {period.against_label}, not with {SHORT_WORDS[asked]}."

    def link(self, path: str, **changes: str | None) -> str:
        """The address of the same page with `changes`; None or "" removes."""
        return link_with(path, {**self.params, **changes})

    def period_params(self) -> dict[str, str]:
        """Those of the period alone: what links to other pages of figures carry along."""
        return {name: value for name, value in self.params.items() if name in PERIOD_FIELDS}

    def fixed_params(self) -> dict[str, str]:
        """The period with its ends written out in UTC, as searches and colleagues need it."""
        return custom_range(*self.period.asked_window)


def custom_range(start_ns: int, end_ns: int) -> dict[str, str]:
    """What an address says for [start_ns, end_ns), written out in UTC."""
    return {"range": CUSTOM, "start": utc_text(start_ns), "end": utc_text(end_ns)}


def link_with(path: str, params: dict[str, str | None]) -> str:
    pairs = [(name, value) for name, value in params.items() if value]
    return f"{path}?{urlencode(pairs)}" if pairs else path


@dataclass(frozen=True, slots=True)
class Choice:
    words: str
    link: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class PeriodPicker:
    """What `parts/period.html` draws."""

    path: str
    label: str
    detail: str
    is_relative: bool
    presets: tuple[Choice, ...]
    against: str
    againsts: tuple[Choice, ...]
    not_against: str
    """Why it is not compared with what was asked for, "" where it is."""
    start: str
    end: str
    is_readable: bool
    """The two ends are dates and times that a picker can show."""
    zone: str
    zones: tuple[Choice, ...]
    hidden: tuple[tuple[str, str], ...]
    errors: tuple[str, ...]


def period_picker(form: PeriodForm, path: str, viewer_zone: tzinfo) -> PeriodPicker:
    """The picker of a form, valid or not, on the page at `path`."""
    period, zone = form.period, form.zone
    bad = [name for name in PERIOD_FIELDS if name in form.errors]
    typed = bool({"start", "end"} & set(bad))
    return PeriodPicker(
        path=path,
        label=period.label,
        detail=period.detail(zone),
        is_relative=period.is_relative,
        presets=tuple(_preset(form, path, name) for name in OFFERED),
        against=period.against_label,
        againsts=tuple(_against(form, path, name) for name in _comparisons(form)),
        not_against=form.not_against,
        start=form.data.get("start", "") if typed else field_text(period.start_ns, zone),
        end=form.data.get("end", "") if typed else field_text(period.end_ns, zone),
        is_readable=not typed,
        zone=_zone_name(zone),
        zones=_zones(form, path, viewer_zone),
        hidden=tuple((name, value) for name, value in form.params.items() if name not in TYPED),
        errors=tuple(error for name in bad for error in form.errors[name]),
    )  # fmt: skip


def other_comparisons(form: PeriodForm, path: str, empty: Iterable[str] = ()) -> tuple[Choice, ...]:
    """The same page against each other time that its period can be compared with, but those that are known to be
    empty: of `empty`, and before the first trace."""
    period = form.period
    first_ns, length_ns = period.began_ns or 0, period.end_ns - period.start_ns
    return tuple(
        _against(form, path, name)
        for name in _comparisons(form)
        if name not in (period.against, *empty) and period.end_ns - SHIFTS_NS.get(name, length_ns) > first_ns
    )


def _comparisons(form: PeriodForm) -> tuple[str, ...]:
    """What its period can be compared with, each time once: the 24 hours before are yesterday. Of two names for one
    time it is the one in use."""
    period, names = form.period, {}
    for name in (period.against, *period.comparable):
        names.setdefault(SHIFTS_NS.get(name, period.end_ns - period.start_ns) // MINUTE_NS, name)
    return tuple(name for name in period.comparable if name in names.values())


def longer_periods(form: PeriodForm, path: str) -> tuple[Choice, ...]:
    """The same page over each longer time up to now that pages offer."""
    length_ns = form.period.end_ns - form.period.start_ns
    return tuple(_preset(form, path, name) for name in OFFERED if PRESETS[name][1] * 10**9 > length_ns)


def _preset(form: PeriodForm, path: str, name: str) -> Choice:
    link = form.link(path, range=name, start=None, end=None)
    return Choice(PRESETS[name][0], link, form.period.preset == name)


def _against(form: PeriodForm, path: str, name: str) -> Choice:
    words = f"the {form.period.length_words} before" if name == BEFORE else AGAINST_WORDS[name]
    return Choice(
        words, form.link(path, against=None if name == form.usual_against else name), form.period.against == name
    )


def _zones(form: PeriodForm, path: str, viewer_zone: tzinfo) -> tuple[Choice, ...]:
    current = _zone_name(form.zone)
    names = dict.fromkeys((_zone_name(viewer_zone), "UTC", current))
    # Ends written without a zone would move with it, those counted from now do not.
    said = [name for name, text in form.params.items() if name in ("start", "end") and not is_from_now(text)]
    ends = {} if form.period.is_relative else form.fixed_params()
    fixed = {name: at for name, at in ends.items() if name in said}
    return tuple(Choice(name, form.link(path, **fixed, tz=name), name == current) for name in names)


def _zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", "UTC")
