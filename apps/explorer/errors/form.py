"""The query string of `/errors`."""

from __future__ import annotations

import re

from django import forms

from apps.explorer.period import PeriodForm, choice_field

PATH = "/errors"
USUAL_SORT = "news"
SORTS = (USUAL_SORT, "count", "last", "first")


class ErrorsForm(PeriodForm):
    service = forms.CharField(required=False, max_length=1_200, strip=False)
    q = forms.CharField(required=False, max_length=200)
    sort = choice_field(SORTS)
    group = forms.RegexField(
        re.compile(r"\A[0-9a-f]{32}\Z"), required=False, error_messages={"invalid": "This is no group of errors."}
    )
    all = choice_field(("1",))

    @property
    def sort_by(self) -> str:
        return self.params.get("sort") if self.params.get("sort") in SORTS else USUAL_SORT
