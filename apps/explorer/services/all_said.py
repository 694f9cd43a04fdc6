"""The sentence of `/services`: which service is bad now, or what else changed most, in words of better and worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.change import against_in, format_ns, format_rate
from apps.explorer.services.forms import ServicesForm
from apps.insights.change import FASTER, FEWER, GONE, MORE, NEW, SLOWER, UNCLEAR, Change
from apps.insights.lately import UNSURE_YET, Lately
from apps.insights.period import MISSING_SHARE, Period
from apps.insights.service_lines import GOING_ON, SILENT, WAS_WORSE, WORSE, ServiceLine
from apps.traces.durations import counted, format_count, format_percent
from apps.traces.why.words import STRONG, WHERE, Word, Words

VERBS = {SLOWER: "got slower", FASTER: "got faster"}
BETTER = "better"
CALLS = " calls"
MOST_SHARE, LEAST_ALIKE = 0.5, 3
"""So many services with more calls, or fewer, are the traffic as a whole."""
OTHERS = {
    WORSE: ("got worse", "got worse"), WAS_WORSE: ("was worse for a while", "were worse for a while"),
    SILENT: ("is silent", "are silent"), BETTER: ("got better", "got better"),
}  # fmt: skip
"""Of the services that are not named; those with more calls alone are not counted."""


@dataclass(frozen=True, slots=True)
class Part:
    """One change of a service."""

    verb: str
    figure: str
    lately: Lately = UNSURE_YET
    is_worse: bool = False


def services_said(
    lines: Sequence[ServiceLine], stirred: Sequence[ServiceLine], has_before: bool, form: ServicesForm
) -> Words:
    """`stirred`: those that changed, the one to be told first."""
    against = form.period.against_label
    if not any(line.now.samples for line in lines):
        return _nothing(len(lines), form.period)
    if not has_before:
        why = (
            f" yet: {against} is still being digested."
            if form.period.is_compared_behind
            else (f": no spans {against_in(against)}.")
        )
        return Word("There is "), Word("nothing to compare with", STRONG), Word(why)
    if not stirred:
        is_unclear = any(UNCLEAR in (line.duration.word, line.errors.word) for line in lines)
        alone = sum(line.now.samples > 0 and not line.before.samples for line in lines)
        if not any(line.now.samples and line.before.samples for line in lines):
            return Word("No service can be compared", STRONG), Word(f" with {against} yet.")
        which = "All other services" if alone else "All services"
        verb = "has" if alone == 1 else "have"
        untold = f" {format_count(alone)} {verb} nothing to compare with." if alone else ""
        if form.period.digested_words:
            told = f" against {against}{form.period.digested_words}.{untold}"
            return Word("Nothing has changed", STRONG), Word(told)
        if is_unclear:
            return Word(f"{which} are within their usual spread", STRONG), Word(f" against {against}.{untold}")
        return Word(f"{which} are as {against_in(against)}", STRONG), Word(f".{untold}")
    first, *rest = stirred
    if all(one.verb.endswith(CALLS) for one in _parts(first, form.period)):
        rate = first.rate
        alike = [line for line in lines if line.rate.word == rate.word]
        known = sum(line.now.samples > 0 for line in lines)
        are_mixed = any(line.rate.word in (MORE, FEWER) and line.rate.word != rate.word for line in lines)
        if len(alike) >= MOST_SHARE * known and len(alike) >= LEAST_ALIKE and not are_mixed:
            return _traffic(first, rest, len(alike), known, form.period)
    return (Word(first.name, WHERE, first.name), Word(" "), *_changed(first, form.period), Word(_others(first, rest)))


def _nothing(known: int, period: Period) -> Words:
    """`Nothing of the last 30 days is digested yet; 14 services are known.` They are listed below it, whenever they
    sent something."""
    are_known = f"; {counted(known, 'service')} {'is' if known == 1 else 'are'} known." if known else "."
    held_ns = period.window.end_ns - period.window.start_ns
    if not period.is_behind or held_ns * MISSING_SHARE > period.end_ns - period.start_ns:
        return Word("No spans", STRONG), Word(f" {period.in_this_time}{are_known}")
    time = f"the {period.label.lower()}" if period.is_relative else "this time"
    return Word(f"Nothing of {time} is digested yet", STRONG), Word(are_known)


def _traffic(first: ServiceLine, rest: Sequence[ServiceLine], alike: int, known: int, period: Period) -> Words:
    """`Traffic rose: 13 of 15 services get more calls, catalog 108 instead of 37.0 a minute in the hour before.`"""
    rate = first.rate
    which = "All" if alike == known else f"{format_count(alike)} of"
    return (
        Word(f"Traffic {'rose' if rate.word == MORE else 'fell'}", STRONG),
        Word(f": {which} {format_count(known)} services get {rate.word} calls, "), Word(first.name, WHERE, first.name),
        Word(f" {_instead(format_rate, rate)} a minute {against_in(period.against_label)}.{_others(first, rest)}"),
    )  # fmt: skip


def _changed(line: ServiceLine, period: Period) -> Words:
    """`got slower and has more errors: p95 1.64 s instead of 268 ms, 10 % of its calls failed instead of 2 % in
    the hour before. It was still so in the last 10 minutes.` What ends otherwise has a sentence of its own."""
    lead, *also = _grouped(_parts(line, period))
    verbs, figures = _joined(lead)
    # Of parts that say the same the longest stands for both.
    lately = max((part.lately for part in lead), key=lambda one: one.within_ns)
    is_over, then = lately.is_over, lately.text
    return (
        Word(verbs, STRONG if lead[0].is_worse and not is_over else ""), Word(", and that is over" if is_over else ""),
        Word(f": {figures} {against_in(period.against_label)}.{then and f' {then}'}"), *map(_also, also),
    )  # fmt: skip


def _also(parts: list[Part]) -> Word:
    verbs, figures = _joined(parts)
    return Word(f" It also {verbs}{' for a while' if parts[0].lately.is_over else ''}: {figures}.")


def _joined(parts: list[Part]) -> tuple[str, str]:
    return " and ".join(part.verb for part in parts), ", ".join(part.figure for part in parts)


def _grouped(parts: list[Part]) -> list[list[Part]]:
    """What ends alike together: what goes on, what may, what is over, what got better."""
    groups: dict[tuple[bool, str], list[Part]] = {}
    for part in sorted(parts, key=lambda part: (not part.is_worse, part.lately.is_over, not part.lately.word)):
        groups.setdefault((part.is_worse, part.lately.word), []).append(part)
    return [*groups.values()]


def _parts(line: ServiceLine, period: Period) -> list[Part]:
    """Calls alone are told where nothing else changed."""
    duration, errors, rate = line.duration, line.errors, line.rate
    found = []
    if duration.word in VERBS:
        verb = "was slower" if line.duration_lately.is_over else VERBS[duration.word]
        told = f"{duration.quantile} {_instead(format_ns, duration)}"
        found.append(Part(verb, told, line.duration_lately, duration.is_worse))
    if errors.word in (MORE, FEWER):
        verb = "had" if line.error_lately.is_over else "has"
        told = f"{format_percent(errors.after)} of its calls failed instead of {format_percent(errors.before)}"
        found.append(Part(f"{verb} {errors.word} errors", told, line.error_lately, errors.is_worse))
    return found or [_calls(line, rate, period)]


def _calls(line: ServiceLine, rate: Change, period: Period) -> Part:
    if NEW in (line.duration.word, rate.word):
        is_back = line.first_seen_ns < period.compared.start_ns
        return Part("is back" if is_back else "is new", f"{format_rate(rate.after)} calls a minute, none")
    if GONE in (line.duration.word, rate.word):
        return Part("is silent", f"no calls, {format_rate(rate.before)} a minute")
    return Part(f"gets {rate.word}{CALLS}", f"{_instead(format_rate, rate)} a minute")


def _instead(write, change: Change) -> str:
    return f"{write(change.after)} instead of {write(change.before)}"


def _others(first: ServiceLine, rest: Sequence[ServiceLine]) -> str:
    """` 2 more got worse, 1 got better.`"""
    counts = Counter(map(_kind, rest))
    parts = [
        f"{format_count(counts[kind])}{' more' * (kind == _kind(first))} {said[counts[kind] != 1]}"
        for kind, said in OTHERS.items() if counts[kind]
    ]  # fmt: skip
    return f" {', '.join(parts)}." if parts else ""


def _kind(line: ServiceLine) -> str:
    """Of OTHERS, or "" """
    if line.state == GOING_ON:
        return WORSE
    if line.state in OTHERS:
        return line.state
    return BETTER if line.duration.word == FASTER or line.errors.word == FEWER else ""
