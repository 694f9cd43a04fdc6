"""The sentence for a set of traces: deterministic, made from a `Finding`.

A sentence is a tuple of `Word`: a page marks them up, everything else joins their texts.
"""

from __future__ import annotations

from apps.traces.durations import format_count, format_percent
from apps.traces.why import judge
from apps.traces.why.ending import GOES_ON, ending_text
from apps.traces.why.failing import another_since, which_errors
from apps.traces.why.finding import (
    MEAN,
    RARELY,
    Finding,
    Lead,
    against_of,
    are_alike,
    calls_differ,
    leads_of,
    per_call_ns,
)
from apps.traces.why.parts import PEERED, Change, Part
from apps.traces.why.tries import PAUSE
from apps.traces.why.words import STRONG, WHERE, Clock, Word, Words, ns_text, signed_text, times_text, total_ns
from apps.traces.work import NETWORK, NOT_BROKEN_DOWN, OWN_CODE

ALL_PCT, NEARLY_PCT = 99, 95
"""From these shares on it is "all of it", or nearly."""
THIN = 3
"""Where fewer traces than that lie beyond the quantile, it is told of how many it is: two that time out move it."""


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
            Word(f"n = {format_count(judged.after_traces)} after, {format_count(judged.before_traces)} before", STRONG),
            Word(f"; {_looked_at(judged.look)} needs {judged.needed} on either side."),
        )  # fmt: skip
    if judged.word == judge.FIRST:
        return (
            Word("There is nothing to compare "), _subject(finding), Word(" with, no trace at all came before: "),
            Word(_figure(judged, judged.after), STRONG), Word(f" over n = {format_count(judged.after_traces)}."),
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
            Word(f", {_value(judged.look, judged.before)} before: with n = {format_count(judged.after_traces)} and "
                 f"{format_count(judged.before_traces)} that is within the usual spread."),
        )  # fmt: skip
    return _failing(finding, clock) if judged.look == judge.ERRORS else _slower(finding, clock)


def _slower(finding: Finding, clock: Clock) -> Words:
    judged = finding.judged
    before, after = ns_text(judged.before), ns_text(judged.after)
    words = [Word(f"{judged.look} of "), _subject(finding)]
    if finding.since is not None and finding.since.end_ns is not None and finding.is_parted:
        words += [Word(" was "), Word(f"{after}{_when(finding, clock)}", STRONG), Word(f", {before} before")]
    else:
        words += [Word(f" {judged.word} from {before} to "), Word(f"{after}{_when(finding, clock)}", STRONG)]
    told = [f"n = {format_count(judged.after_traces)}"] if _is_thin(judged) else []
    told += [f"mean {signed_text(total_ns(finding))}"] if finding.basis == MEAN else []
    if told:
        words.append(Word(f" ({', '.join(told)})"))
    return (*words, *_in(finding), Word("."), *_then(finding))


def _is_thin(judged: judge.Judged) -> bool:
    return judged.after_traces * (1 - judge.SHARES[judged.look]) < THIN


def _then(finding: Finding) -> Words:
    """Whether it goes on."""
    judged, ending = finding.judged, finding.ending
    if ending is not None and ending.word == GOES_ON and judged.word != judge.ROSE:
        return ()  # "since" says it of what became better
    said = ending_text(ending, lambda value: _value(judged.look, value), judged.word == judge.ROSE)
    another = another_since(finding)
    if said and another:
        return Word(f" {said.removesuffix('.')}", STRONG), *another, Word(".")
    return (Word(f" {said}", STRONG),) if said else ()


def _selected(finding: Finding) -> Words:
    """`The 806 selected traces of POST /checkout took 1.69 s, the other 3 120 560 ms: +1.10 s in payment.`"""
    judged = finding.judged
    words = [
        Word(f"The {format_count(judged.after_traces)} selected traces of "), _subject(finding), Word(" took "),
        Word(ns_text(judged.after), STRONG),
        Word(f" on average, {ns_text(judged.before)} the other {format_count(judged.before_traces)}"),
    ]  # fmt: skip
    return (*words, *_in(finding), Word("."))


def _in(finding: Finding) -> list[Word]:
    """In which services, and what of it when it is one; what went the other way, when that is more than the whole."""
    leads = leads_of(finding.changes, total_ns(finding))
    words = [Word(": ")] if leads else []
    for place, lead in enumerate(leads):
        joiner = "" if not place else " and " if place == len(leads) - 1 else ", "
        words += [Word(f"{joiner}{signed_text(lead.change_ns)} in "), Word(lead.service, WHERE, lead.service)]
    words += _of_it(leads[0]) if len(leads) == 1 else []
    service, change_ns = against_of(finding.changes, leads, total_ns(finding)) or ("", 0)
    if change_ns:
        words += [
            Word(f", but {signed_text(change_ns)} in "),
            Word(service or "others", WHERE * bool(service), service),
        ]
    return words


