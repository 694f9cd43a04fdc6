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
from apps.insights.period import last_words
from apps.insights.stopped import Stopped
from apps.traces.durations import duration_text, format_count, format_duration_ns, format_percent, format_times
from apps.traces.error_words import one_line
from apps.traces.moments import MINUTE_NS, minute_text, rough_text, utc_text
from apps.traces.why.words import STRONG, WHERE, Word, Words

NAMED, NAMED_CALLS, MAX_NAME = 3, 2, 60
"""Of further services, and of what the first calls; characters of a name."""
NO_NAME = "(no name)"
LONG = "24h"
"""What is asked why about what is bad for longer than is looked at."""


@dataclass(frozen=True, slots=True)
class Next:
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class BadNowLine:
    words: tuple[Said, ...]
    nexts: tuple[Next, ...]
    """Pages about the one that is told of, over the time since it is bad."""


def bad_now_line(found: BadNow, form: PeriodForm, about: str = "") -> BadNowLine | None:
    """`payment since 14:05: in the last 3 minutes 38 % of its calls failed instead of 0.3 % in the day before. Its
    calls of bank-api: 80 % failed instead of 1 %. Bad too: stock (slow). Callers of one of them are bad too: order,
    gateway.`; None where nothing is bad. `about`: the service whose page it is; of others that are bad only those are
    told that it waits for."""
    told = next((one for one in found.services if one.name == about), None) if about else next(iter(found.causes), None)
    if told is None:
        return None
    words = [*_named([told]), *_since(told, form), Word(": "), *_how(told, found), *_calls(found.calls)]
    if about:
        below = [one for one in found.causes if one.name in found.leads.get(about, ())]
        words += [Word(" It waits for what is bad: "), *_named(below, is_told=True), Word(".")] if below else []
    else:
        causes, waiting = found.causes[1:], found.waiting
        words += [Word(" Bad too: "), *_named(causes, is_told=True), Word(".")] if causes else []
        callers = "Callers of one of them" if causes else "Its callers"
        words += [Word(f" {callers} are bad too: "), *_named(waiting), Word(".")] if waiting else []
    bad = {one.name: one for one in found.services if one is not told}

    def link_of(service: str) -> str:
        """To the page of the one that is told of, and to why each of the others is bad."""
        return _why(bad[service], form) if service in bad else service_link(form, service)

    return BadNowLine(said(tuple(words), link_of), _nexts(told, form))


def stopped_line(found: BadNow, form: PeriodForm, about: str = "") -> tuple[Said, ...]:
    """`of checkout since 14:12, 120 a minute before that. None of these either: mail. Nor of what one of
    them calls: cart, order.`, or that nothing comes at all; () where no service stopped."""
    stopped = [one for one in found.stopped if about in ("", one.name)]
    if not stopped:
        return ()
    first, *others = stopped
    since = minute_text(first.since_ns, form.now_ns, form.zone)
    if found.is_nothing and not about:
        latest = minute_text(max(one.since_ns for one in stopped), form.now_ns, form.zone)
        words = [Word("of any service", STRONG), Word(" since "), Word(latest, STRONG), Word(".")]
        return said(tuple(words), lambda _: "")
    led_to = [one for one in others if one.is_led_to]
    others = [one for one in others if not one.is_led_to]
    words = [
        Word("of "), *_named([first]), Word(" since "), Word(since, STRONG),
        Word(f", {format_rate(first.calls_a_minute)} a minute before that."),
    ]  # fmt: skip
    words += [Word(" None of these either: "), *_named(others), Word(".")] if others else []
    of = "one of them" if others else "it"
    words += [Word(f" Nor of what {of} calls: "), *_named(led_to), Word(".")] if led_to else []
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
        words += [Word(f"{joint}{when}"), Word(f"{format_percent(share.now)} {of}{_what(share)}", STRONG)]
        words.append(Word(usual))
    return (*words, Word("."))


def _what(share: Share) -> str:
    """`failed`, `were slow (98.7 ms or more, typically 1.23 s)`."""
    if share.over_ns is None:
        return "failed"
    return f"were slow ({format_duration_ns(share.over_ns)} or more, typically {duration_text(share.typical_ns)})"


def _calls(calls: Sequence[BadCalls]) -> Words:
    """` Its calls of bank-api: 80 % failed instead of 1 %, and it makes 3 × as many per request.`, ` It calls bank-api
    3 × as often per request.`"""
    words: list[Word] = []
    for one in calls[:NAMED_CALLS]:
        name = one_line(one.callee.name, MAX_NAME) or NO_NAME
        is_service = one.callee.kind == "service"
        named = Word(name, WHERE, one.callee.name) if is_service else Word(name, STRONG)
        words += [Word(" Its calls of " if one.share else " It calls "), named, Word(": " if one.share else " ")]
        if one.share:
            share = one.share
            words += [
                Word(f"{format_percent(share.now)} {_what(share)}", STRONG),
                Word(f" instead of {format_percent(share.before)}"),
            ]
        if one.times:
            many = "as many" if one.share else "as often"
            words += [Word(", and it makes " if one.share else ""), Word(f"{format_times(one.times)} {many}", STRONG),
                      Word(" per request")]  # fmt: skip
        words.append(Word("."))
    return tuple(words)


def _briefly(one: BadService) -> str:
    return f"{format_percent(one.errors.now)} failed" if one.errors else "slow"


def _named(services: Sequence[BadService | Stopped], *, is_told: bool = False) -> Words:
    """`is_told`: with what is bad of each."""
    words: list[Word] = []
    for one in services[:NAMED]:
        words += [Word(", ")] if words else []
        words.append(Word(one_line(one.name, MAX_NAME) or NO_NAME, WHERE, one.name))
        words += [Word(f" ({_briefly(one)})")] if is_told else []
    more = len(services) - NAMED
    return (*words, Word(f" and {format_count(more)} more")) if more > 0 else tuple(words)


def _nexts(one: BadService, form: PeriodForm) -> tuple[Next, ...]:
    if one.errors is None:
        return (Next("Why it is slow", _why(one, form)),)
    return Next("Why it fails", _why(one, form)), Next("Its errors", link_with("/errors", _asked(one, form)))


def _why(one: BadService, form: PeriodForm) -> str:
    return link_with("/why", {**_asked(one, form), "look": "errors" if one.errors else None})


def _asked(one: BadService, form: PeriodForm) -> dict[str, str | None]:
    """The service since it is bad, against as long a time before: a longer time would have well minutes in it."""
    if one.since_ns is None:
        period = {"range": LONG}
    else:
        least_ns = form.now_ns - one.shares[0].within_ns
        period = {"start": utc_text(min(one.since_ns, least_ns) // MINUTE_NS * MINUTE_NS)}
    return {"service": one.name, **period, "tz": form.params.get("tz")}
