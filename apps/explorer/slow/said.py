"""The sentence of `/slow`: what got slower first, whether it goes on, and what waited for it."""

from __future__ import annotations

from apps.explorer.change import against_in, format_ns, times_text
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.explorer.services.forms import SlowForm
from apps.insights.slow_names import BELOW, Slow, SlowerName
from apps.traces.durations import NBSP, format_count, format_duration_ns
from apps.traces.error_words import one_line
from apps.traces.why.ending import OVER, recent_text
from apps.traces.why.words import STRONG, WHERE, Word, Words

MAX_NAME = 80
NAMED = 2
"""Of those that wait."""


def slow_said(found: Slow, form: SlowForm) -> tuple[Said, ...]:
    return said(_words(found, form), lambda service: service_link(form, service))


def _words(found: Slow, form: SlowForm) -> Words:
    against = form.period.against_label
    if not found.names:
        return Word("No spans", STRONG), Word(" in this time.")
    if found.slower:
        return _slower(found, form)
    if not found.compared:
        few = f" to compare with {against} (n{NBSP}={NBSP}{format_count(found.most_samples)})."
        return Word("Not enough data", STRONG), Word(few), *_longest(found)
    return Word("Nothing got slower", STRONG), Word(f", against {against}."), *_longest(found)


def _slower(found: Slow, form: SlowForm) -> Words:
    first, rest = found.slower[0], found.slower[1:]
    words = [Word(first.key.service, WHERE, first.key.service), Word(" "), Word(_named(first), STRONG), *_peer(first)]
    words += [*_how(first, form), *_then(first, form)]
    causes, waiting = sum(one.is_cause for one in rest), [one for one in rest if one.where == BELOW]
    if causes:
        words.append(Word(f" {_span_names(causes)} took more time of {'its' if causes == 1 else 'their'} own."))
    if waiting:
        what = "what it calls" if len(waiting) == 1 else "what they call"
        too = ", too" if first.where == BELOW else ""
        words.append(Word(f" {_span_names(len(waiting))} got slower waiting for {what}{too}: {_list(waiting)}."))
    return tuple(words)


def _how(one: SlowerName, form: SlowForm) -> Words:
    is_over = one.ending == OVER
    if one.calls is not None:
        when = against_in(form.period.against_label)
        return (
            Word(f" {'was' if is_over else 'is'} called "), Word(f"{times_text(one.calls)} as often", STRONG),
            Word(f" in each trace as {when}."),
        )  # fmt: skip
    change = one.duration
    below = ", in what it calls" if one.where == BELOW else ""
    return (
        Word(f" got slower than {form.period.against_label}: {change.quantile} "),
        Word(format_ns(change.after), STRONG), Word(f" instead of {format_ns(change.before)}{below}."),
    )  # fmt: skip


def _then(one: SlowerName, form: SlowForm) -> Words:
    told = recent_text(one.ending, form.period.recent_words)
    return (Word(f" {told}", STRONG),) if told else ()


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
