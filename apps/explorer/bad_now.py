"""The line over every page of figures that says which service is bad right now, however long a time it shows, and the
pages that answer why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.change import format_rate
from apps.explorer.period import PeriodForm, link_with
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.insights.bad_calls import BadCalls
from apps.insights.bad_now import BadNow, BadService
from apps.insights.bad_shares import Share
from apps.insights.bad_since import LOOKED_AT_NS
from apps.insights.period import OFFERED, PRESETS, last_words
from apps.insights.silence import Silent
from apps.traces.durations import format_count, format_duration_ns, format_percent, format_times
from apps.traces.error_words import one_line
from apps.traces.moments import minute_text, rough_text
from apps.traces.why.words import STRONG, WHERE, Word, Words

NAMED, NAMED_CALLS, MAX_NAME = 3, 2, 60
"""Of further services, and of what the first calls; characters of a name."""
ROOM = 1.25
"""So many times as long as the bad stretch is the time that is asked why, for its beginning to be seen in it."""


@dataclass(frozen=True, slots=True)
class Next:
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class BadNowLine:
    words: tuple[Said, ...]
    nexts: tuple[Next, ...]
    """Pages about the first service, over a time in which it got bad."""


def bad_now_line(found: BadNow, form: PeriodForm) -> BadNowLine | None:
    """`payment since 14:05: in the last 3 minutes 38 % of its calls failed instead of 0.3 % in the day before. Its
    calls of bank-api: 80 % failed instead of 1 %. Bad too: stock (slow). What leads to one of them is bad too: order,
    gateway.`; None where nothing is bad."""
    if not found.services:
        return None
    (first, *others), waiting = found.causes, found.waiting
    words = [*_named([first]), *_since(first, form), Word(": "), *_how(first, found), *_calls(found.calls)]
    if others:
        words += [Word(" Bad too: "), *_named(others, is_told=True), Word(".")]
    if waiting:
        words += [Word(f" What leads to {'one of them' if others else 'it'} is bad too: "), *_named(waiting), Word(".")]
    return BadNowLine(said(tuple(words), lambda service: service_link(form, service)), _nexts(first, form))


def silent_line(found: BadNow, form: PeriodForm) -> tuple[Said, ...]:
    """`checkout since 14:12: no calls came, 120 a minute in the hour before. Silent too: mail. What it calls is silent
    too: cart, order.`, or that nothing comes at all; () where no service fell silent."""
    if found.nothing:
        since = minute_text(found.nothing.since_ns, form.now_ns, form.zone)
        rate = format_rate(found.nothing.a_minute)
        words = [
            Word(f"Nothing came in since {since}", STRONG), Word(f", {rate} traces a minute did in the hour before."),
        ]  # fmt: skip
        return said(tuple(words), lambda _: "")
    if not found.silent:
        return ()
    first = found.silent[0]
    others = [one for one in found.silent[1:] if not one.is_called]
    called = [one for one in found.silent[1:] if one.is_called]
    words = [
        *_named([first]), Word(" since "), Word(minute_text(first.since_ns, form.now_ns, form.zone), STRONG),
        Word(f": no calls came, {format_rate(first.a_minute)} a minute in the hour before."),
    ]  # fmt: skip
    words += [Word(" Silent too: "), *_named(others), Word(".")] if others else []
    of = "one of them calls" if others else "it calls"
    words += [Word(f" What {of} is silent too: "), *_named(called), Word(".")] if called else []
    return said(tuple(words), lambda service: service_link(form, service))


def _since(one: BadService, form: PeriodForm) -> Words:
    if one.since_ns is None:
        return Word(" for more than "), Word(rough_text(LOOKED_AT_NS), STRONG)
    return Word(" since "), Word(minute_text(one.since_ns, form.now_ns, form.zone), STRONG)


def _how(one: BadService, found: BadNow) -> Words:
    before = "in the day before" if found.is_whole_day else "before that"
    words: list[Word] = []
    for at, share in enumerate(one.shares):
        is_alike = at > 0 and share.within_ns == one.shares[0].within_ns
        when = "" if is_alike else f"in {last_words(share.within_ns)} "
        of = "of its calls " if at == 0 else ""
        usual = f" instead of {format_percent(share.before)}{'' if at else f' {before}'}"
        joint = ", and " if at else ""
        words += [Word(f"{joint}{when}"), Word(f"{format_percent(share.now)} {of}{_what(share)}", STRONG), Word(usual)]
    return (*words, Word("."))


def _what(share: Share) -> str:
    return "failed" if share.over_ns is None else f"took {format_duration_ns(share.over_ns)} or longer"


def _calls(calls: Sequence[BadCalls]) -> Words:
    """` Its calls of bank-api: 80 % failed instead of 1 %, and they are 3 × as many for each of its own.`"""
    words: list[Word] = []
    for one in calls[:NAMED_CALLS]:
        name = one_line(one.callee.name, MAX_NAME)
        is_service = one.callee.kind == "service"
        named = Word(name, WHERE, one.callee.name) if is_service else Word(name, STRONG)
        words += [Word(" Its calls of "), named, Word(": " if one.share else " are ")]
        if one.share:
            share = one.share
            words += [
                Word(f"{format_percent(share.now)} {_what(share)}", STRONG),
                Word(f" instead of {format_percent(share.before)}"),
            ]
        if one.times:
            words += [Word(", and they are " if one.share else ""), Word(f"{format_times(one.times)} as many", STRONG),
                      Word(" for each of its own")]  # fmt: skip
        words.append(Word("."))
    return tuple(words)


def _briefly(one: BadService) -> str:
    return f"{format_percent(one.errors.now)} failed" if one.errors else "slow"


def _named(services: Sequence[BadService | Silent], *, is_told: bool = False) -> Words:
    """`is_told`: with what is bad of each."""
    words: list[Word] = []
    for one in services[:NAMED]:
        words += [Word(", ")] if words else []
        words.append(Word(one_line(one.name, MAX_NAME), WHERE, one.name))
        words += [Word(f" ({_briefly(one)})")] if is_told else []
    more = len(services) - NAMED
    return (*words, Word(f" and {format_count(more)} more")) if more > 0 else tuple(words)


def _nexts(one: BadService, form: PeriodForm) -> tuple[Next, ...]:
    age_ns = LOOKED_AT_NS if one.since_ns is None else form.now_ns - one.since_ns
    holds = (name for name in OFFERED if PRESETS[name][1] * 10**9 >= age_ns * ROOM)
    asked = {"service": one.name, "range": next(holds), "tz": form.params.get("tz")}
    if one.errors is None:
        return (Next("Why it is slow", link_with("/why", asked)),)
    why = Next("Why it fails", link_with("/why", {**asked, "look": "errors"}))
    return why, Next("Its errors", link_with("/errors", asked))
