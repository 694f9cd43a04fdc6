"""The sentence of `/errors`: what is new or comes more often, when it came last, and how much of it people felt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.change import against_in, times_text
from apps.explorer.errors.form import ErrorsForm
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.insights.change import MORE, NEW
from apps.insights.error_groups import BACK, ErrorGroup, ErrorGroups
from apps.traces.durations import counted, format_count, format_percent, n_times
from apps.traces.error_words import one_line
from apps.traces.moments import ago_text
from apps.traces.status_words import error_named
from apps.traces.why.words import STRONG, WHERE, Word, Words

MAX_ERROR = 120


@dataclass(frozen=True, slots=True)
class ErrorsSaid:
    word: str
    """`new`, `back`, `more`, `same`, `none`; `one` that is opened and none of the first three."""
    words: tuple[Said, ...]
    felt: str
    """`Of all 812 traces 12 % had an error, 3 % failed as a whole.`, "" without traces."""


def errors_said(found: ErrorGroups, listed: Sequence[ErrorGroup], form: ErrorsForm) -> ErrorsSaid:
    """`listed`: those that fit what was asked for."""
    opened = [group for group in listed if group.id == form.params.get("group") and group.after.samples]
    word, telling = _opened(opened[0]) if opened else _telling([group for group in listed if group.after.samples])
    words = _words(word, telling, form)
    return ErrorsSaid(word, said(words, lambda service: service_link(form, service)), _felt(found))


def _opened(group: ErrorGroup) -> tuple[str, list[ErrorGroup]]:
    """The sentence of one that somebody opened is about that one."""
    return group.word if group.word in (NEW, MORE, BACK) else "one", [group]


def _telling(groups: Sequence[ErrorGroup]) -> tuple[str, list[ErrorGroup]]:
    """What is worth the sentence, and the groups it is about, the most frequent first."""
    by_count = sorted(groups, key=lambda group: -group.after.samples)
    for word in (NEW, MORE, BACK):
        found = [group for group in by_count if group.word == word]
        if found:
            return word, found
    return ("same", by_count) if by_count else ("none", [])


def _words(word: str, telling: Sequence[ErrorGroup], form: ErrorsForm) -> Words:
    if not telling:
        sought = " among those looked for" if form.params.get("q") or form.params.get("service") else ""
        return Word("No errors", STRONG), Word(f" in this time{sought}.")
    first, more = telling[0], len(telling) - 1
    what = Word(one_line(error_named(first.key.exception_type, first.key.message), MAX_ERROR), STRONG)
    where, times = Word(first.key.service, WHERE, first.key.service), n_times(round(first.after.calls))
    newest_ns = max((example.start_ns for example in first.after.examples), default=first.last_seen_ns)
    last = f", {'last ' if first.after.samples > 1 else ''}{ago_text(min(newest_ns, form.now_ns), form.now_ns)}"
    others = f"; {format_count(more)} more {'is' if more == 1 else 'are'} {word}." if more else "."
    if word in (NEW, BACK):
        came = Word(f"{times}{last}", STRONG)
        return what, Word(f" is {word} in "), where, Word(", where it came "), came, Word(others)
    if word == MORE:
        when = against_in(form.period.against_label)
        others = f"; {format_count(more)} more came more often." if more else "."
        often = f"{times_text(first.change)} as often"
        return (
            what, Word(" in "), where, Word(f" came {times}, "), Word(often, STRONG), Word(f" as {when}"),
            Word(last, STRONG), Word(others),
        )  # fmt: skip
    if word == "one":
        return what, Word(" in "), where, Word(" came "), Word(f"{times}{last}", STRONG), Word(".")
    return Word("Nothing is new", STRONG), Word(": "), what, Word(" in "), where, Word(f" came most, {times}{last}.")


def _felt(found: ErrorGroups) -> str:
    if not found.traces:
        return ""
    shares = f"{format_percent(found.with_error / found.traces)} had an error"
    if found.failed is not None:
        shares += f", {format_percent(found.failed / found.traces)} failed as a whole"
    return f"Of all {counted(found.traces, 'trace')} {shares}."
