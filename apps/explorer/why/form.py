"""The query string of `/why`: whose traces, which two windows, which figure."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django import forms

from apps.explorer.period import PeriodForm, choice_field
from apps.explorer.search.form import MomentField
from apps.insights.why.ask import WHOLE, Ask, ask_of
from apps.traces.why.judge import LOOKS

PATH = "/why"
USUAL_LOOK = "p95"
MAX_NAME = 1_200


class SplitField(MomentField):
    """A moment -> epoch ns, `none` -> WHOLE, nothing -> None."""

    def clean(self, value: object) -> int | str | None:
        return WHOLE if value == WHOLE else super().clean(value)


class WhyForm(PeriodForm):
    service = forms.CharField(required=False, max_length=MAX_NAME, strip=False)
    name = forms.CharField(required=False, max_length=MAX_NAME, strip=False)
    look = choice_field(LOOKS)
    split = SplitField(required=False)
    root = forms.CharField(required=False, max_length=4 * MAX_NAME)
    """`service` and `name` together, as one field of a form without scripts gives them: a query string."""

    def __init__(self, data, **options):
        super().__init__(data, **options)
        self.fields["split"].zone = self.zone

    def clean(self) -> dict:
        cleaned = super().clean()
        try:
            ask_of(self.period, "", "", "", cleaned.get("split"))
        except ValueError as error:
            self.add_error("split", str(error))
        return cleaned

    @property
    def root_link(self) -> str:
        """Where a chosen `root` leads; "" when none was."""
        if not self.params.get("root"):
            return ""
        chosen = dict(parse_qsl(self.params["root"]))
        return self.link(PATH, root=None, service=chosen.get("service"), name=chosen.get("name"), split=None)

    @property
    def look_at(self) -> str:
        return self.params.get("look") if self.params.get("look") in LOOKS else USUAL_LOOK

    def ask(self) -> Ask:
        """Of a valid form with a service."""
        names = self.params.get("service", ""), self.params.get("name", "")
        return ask_of(self.period, *names, self.look_at, self.cleaned_data.get("split"))


def root_value(service: str, name: str) -> str:
    return urlencode({"service": service, "name": name})
