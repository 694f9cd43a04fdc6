"""The sentence of `/errors`: what hurts most, what is new besides, when it came last, how much of it people felt.

What is counted are spans in which an error started. A request that was tried three times may have three of them, and
how many requests they are is kept nowhere: no word here may read as if they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apps.explorer.change import against_in, times_text
from apps.explorer.errors.form import ErrorsForm
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.insights.change import MORE, NEW
from apps.insights.error_groups import BACK, LEAST_HARM, ErrorGroup, ErrorGroups, worst_first
from apps.traces.durations import counted, format_count, format_percent
from apps.traces.error_words import one_line
from apps.traces.moments import S_NS, ago_text
from apps.traces.status_words import error_named
from apps.traces.why.words import STRONG, WHERE, Word, Words

MAX_ERROR = 120
NEWER_NS = 30 * S_NS
"""So long after the last of another one."""
NEWS = {NEW: ("is new", "are new"), MORE: ("came more often", "came more often"), BACK: ("is back", "are back")}
"""Words of groups that are worth the sentence, and how one and several others of them are told."""


@dataclass(frozen=True, slots=True)
class ErrorsSaid:
    words: tuple[Said, ...]
    felt: str
    """`Of all 812 traces 12 % had an error, 3 % failed as a whole.`, "" without traces."""


def errors_said(
    found: ErrorGroups, listed: Sequence[ErrorGroup], form: ErrorsForm, opened_traces: int | None = None
) -> ErrorsSaid:
    """`listed`: those that fit what was asked for. `opened_traces`: how many traces all error spans of the one that
    is opened are in, None where that is not known."""
    # The sentence over one that somebody opened is about that one.
    opened = next((group for group in listed if group.id == form.params.get("group")), None)
    groups = [group for group in listed if group.after.samples]
    words = _opened(opened, form, opened_traces) if opened else _headline(groups, form, found.is_compared)
    return ErrorsSaid(said(words, lambda service: service_link(form, service)), _felt(found))


def _opened(group: ErrorGroup, form: ErrorsForm, traces: int | None) -> Words:
    if group.after.samples:
        return (*_group(group, form, traces=traces), Word("."))
    before = f"{counted(round(group.before.calls), 'error span')} {against_in(form.period.against_label)}"
    # It may have come after the time that is looked at: then that is no answer to when it last did.
    is_last = group.last_seen_ns < form.period.compared_end_ns
    last = f", {_ago('last ', group.last_seen_ns, form)}" if is_last else ""
    return (
        *_named(group), Word(" did not come", STRONG),
        Word(f" {form.period.in_this_time}: {before}{last}."),
    )  # fmt: skip


def _headline(groups: Sequence[ErrorGroup], form: ErrorsForm, is_compared: bool) -> Words:
    """The worst one first, after it what was worse and is over; then a new one that comes while those may have ended,
    or where neither is new the most frequent of the new ones, however rare."""
    if not groups:
        sought = " among those looked for" if form.params.get("q") or form.params.get("service") else ""
        return Word("No errors", STRONG), Word(f" {form.period.in_this_time}{sought}.")
    news = worst_first(group for group in groups if group.word in NEWS)
    if not news:
        most = max(groups, key=lambda group: group.after.samples)
        return Word(_no_news(groups, is_compared), STRONG), Word(". "), *_group(most, form, " has most: "), Word(".")
    first, *rest = news
    worse = max((group for group in rest if group.added > first.added), key=lambda group: group.added, default=None)
    is_new_told = any(group.word == NEW for group in (first, worse) if group)
    new = [group for group in rest if group.word == NEW and not is_new_told]
    newer = _newer(rest, [group for group in (first, worse) if group]) if is_new_told else None
    words = [*_group(first, form), Word(_lately(first, form))]
    others = [one for one in rest if one not in (worse, newer) and (is_new_told or one.word != NEW)]
    words.append(Word(_others(others)))
    if worse:
        words += [Word(" "), *_group(worse, form), Word(f"{_lately(worse, form)}.")]
    if newer:
        words += [Word(" New is also "), *_group(newer, form, ": "), Word(".")]
    if new:
        words += [Word(" New is "), *_group(new[0], form, ": "), Word(_others(new[1:]))]
    return tuple(words)


def _newer(groups: Sequence[ErrorGroup], told: Sequence[ErrorGroup]) -> ErrorGroup | None:
    """What came since the last of those that are told, which for some minutes nobody knows to be over; not what is
    nothing beside them."""
    last_ns, least = max(map(_newest_ns, told)) + NEWER_NS, LEAST_HARM * max(group.added for group in told)
    newer = (group for group in groups if group.word == NEW and group.added >= least and _newest_ns(group) > last_ns)
    return max(newer, key=lambda group: group.added, default=None)


def _no_news(groups: Sequence[ErrorGroup], is_compared: bool) -> str:
    if is_compared:
        return "Nothing is new"
    is_held_in_part = any(group.before.samples for group in groups)
    return "Nothing is known to be new" if is_held_in_part else "There is nothing to compare with yet"


def _lately(group: ErrorGroup, form: ErrorsForm) -> str:
    """`: none came in the last 10 minutes`, of what is over."""
    recent = next((one for one in form.period.recents if one.length_ns == group.over_within_ns), None)
    if recent is None:
        return ""
    return f": {'none' if group.last_seen_ns < recent.window.start_ns else 'fewer'} came in {recent.words}"


def _others(groups: Sequence[ErrorGroup]) -> str:
    """`; 2 more are new, 1 more came more often.`"""
    counts = Counter(group.word for group in groups)
    told = [f"{format_count(counts[word])} more {how[counts[word] > 1]}" for word, how in NEWS.items() if counts[word]]
    return f"; {', '.join(told)}." if told else "."


def _group(group: ErrorGroup, form: ErrorsForm, joined: str = "", traces: int | None = None) -> Words:
    """`DuplicateKey in payment has 20 error spans, 10 × as many as in the hour before, last 2 min ago`. `joined`: what
    stands between the name and the number where the sentence has its verb already."""
    named = _named(group)
    spans, last = counted(round(group.after.calls), "error span"), _last(group, form, traces is not None)
    spans += f" in {counted(traces, 'trace')}" if traces else ""
    if joined:
        return *named, Word(joined), Word(f"{spans}{last}", STRONG)
    if group.word in (NEW, BACK):
        is_ = NEWS[group.word][0]
        what, _, where = named
        return what, Word(f" {is_} in "), where, Word(": "), Word(f"{spans}{last}", STRONG)
    if group.word == MORE:
        many = f"{times_text(group.change)} as many"
        when = f" as {against_in(form.period.against_label)}"
        return (
            *named, Word(f" has {spans}, "), Word(many, STRONG), Word(when), Word(last, STRONG)
        )  # fmt: skip
    return *named, Word(" has "), Word(f"{spans}{last}", STRONG)


def _named(group: ErrorGroup) -> Words:
    what = one_line(error_named(group.key.exception_type, group.key.message), MAX_ERROR)
    return Word(what, STRONG), Word(" in "), Word(group.key.service, WHERE, group.key.service)


def _last(group: ErrorGroup, form: ErrorsForm, is_told: bool) -> str:
    """`, last 2 min ago`, `, last 2 min ago, the newest 3 in one trace`: that is tried again, or called many times.
    `is_told`: in how many traces they all are."""
    examples = group.after.examples
    last = "last " if group.after.samples > 1 else ""
    told = f", {_ago(last, _newest_ns(group), form)}"
    traces = len({example.trace_id for example in examples})
    if is_told or traces == len(examples):
        return told
    which = f"the newest {len(examples)} of them" if group.after.samples > len(examples) else "all"
    return f"{told}, {which} in {'one trace' if traces == 1 else counted(traces, 'trace')}"


def _newest_ns(group: ErrorGroup) -> int:
    return max((example.start_ns for example in group.after.examples), default=group.last_seen_ns)


def _ago(last: str, at_ns: int, form: ErrorsForm) -> str:
    return f"{last}{ago_text(min(at_ns, form.now_ns), form.now_ns)}"


def _felt(found: ErrorGroups) -> str:
    if not found.traces:
        return ""
    shares = f"{format_percent(found.with_error / found.traces)} had an error"
    if found.failed is not None:
        shares += f", {format_percent(found.failed / found.traces)} failed as a whole"
    return f"Of all {counted(found.traces, 'trace')} {shares}."
