"""The query string of `/why`: whose traces, which two windows, which figure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django import forms

from apps.explorer.period import PeriodForm, choice_field
from apps.explorer.search.form import DurationField, MomentField
from apps.insights.why.ask import NAME_ALONE, WHOLE, Ask, Selection, ask_of, room_of, searched
from apps.traces.query import TraceQuery
from apps.traces.query_string import BadQuery
from apps.traces.why.judge import LOOKS

PATH = "/why"
USUAL_LOOK = "p95"
LINES, HEAT = CHARTS = ("lines", "heat")
SELECTING = ("sel_start", "sel_end", "sel_min", "sel_max")
MAX_NAME = 1_200


class SplitField(MomentField):
    """A moment -> epoch ns, `none` -> WHOLE, nothing -> None."""

    def clean(self, value: object) -> int | str | None:
        return WHOLE if value == WHOLE else super().clean(value)


class SearchedField(forms.CharField):
    """A query string -> TraceQuery, None when empty. Its range is not looked at."""

    def clean(self, value: object) -> TraceQuery | None:
        text = super().clean(value)
        try:
            return searched(text) if text else None
        except BadQuery as error:
            raise forms.ValidationError([f"{name}: {said}" for name, said in error.fields.items()]) from error


class WhyForm(PeriodForm):
    service = forms.CharField(required=False, max_length=MAX_NAME, strip=False)
    name = forms.CharField(required=False, max_length=MAX_NAME, strip=False)
    look = choice_field(LOOKS)
    split = SplitField(required=False)
    sel_start = MomentField(required=False)
    sel_end = MomentField(required=False)
    sel_min = DurationField(required=False)
    sel_max = DurationField(required=False)
    """A selection of traces, by start and duration; any of the four makes one."""
    chart = choice_field(CHARTS)
    search = SearchedField(required=False, max_length=16_384)
    """A search page's query string: its traces are asked about, whatever their root span names."""
    root = forms.CharField(required=False, max_length=4 * MAX_NAME)
    """`service` and `name` together, as one field of a form without scripts gives them: a query string."""

    def __init__(self, data, **options):
        super().__init__(data, **options)
        for name in ("split", "sel_start", "sel_end"):
            self.fields[name].zone, self.fields[name].now_ns = self.zone, self.now_ns

    def clean(self) -> dict:
        cleaned = super().clean()
        try:
            ask_of(self.period, "", "", "", cleaned.get("split"))
        except ValueError as error:
            self.add_error("split", str(error))
        if cleaned.get("name") and not any(cleaned.get(name) for name in ("service", "search", "root")):
            self.add_error("name", NAME_ALONE)
        for low, high in (("sel_start", "sel_end"), ("sel_min", "sel_max")):
            if None not in (cleaned.get(low), cleaned.get(high)) and cleaned[low] >= cleaned[high]:
                self.add_error(high, "The selection ends before it starts.")
        return cleaned

    @property
    def selection(self) -> Selection | None:
        """Of a valid form."""
        start, end, least, most = (self.cleaned_data.get(name) for name in SELECTING)
        if (start, end, least, most) == (None, None, None, None):
            return None
        room = room_of(self.period)
        start = room.start_ns if start is None else start
        return Selection(start, room.end_ns if end is None else end, least or 0, most)

    @property
    def is_heat(self) -> bool:
        """A selection is seen on the heat map."""
        return self.params.get("chart") == HEAT or any(self.params.get(name) for name in SELECTING)

    @property
    def root_link(self) -> str:
        """Where a chosen `root` leads; "" when none was."""
        if not self.params.get("root"):
            return ""
        chosen = dict(parse_qsl(self.params["root"]))
        return self.link(PATH, root=None, service=chosen.get("service"), name=chosen.get("name"),
                         split=None, search=None)  # fmt: skip

    @property
    def look_at(self) -> str:
        return self.params.get("look") if self.params.get("look") in LOOKS else USUAL_LOOK

    def ask(self) -> Ask:
        """Of a valid form with a service."""
        names = self.params.get("service", ""), self.params.get("name", "")
        return ask_of(self.period, *names, self.look_at, self.cleaned_data.get("split"), self.selection, self.query)

    @property
    def query(self) -> TraceQuery | None:
        return self.cleaned_data.get("search")

    @property
    def is_asked(self) -> bool:
        """Of a valid form: it says whose traces."""
        return bool(self.params.get("service") or self.query)


def root_value(service: str, name: str) -> str:
    return urlencode({"service": service, "name": name})
