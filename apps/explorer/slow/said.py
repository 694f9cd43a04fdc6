"""The sentence of `/slow`: what got slower first, from when to when, whether it goes on, and what waited for it."""

from __future__ import annotations

from apps.explorer.change import against_in, format_ns, times_text
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.explorer.services.forms import SlowForm
from apps.insights.bad_time import BadTime
from apps.insights.slow_names import BELOW, Slow, SlowerName
from apps.traces.durations import NBSP, format_count, format_duration_ns
from apps.traces.error_words import one_line
from apps.traces.moments import minute_text
from apps.traces.why.words import STRONG, WHERE, Word, Words

MAX_NAME = 80
NAMED = 2
"""Of those that wait."""


def slow_said(found: Slow, form: SlowForm, bad: BadTime | None) -> tuple[Said, ...]:
    """`bad`: of the one that got slower first."""
    return said(_words(found, form, bad), lambda service: service_link(form, service))


def _words(found: Slow, form: SlowForm, bad: BadTime | None) -> Words:
    against = form.period.against_label
    if not found.names:
        return Word("No spans", STRONG), Word(f" {form.period.in_this_time}.")
    if found.slower:
        return _slower(found, form, bad)
    if not found.compared:
        few = f" to compare with {against} (n{NBSP}={NBSP}{format_count(found.most_samples)})."
        return Word("Not enough data", STRONG), Word(few), *_longest(found)
    told = f" against {against}{form.period.digested_words}."
    return Word("Nothing got slower", STRONG), Word(told), *_longest(found)


def _slower(found: Slow, form: SlowForm, bad: BadTime | None) -> Words:
    first, rest = found.slower[0], found.slower[1:]
    words = [Word(first.key.service, WHERE, first.key.service), Word(" "), Word(_named(first), STRONG), *_peer(first)]
    words += [*_how(first, form, bad), *_then(first)]
    causes, waiting = sum(one.is_cause for one in rest), [one for one in rest if one.where == BELOW]
    if causes:
        words.append(Word(f" {_span_names(causes)} took more time of {'its' if causes == 1 else 'their'} own."))
    if waiting:
        what = "what it calls" if len(waiting) == 1 else "what they call"
        too = ", too" if first.where == BELOW else ""
        words.append(Word(f" {_span_names(len(waiting))} got slower waiting for {what}{too}: {_list(waiting)}."))
    return tuple(words)


def _how(one: SlowerName, form: SlowForm, bad: BadTime | None) -> Words:
    """By how much in its bad time, where that is known. A factor over the whole period, of which part may have been
    bad, says so; a quantile is as long as something took, whenever that was."""
    is_earlier = bad is not None and bad.is_earlier
    if one.calls is not None:
        change, when = (bad.change, _when(bad, form)) if bad else (one.calls, f" on average over {_whole(form)}")
        is_past = one.lately.is_over or (bad is not None and bad.end_ns is not None)
        return (
            Word(f" {'was' if is_past else 'is'} called "), Word(f"{times_text(change)} as often", STRONG),
            Word(f" in each trace{when} as {'before that' if is_earlier else against_in(form.period.against_label)}."),
        )  # fmt: skip
    change, when = (bad.change, _when(bad, form)) if bad else (one.duration, "")
    below = ", in what it calls" if one.where == BELOW else ""
    return (
        Word(f" got slower than {'before' if is_earlier else form.period.against_label}: {change.quantile} "),
        Word(f"{format_ns(change.after)}{when}", STRONG), Word(f" instead of {format_ns(change.before)}{below}."),
    )  # fmt: skip


def _when(bad: BadTime, form: SlowForm) -> str:
    """` from 18:18 to 18:30`, ` from 18:18 on`."""
    start = minute_text(bad.start_ns, form.now_ns, form.zone)
    if bad.end_ns is None:
        return f" from {start} on"
    return f" from {start} to {minute_text(bad.end_ns, form.now_ns, form.zone, bad.start_ns)}"


def _whole(form: SlowForm) -> str:
    """`the hour`, `the 3 hours`."""
    return f"the {form.period.length_words}"


def _then(one: SlowerName) -> Words:
    return (Word(f" {one.lately.text}", STRONG),) if one.lately.text else ()


def _list(names: list[SlowerName]) -> str:
    """Those that took longest first, for they hold the others: `gateway POST /checkout, checkout POST /orders …`."""
    outermost = sorted(names, key=lambda one: -(one.now.mean_ns or 0))
    told = list(dict.fromkeys(f"{one.key.service} {_named(one)}" for one in outermost))  # of several kinds or peers
    return ", ".join(told[:NAMED]) + (" …" if len(told) > NAMED else "")


def _peer(one: SlowerName) -> Words:
    return (Word(f" (to {one_line(one.key.peer, MAX_NAME)})"),) if one.key.peer else ()


def _span_names(count: int) -> str:
    return f"{format_count(count)} more span name{'s' * (count != 1)}"


def _named(one: SlowerName) -> str:
    return one_line(one.key.span_name, MAX_NAME) or "(no name)"


def _longest(found: Slow) -> Words:
    if not found.longest:
        return ()
    key, example = found.longest[0]
    return (
        Word(" The longest span took "), Word(format_duration_ns(example.duration_ns), STRONG),
        Word(" in "), Word(key.service, WHERE, key.service), Word("."),
    )  # fmt: skip
