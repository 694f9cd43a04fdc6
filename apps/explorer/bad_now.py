"""The line over every page of figures that says which service is bad right now, however long a time it shows."""

from __future__ import annotations

from collections.abc import Sequence

from apps.explorer.period import PeriodForm
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.insights.bad_now import BadNow, BadService
from apps.insights.period import last_words
from apps.traces.durations import format_count, format_duration_ns, format_percent
from apps.traces.error_words import one_line
from apps.traces.why.words import STRONG, WHERE, Word, Words

NAMED, MAX_NAME = 3, 60
"""Of further services; characters of a name."""


def bad_now_said(found: BadNow, form: PeriodForm) -> tuple[Said, ...]:
    """`payment: in the last 3 minutes 38 % of its calls failed instead of 0.3 % in the day before. Bad too: stock
    (slow). What leads to one of them is bad too: order, gateway.`; () where nothing is bad."""
    if not found.services:
        return ()
    (first, *others), waiting = found.causes, found.waiting
    words = [*_named([first]), Word(": "), *_how(first, found)]
    if others:
        words += [Word(" Bad too: "), *_named(others, is_told=True), Word(".")]
    if waiting:
        words += [Word(f" What leads to {'one of them' if others else 'it'} is bad too: "), *_named(waiting), Word(".")]
    return said(tuple(words), lambda service: service_link(form, service))


def _how(one: BadService, found: BadNow) -> Words:
    shares = [share for share in (one.errors, one.slow) if share]
    before = "in the day before" if found.is_whole_day else "before that"
    words: list[Word] = []
    for at, share in enumerate(shares):
        is_alike = at > 0 and share.within_ns == shares[0].within_ns
        when = "" if is_alike else f"in {last_words(share.within_ns)} "
        of = "of its calls " if at == 0 else ""
        what = "failed" if share.over_ns is None else f"took {format_duration_ns(share.over_ns)} or longer"
        usual = f" instead of {format_percent(share.before)}{'' if at else f' {before}'}"
        joint = ", and " if at else ""
        words += [Word(f"{joint}{when}"), Word(f"{format_percent(share.now)} {of}{what}", STRONG), Word(usual)]
    return (*words, Word("."))


def _briefly(one: BadService) -> str:
    return f"{format_percent(one.errors.now)} failed" if one.errors else "slow"


def _named(services: Sequence[BadService], *, is_told: bool = False) -> Words:
    """`is_told`: with what is bad of each."""
    words: list[Word] = []
    for one in services[:NAMED]:
        words += [Word(", ")] if words else []
        words.append(Word(one_line(one.name, MAX_NAME), WHERE, one.name))
        words += [Word(f" ({_briefly(one)})")] if is_told else []
    more = len(services) - NAMED
    return (*words, Word(f" and {format_count(more)} more")) if more > 0 else tuple(words)
