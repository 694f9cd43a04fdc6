"""The sentence for a set of traces, and the line below it: deterministic, made from a `Finding`.

A sentence is a tuple of `Word`: a page marks them up, everything else joins their texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from apps.traces.durations import MINUS, NBSP, format_count, format_duration_ns, format_percent
from apps.traces.why import judge
from apps.traces.why.finding import (
    MEAN,
    SAME_CALL_FACTOR,
    Finding,
    Lead,
    Release,
    calls_differ,
    is_serial,
    leads_of,
    per_call_ns,
    release_of,
)
from apps.traces.why.parts import Change, Part
from apps.traces.work import NETWORK, NOT_BROKEN_DOWN, OWN_CODE

STRONG, WHERE, VERSION = "strong", "where", "version"
"""Roles of words: what the sentence is about, a service, a version of a service."""
ALL_PCT = 95
"""From this share on it is "all of it"."""
RARELY = 0.05
"""Calls a trace below which something is not called."""

Clock = Callable[[int], str]
"""Epoch ns -> how a time of day is told."""


class Word(NamedTuple):
    text: str
    role: str = ""
    service: str = ""


Words = tuple[Word, ...]


def text_of(words: Iterable[Word]) -> str:
    return "".join(word.text for word in words)


def sentence(finding: Finding, clock: Clock) -> Words:
    judged = finding.judged
    if judged.word == judge.NOTHING:
        return Word("No trace of "), _subject(finding), Word(" began in these times.")
    if judged.word == judge.SELECTED:
        return _selected(finding)
    if judged.word == judge.TOO_FEW and not judged.look:
        return Word("Too few of the selected traces of "), _subject(finding), Word(", or of the rest, could be read.")
    if judged.word == judge.TOO_FEW:
        return (
            Word("Not enough traces to compare "), _subject(finding), Word(": "),
            Word(f"n = {_n(judged.after_traces)} after, {_n(judged.before_traces)} before", STRONG),
            Word(f"; {_looked_at(judged.look)} takes {judged.needed} on either side."),
        )  # fmt: skip
    if judged.word == judge.FIRST:
        return (
            Word("There is nothing to compare "), _subject(finding), Word(" with, no trace at all came before: "),
            Word(_figure(judged, judged.after), STRONG), Word(f" over n = {_n(judged.after_traces)}."),
        )  # fmt: skip
    if judged.word in (judge.NEW, judge.GONE):
        return _one_sided(finding)
    if judged.word == judge.AS_BEFORE:
        return (
            _subject(finding), Word(" is as before: "), Word(_figure(judged, judged.after), STRONG),
            Word(f", {_value(judged.look, judged.before)} before."),
        )  # fmt: skip
    if judged.word == judge.UNCLEAR:
        return (
            Word(f"{judged.look} of " if judged.look in judge.SHARES else "Errors of "), _subject(finding),
            Word(" were " if judged.look == judge.ERRORS else " is "), Word(_value(judged.look, judged.after), STRONG),
            Word(f", {_value(judged.look, judged.before)} before: with n = {_n(judged.after_traces)} and "
                 f"{_n(judged.before_traces)} that may be chance."),
        )  # fmt: skip
    return _failing(finding, clock) if judged.look == judge.ERRORS else _slower(finding, clock)


def next_line(finding: Finding, clock: Clock) -> Words:
    """What else is known: calls a trace, what a call takes, which version came when; the sizes of both sides."""
    judged = finding.judged
    if judged.word == judge.AS_BEFORE:
        least = f"{judge.LEAST_ERRORS_PT} points" if judged.look == judge.ERRORS else f"{judge.LEAST_CHANGE_PCT}{NBSP}%"
        return (Word(f"n = {_n(judged.after_traces)} after, {_n(judged.before_traces)} before. A change of less than "
                     f"{least} is not told from none."),)  # fmt: skip
    if not judged.is_change and judged.word != judge.SELECTED:
        return ()
    leads = leads_of(finding.changes, _total(finding))
    first = leads[0] if leads else None
    told = _calls(finding, first.change) if first and first.change else []
    service = first.service if first else finding.origins[0].service if finding.origins else finding.service
    told += _release(finding, release_of(finding, service), clock)
    return _spaced(told)


def _spaced(sentences: list[Words]) -> Words:
    words: list[Word] = []
    for place, told in enumerate(sentences):
        words += [Word(" ")] * bool(place) + list(told)
    return tuple(words)


def _slower(finding: Finding, clock: Clock) -> Words:
    judged = finding.judged
    words = [
        Word(f"{judged.look} of "), _subject(finding),
        Word(f" {judged.word} from {_ns(judged.before)} to "), Word(_ns(judged.after), STRONG),
    ]  # fmt: skip
    total = _total(finding)
    if finding.basis == MEAN:
        words.append(Word(f", the mean by {_ns(abs(total))}"))
    words += _in(leads_of(finding.changes, total))
    return (*words, *_since(finding, clock), Word("."))


def _selected(finding: Finding) -> Words:
    """`The 806 selected traces of POST /checkout took 1.69 s, the other 3 120 560 ms: +1.10 s in payment.`"""
    judged = finding.judged
    words = [
        Word(f"The {_n(judged.after_traces)} selected traces of "), _subject(finding), Word(" took "),
        Word(_ns(judged.after), STRONG),
        Word(f" on average, {_ns(judged.before)} the other {_n(judged.before_traces)}"),
    ]  # fmt: skip
    return (*words, *_in(leads_of(finding.changes, _total(finding))), Word("."))


def _in(leads: tuple[Lead, ...]) -> list[Word]:
    """In which services, and what of it when it is one."""
    words = [Word(": ")] if leads else []
    for place, lead in enumerate(leads):
        joiner = "" if not place else " and " if place == len(leads) - 1 else ", "
        words += [Word(f"{joiner}{_signed(lead.change_ns)} in "), Word(lead.service, WHERE, lead.service)]
    return words + (_of_it(leads[0]) if len(leads) == 1 else [])


def _of_it(lead: Lead) -> list[Word]:
    if lead.part is None:
        return []
    share = lead.part_ns * 100 / lead.change_ns
    much = "all" if share >= ALL_PCT else _ns(abs(lead.part_ns))
    return [Word(f", {much} of it "), Word(doing(lead.part), STRONG)]


def doing(part: Part) -> str:
    """What a service did with the time."""
    if part.work == OWN_CODE:
        return "in its own code"
    if part.work == NETWORK:
        return "on the network"
    if part.work == NOT_BROKEN_DOWN:
        return "in spans that are missing"
    return f"waiting for {part.peer or 'somebody outside'}"


def _failing(finding: Finding, clock: Clock) -> Words:
    judged = finding.judged
    words = [
        Word(format_percent(judged.after), STRONG), Word(" of "), _subject(finding),
        Word(f" had an error, {format_percent(judged.before)} before"),
    ]  # fmt: skip
    if finding.origins and finding.failed_looked_at:
        first = finding.origins[0]
        much = "all" if first.traces == finding.failed_looked_at else f"{first.traces} of {finding.failed_looked_at}"
        what = first.exception_type or first.message or "an error"
        words += [
            Word(f": {much} looked at began in "), Word(first.service, WHERE, first.service),
            Word(f" {first.span_name} with "), Word(what, STRONG),
        ]  # fmt: skip
    return (*words, *_since(finding, clock), Word("."))


def _one_sided(finding: Finding) -> Words:
    judged = finding.judged
    if judged.word == judge.NEW:
        return (
            _subject(finding), Word(" is new: "), Word(_figure(judged, judged.after), STRONG),
            Word(f" over n = {_n(judged.after_traces)}, no trace of it before."),
        )  # fmt: skip
    return (
        _subject(finding), Word(" is gone: no trace of it after, n = "), Word(_n(judged.before_traces)),
        Word(" before, "), Word(_figure(judged, judged.before), STRONG), Word("."),
    )  # fmt: skip


def _since(finding: Finding, clock: Clock) -> list[Word]:
    if finding.since is None:
        return []
    start = clock(finding.since.start_ns)
    until = finding.since.end_ns
    return [Word(f", since {start}" if until is None else f", from {start} to {clock(until)}", STRONG)]


def _calls(finding: Finding, change: Change) -> list[Words]:
    """How often the leading part is called, and what a call takes."""
    if change.part.work in (OWN_CODE, NOT_BROKEN_DOWN):
        return []
    before, after, per = change.calls_before, change.calls_after, finding.name or "trace"
    if not calls_differ(before, after):
        said = f"It is called as often as before, {_times(after)} per {per}."
    elif before < RARELY:
        said = f"It was not called before; now {_times(after)} per {per}."
    elif after < RARELY:
        said = f"It is no longer called; before {_times(before)} per {per}."
    else:
        serial = ", one call after the other" if is_serial(change) else ""
        said = f"It is called {_times(after)} per {per} instead of {_times(before)}{serial}."
    took = per_call_ns(change)
    if not took or not max(took):
        return [(Word(said),)]
    alike = max(took) <= min(took) * SAME_CALL_FACTOR
    each = f"as long as before, {_ns(took[1])}" if alike else f"{_ns(took[1])} instead of {_ns(took[0])}"
    return [(Word(said),), (Word(f"Each call takes {each}."),)]


def _release(finding: Finding, release: Release | None, clock: Clock) -> list[Words]:
    if release is None:
        return []
    came = "The change came with " if finding.since else "In these times came "
    named = Word(f"{release.service} {release.version}", VERSION, release.service)
    return [(Word(came), named, Word(f", {'first seen' if release.is_new else 'back'} at {clock(release.seen_ns)}."))]


def _subject(finding: Finding) -> Word:
    return Word(finding.name or finding.service or "what you searched for", STRONG)


def _total(finding: Finding) -> int:
    return sum(change.change_ns for change in finding.changes)


def _figure(judged: judge.Judged, value: float) -> str:
    """`p95 612 ms`, `0.3 % with an error`."""
    failing = judged.look == judge.ERRORS
    return f"{_value(judged.look, value)} with an error" if failing else f"{judged.look} {_value(judged.look, value)}"


def _looked_at(look: str) -> str:
    return "a share of errors" if look == judge.ERRORS else look


def _value(look: str, value: float) -> str:
    return format_percent(value) if look == judge.ERRORS else _ns(value)


def _ns(value: float) -> str:
    return format_duration_ns(round(value))


def _signed(ns: int) -> str:
    return f"{MINUS if ns < 0 else '+'}{_ns(abs(ns))}"


def _n(traces: int) -> str:
    return format_count(traces)


def _times(calls: float) -> str:
    """`once`, `12.9 times`, `143 times`."""
    if 0.95 <= calls < 1.05:
        return "once"
    rounded = round(calls, 1) if calls < 100 else round(calls)
    return f"{rounded:g}{NBSP}times"