def _of_it(lead: Lead) -> list[Word]:
    if lead.part is None:
        return []
    share = lead.part_ns * 100 / lead.change_ns
    much = "all" if share >= ALL_PCT else "nearly all" if share >= NEARLY_PCT else ns_text(abs(lead.part_ns))
    return [Word(f", {much} of it "), Word(doing(lead.part) + _how(lead.change), STRONG)]


def _how(change: Change) -> str:
    """`, called 13 times instead of once`, `, 1.20 s a call instead of 171 ms`: who is slow, and who asks too often,
    are two people to call."""
    if change.part.work not in PEERED:
        return ""
    told, took, is_more = [], per_call_ns(change), calls_differ(change.calls_before, change.calls_after)
    if is_more and min(change.calls_before, change.calls_after) < RARELY:
        return ", which was not called before" if change.calls_before < RARELY else ", which is no longer called"
    if is_more:
        told.append(f"called {times_text(change.calls_after)} instead of {times_text(change.calls_before)}")
    if took and min(took) and not are_alike(took) and (took[1] > took[0]) == (change.change_ns > 0):
        told.append(f"{ns_text(took[1])} a call instead of {ns_text(took[0])}")
    return "".join(f", {one}" for one in told)


def doing(part: Part) -> str:
    """What a service did with the time."""
    if part.work == OWN_CODE:
        return "in its own code"
    if part.work == NETWORK:
        return "on the network"
    if part.work == NOT_BROKEN_DOWN:
        return "in spans that are missing"
    if part.work == PAUSE:
        return f"in pauses between tries at {part.peer or 'somebody outside'}"
    return f"waiting for {part.peer or 'somebody outside'}"


def _failing(finding: Finding, clock: Clock) -> Words:
    judged, is_mixed = finding.judged, _is_mixed(finding)
    share = finding.since.share if is_mixed else judged.after
    words = (
        Word(format_percent(share), STRONG), Word(" of "), _subject(finding), Word(" had an error"),
        Word(_when(finding, clock), STRONG),
        Word(f" ({format_percent(judged.after)} of the whole window)" if is_mixed else ""),
        Word(f", {format_percent(judged.before)} before"), *which_errors(finding),
    )  # fmt: skip
    return (*(word for word in words if word.text), Word("."), *_then(finding))


def _is_mixed(finding: Finding) -> bool:
    """In the window after more (or fewer) failed for a part of it: then its share is that of no time."""
    since, after = finding.since, finding.judged.after
    if since is None:
        return False
    return abs(since.share - after) * 100 > max(judge.LEAST_ERRORS_PT, after * judge.LEAST_CHANGE_PCT)


def _one_sided(finding: Finding) -> Words:
    judged = finding.judged
    if judged.word == judge.NEW:
        return (
            _subject(finding), Word(" is new: "), Word(_figure(judged, judged.after), STRONG),
            Word(f" over n = {format_count(judged.after_traces)}, no trace of it before."),
        )  # fmt: skip
    return (
        _subject(finding), Word(" is gone: no trace of it after, n = "), Word(format_count(judged.before_traces)),
        Word(" before, "), Word(_figure(judged, judged.before), STRONG), Word("."),
    )  # fmt: skip


def _when(finding: Finding, clock: Clock) -> str:
    if finding.since is None:
        return ""
    start_ns, end_ns = finding.since.start_ns, finding.since.end_ns
    start = clock(start_ns)
    return f" since {start}" if end_ns is None else f" from {start} to {clock(end_ns, beside_ns=start_ns)}"


def _subject(finding: Finding) -> Word:
    return Word(finding.name or finding.service or "what you searched for", STRONG)


def _figure(judged: judge.Judged, value: float) -> str:
    """`p95 612 ms`, `0.3 % with an error`."""
    failing = judged.look == judge.ERRORS
    return f"{_value(judged.look, value)} with an error" if failing else f"{judged.look} {_value(judged.look, value)}"


def _looked_at(look: str) -> str:
    return "a share of errors" if look == judge.ERRORS else look


def _value(look: str, value: float) -> str:
    return format_percent(value) if look == judge.ERRORS else ns_text(value)
