"""The query strings of the services' pages."""

from __future__ import annotations

from django import forms

from apps.explorer.period import PeriodForm, choice_field
from apps.insights.period import BEFORE, YESTERDAY, chosen_period
from apps.insights.service_lines import SORTS
from apps.traces.known_words import KINDS

MAX_FILTER = 200


class ServicesForm(PeriodForm):
    """`/services`."""

    q = forms.CharField(required=False, max_length=MAX_FILTER)
    sort = choice_field(SORTS)
    all = choice_field(("1",))

    @property
    def sort_by(self) -> str:
        return self.params.get("sort", "") if self.params.get("sort") in SORTS else next(iter(SORTS))


class ServiceForm(PeriodForm):
    """`/services/<name>`."""

    kind = choice_field(KINDS)

    @property
    def kind_or_none(self) -> str | None:
        return self.params.get("kind") if self.params.get("kind") in KINDS else None


class SlowForm(PeriodForm):
    """`/slow`: against yesterday, for a day has its rush hours; on the first day against the time before."""

    usual_against = YESTERDAY
    fell_back = False

    service = forms.CharField(required=False, max_length=1_200, strip=False)
    kind = choice_field(KINDS)

    @property
    def kind_or_none(self) -> str | None:
        return self.params.get("kind") if self.params.get("kind") in KINDS else None

    def fall_back(self) -> None:
        """To the time before, when nobody said what to compare with and nothing is known of yesterday."""
        period = self.period
        self.usual_against, self.fell_back = BEFORE, True
        self.period = chosen_period(period.preset, period.start_ns, period.end_ns, BEFORE, self.now_ns)
