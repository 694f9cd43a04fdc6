"""Sentences from facts: to be read aloud in a stand-up. Figures never leave their units (no-break spaces)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from apps.traces.durations import NBSP, counted, format_count, format_duration_ns, format_percent, format_times
from apps.traces.verdict import facts
from apps.traces.verdict.facts import Finding, Verdict
from apps.traces.verdict.limits import LEAST_EXCESS_NS, MANY_CALLS
from apps.traces.verdict.reasons import calls_text, error_text, reason_text, tries_text

LEAST_TIMES = 1.5
"""Below, "1.2 × its usual" says less than the two durations."""
SLOW_TIMES = 2
"""So much longer than usual is slow for whoever waited, however often it happens."""

_AGAIN = "; it was tried again and went through"


class Phrase(NamedTuple):
    """A piece of a sentence. `role`: "subject" for the service, "strong", or "" for the rest."""

    text: str
    role: str = ""


def sentence(verdict: Verdict) -> str:
    return "".join(phrase.text for phrase in phrases(verdict))


def phrases(verdict: Verdict, brief: bool = False) -> tuple[Phrase, ...]:
    """The whole sentence; `brief` leaves out what a row of results shows beside it."""
    make = _WHOLE.get(verdict.main.cause, _slow)
    return tuple(phrase for phrase in make(verdict, brief) if phrase.text)


def also(verdict: Verdict) -> tuple[tuple[str, Finding], ...]:
    """Second sentences with what they rest on."""
    return tuple((_second(finding, verdict), finding) for finding in verdict.also)


def is_told_first(finding: Finding, verdict: Verdict) -> bool:
    """The whole sentence says it already."""
    return verdict.main.cause == facts.NOTHING_UNUSUAL and finding.cause == facts.QUEUE_WAIT


def with_error_first(verdict: Verdict, errors: int) -> tuple[Phrase, ...]:
    """The brief sentence for somebody who looks for errors: what failed stands before what took the time. `errors`:
    spans that failed; a verdict is silent about those that are usual."""
    said = phrases(verdict, brief=True)
    if verdict.main.cause in (facts.ERROR, facts.RETRIES) or not errors:
        return said
    error = next((one for one in verdict.also if one.cause in (facts.ERROR, facts.RETRIES)), None)
    told = _second(error, verdict) if error else f"{counted(errors, 'error')} on the way."
    return Phrase(told, "strong"), Phrase(" "), *said


# -- whole sentences


def _slow(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    """`payment took 1.42 s (82 % of 1.73 s), 5.1 × its usual 280 ms: 14 calls to bank-api instead of 1.`"""
    main = verdict.main
    yield Phrase(main.service, "subject")
    yield Phrase(f" took {format_duration_ns(main.added_ns)}", "strong")
    whole = "" if brief else f" of {format_duration_ns(verdict.waited_ns)}"
    yield Phrase(f" ({format_percent(_share(main.added_ns, verdict.waited_ns))}{whole})")
    if main.usual_ns and main.added_ns >= LEAST_TIMES * main.usual_ns:
        usual = "usual" if brief else f"its usual {format_duration_ns(main.usual_ns)}"
        yield Phrase(f", {format_times(main.added_ns / main.usual_ns)} {usual}")
    elif main.usual_ns:
        yield Phrase(f", usually {format_duration_ns(main.usual_ns)}")
    yield Phrase(": ")
    yield Phrase(reason_text(main), "" if brief else "strong")
    yield Phrase("" if brief else ".", "strong")


def _nothing(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    lay = _told_lay(verdict)
    if lay is not None:
        yield from _lay(replace(verdict, main=lay), brief=True)
        yield Phrase(". ")
    is_far = verdict.waited_ns >= max(SLOW_TIMES * verdict.usual_waited_ns, verdict.usual_waited_ns + LEAST_EXCESS_NS)
    if verdict.usual_most_ns and verdict.usual_waited_ns and is_far:
        yield from _slow_as_others(verdict, brief, "but nothing unusual" if lay is None else "but nothing else unusual")
        return
    said = Phrase("Nothing unusual", "strong") if lay is None else Phrase("Nothing else is unusual")
    yield said
    yield Phrase(f": {format_duration_ns(verdict.waited_ns)}, usually {format_duration_ns(verdict.usual_waited_ns)}")
    if verdict.usual_most_ns:
        yield Phrase(f", 1{NBSP}in{NBSP}20 over {format_duration_ns(verdict.usual_most_ns)}")
    yield Phrase("" if brief else f" ({_sample(verdict)}).")


def _told_lay(verdict: Verdict) -> Finding | None:
    """The message that lay long, of a trace that has nothing unusual: it stands before that."""
    return next((one for one in verdict.also if one.cause == facts.QUEUE_WAIT), None)


def _slow_as_others(verdict: Verdict, brief: bool, but: str) -> Iterator[Phrase]:
    """`Slow, but nothing unusual: 1.35 s, 3.4 × the usual 400 ms, as 1 in 20 take over 1.80 s; 1.10 s of it in
    payment (n = 812).`"""
    main, usual_ns = verdict.main, verdict.usual_waited_ns
    yield Phrase(f"Slow, {but}", "strong")
    times = format_times(verdict.waited_ns / usual_ns)
    yield Phrase(f": {format_duration_ns(verdict.waited_ns)}, {times} the usual {format_duration_ns(usual_ns)}")
    yield Phrase(f", as 1{NBSP}in{NBSP}20 take over {format_duration_ns(verdict.usual_most_ns)}")
    if main.service:
        yield Phrase(f"; {format_duration_ns(main.added_ns)} of it in ")
        yield Phrase(main.service, "subject")
    yield Phrase("" if brief else f" ({_sample(verdict)}).")


def _too_few(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    yield Phrase(f"Not enough traffic to compare ({_sample(verdict)}). ")
    yield from _took(verdict, brief)


def _took(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    main = verdict.main
    if not main.service:
        return
    yield Phrase(main.service, "subject")
    yield Phrase(f" took {format_duration_ns(main.added_ns)}", "strong")
    whole = "" if brief else f" of {format_duration_ns(verdict.waited_ns)}"
    yield Phrase(f", {format_percent(_share(main.added_ns, verdict.waited_ns))}{whole}")
    if main.calls >= MANY_CALLS and main.part_ns * 2 > main.added_ns:
        yield Phrase(f", most of it in {calls_text(main)}")
    yield Phrase("" if brief else ".")


def _no_beginning(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    main = verdict.main
    if not verdict.usual_waited_ns:
        came = "The first span has not come" if main.failed else "No span here is the first"
        why = "it still runs, or was lost" if main.failed else "their parents go round in a circle"
        yield Phrase(f"{came}. " if brief else f"{came}: {why}. ")
        own = "all" if main.added_ns >= verdict.waited_ns else format_duration_ns(main.added_ns)
        yield Phrase(f"The earliest part here took {format_duration_ns(verdict.waited_ns)}, {own} of it in ")
        yield Phrase(main.service, "subject")
        yield Phrase("" if brief else ".")
    else:
        yield from _slow(verdict, brief)


def _failed(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    main = verdict.main
    yield Phrase("Failed in ", "strong") if main.is_fatal else Phrase("An error on the way, in ")
    yield Phrase(main.service, "subject")
    yield Phrase(": ")
    yield Phrase(error_text(main), "" if brief else "strong")
    yield Phrase(_AGAIN if main.is_recovered else "")
    yield Phrase("" if brief or error_text(main).endswith("…") else ".")


def _lay(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    main = verdict.main
    yield Phrase("The message to ")
    yield Phrase(main.service, "subject")
    yield Phrase(f" lay {format_duration_ns(main.added_ns)} in {main.peer}", "strong")
    yield Phrase(f", usually {format_duration_ns(main.usual_ns)}")
    yield Phrase("" if brief else ".")


def _no_times(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    yield Phrase("Its times cannot be used: the first span has no start, or an end before it")
    yield Phrase("" if brief else ".")


def _clock(verdict: Verdict, brief: bool) -> Iterator[Phrase]:
    main = verdict.main
    where = "ahead" if main.added_ns > 0 else "behind"
    yield Phrase(f"The clock of {main.service} is about {format_duration_ns(abs(main.added_ns))} {where}")
    yield Phrase("" if brief else ".")


_WHOLE: dict[str, Callable[[Verdict, bool], Iterator[Phrase]]] = {
    facts.NOTHING_UNUSUAL: _nothing,
    facts.NOT_ENOUGH_TRAFFIC: _too_few,
    facts.ERROR: _failed,
    facts.QUEUE_WAIT: _lay,
    facts.MISSING_SPANS: _no_beginning,
    facts.NO_USABLE_TIMES: _no_times,
    facts.CLOCK_SKEW: _clock,
}


# -- second sentences


def _second(finding: Finding, verdict: Verdict) -> str:
    if finding.cause == facts.ERROR:
        count = "1 error" if finding.failed == 1 else f"{format_count(finding.failed)} errors"
        tail = _AGAIN if finding.is_recovered else ""
        return f"{count} in {finding.service}: {error_text(replace(finding, failed=1))}{tail}."
    if finding.cause == facts.MISSING_SPANS and finding.failed:  # else a service that was called sent none
        spans = (
            "1 span has lost its" if finding.failed == 1 else f"{format_count(finding.failed)} spans have lost their"
        )
        return f"{spans} parent: not everything arrived."
    if finding.cause == facts.RETRIES and not finding.added_ns:  # beside the loop they are in
        return f"{tries_text(finding)}."
    whole = Verdict(verdict.waited_ns, verdict.usual_waited_ns, verdict.sample_size, finding)
    return sentence(whole)


def _share(part_ns: int, whole_ns: int) -> float:
    return part_ns / whole_ns if whole_ns else 0.0


def _sample(verdict: Verdict) -> str:
    return f"n{NBSP}={NBSP}{format_count(verdict.sample_size)}"
