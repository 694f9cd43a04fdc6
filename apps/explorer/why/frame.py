"""What stands around the answer: the fields of the question, filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.explorer.period import PeriodForm
from apps.explorer.why.form import PATH, SELECTING, WhyForm, root_value
from apps.insights.why.changed import root_names
from apps.traces.moments import DAY_NS
from apps.traces.why.judge import ERRORS

LOOK_WORDS = {
    "p50": "p50 of the duration", "p95": "p95 of the duration", "p99": "p99 of the duration",
    ERRORS: "traces with an error",
}  # fmt: skip
MOST_CHOICES = 300
"""A longer list is no choice: then one begins at the page of all."""
SEEN_WITHIN_NS = 7 * DAY_NS


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    words: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Frame:
    roots: tuple[Choice, ...]
    looks: tuple[Choice, ...]
    hidden: tuple[tuple[str, str], ...]
    """Of the question's form: the period, and what else it carries along."""
    everything: tuple[tuple[str, str], ...]
    """All of the question but the selection, for the form that makes one."""
    search_link: str
    """Back to the search, "" when none was asked about."""
    all_link: str
    """The page of all root span names, over the same period."""


def frame_of(workspace_id: int, form: WhyForm) -> Frame:
    own = form.params.get("service", ""), form.params.get("name", "")
    names = root_names(workspace_id, form.now_ns - SEEN_WITHIN_NS, MOST_CHOICES)
    if own[0] and own not in names:
        names = (own, *names)
    searched = (Choice("", "what was searched for", True),) if form.query else ()
    roots = searched + tuple(Choice(root_value(*name), " · ".join(filter(None, name)), name == own) for name in names)
    looks = tuple(Choice(look, words, look == form.look_at) for look, words in LOOK_WORDS.items())
    kept = [*PeriodForm.base_fields, "split", "chart", "search", *SELECTING]
    hidden = tuple((name, value) for name, value in form.params.items() if name in kept)
    everything = tuple((name, value) for name, value in form.params.items() if name not in (*SELECTING, "split", "tz"))
    back = f"/?{form.params['search']}" if form.query else ""
    return Frame(
        roots, looks, hidden, everything, back, form.link(PATH, **cleared(form.params, PeriodForm.base_fields))
    )


def cleared(names: Iterable[str], but: Iterable[str]) -> dict[str, None]:
    return {name: None for name in names if name not in but}
