"""The sentences of the map: what changed on all of it, and what on one edge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from apps.explorer.change import against_in, format_ns, format_rate
from apps.explorer.map.look import shown_name
from apps.insights.map_change import (
    BACK_EDGE,
    BAD_WORDS,
    FASTER_EDGE,
    FEWER_CALLS,
    FEWER_ERRORS,
    GONE_EDGE,
    MORE_CALLS,
    MORE_ERRORS,
    NEW_EDGE,
    SLOWER_EDGE,
    TOO_FEW,
    WORDS,
)
from apps.insights.service_map import MapEdge, ServiceMap
from apps.traces.durations import NBSP, format_count, format_percent, format_times

SAID = {
    SLOWER_EDGE: ("got slower", "got slower"),
    MORE_ERRORS: ("has more errors", "have more errors"),
    MORE_CALLS: ("makes more calls per request", "make more calls per request"),
    NEW_EDGE: ("is new", "are new"),
    BACK_EDGE: ("is back", "are back"),
    GONE_EDGE: ("is gone", "are gone"),
    FASTER_EDGE: ("got faster", "got faster"),
    FEWER_ERRORS: ("has fewer errors", "have fewer errors"),
    FEWER_CALLS: ("makes fewer calls per request", "make fewer calls per request"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """`first` is told in bold, when it is bad."""

    first: str
    rest: str
    is_bad: bool


def map_said(found: ServiceMap, against: str) -> Said:
    """`1 edge got slower`, `, 2 have more errors, 1 is new. The other 22 are as before.`"""
    edges = len(found.edges)
    if not found.has_before:
        return Said(f"{_edges(edges)}.", f" {_nothing(against)}", False)
    counts = Counter(word for edge in found.changed for word in edge.words)
    told = [(word, counts[word]) for word in WORDS if counts[word]]
    few = f" {format_count(found.too_few)} had too few calls to compare." if found.too_few else ""
    others = edges - len(found.changed) - found.too_few
    if not told:
        return Said(f"Nothing changed against {against}.", _all_same(others) + few, False)
    parts = [f"{format_count(count)} {SAID[word][count != 1]}" for word, count in told]
    word, count = told[0]
    first = f"{_edges(count)} {SAID[word][count != 1]}"
    rest = "".join(f", {part}" for part in parts[1:]) + "."
    if others:
        rest += f" The other {format_count(others)} {'is' if others == 1 else 'are'} as before."
    return Said(first, rest + few, word in BAD_WORDS)


def _nothing(against: str) -> str:
    return f"Nothing was called {against_in(against)}, so there is nothing to compare with."


def _all_same(others: int) -> str:
    return f" {_edges(others)} {'is' if others == 1 else 'are'} as before." if others else ""


def _edges(count: int) -> str:
    return f"{format_count(count)} edge{'s' * (count != 1)}"


def edge_said(edge: MapEdge, against: str, has_before: bool) -> tuple[str, ...]:
    """One sentence for each change, the most telling first; one in any case."""
    if not has_before:
        return (_nothing(against),)
    if edge.words == (TOO_FEW,):
        few = min(edge.before.samples, edge.now.samples)
        return (f"Not enough calls to compare with {against} (n{NBSP}={NBSP}{few}).",)
    told = tuple(filter(None, (_told(edge, word, against) for word in edge.words)))
    return told or (f"As {against_in(against)}.",)


def _told(edge: MapEdge, word: str, against: str) -> str:
    change, caller = edge.change, shown_name(edge.caller)
    if word in (SLOWER_EDGE, FASTER_EDGE):
        latency = change.latency
        factor = latency.factor
        if factor is None:
            times = "longer"
        else:
            times = f"{format_times(factor)} as long" if factor > 1 else f"{format_percent(factor)} of the time"
        what = "Messages lie" if edge.caller.kind == "queue" else "Calls take"
        return f"{what} {times}: p95 {format_ns(latency.after)} instead of {format_ns(latency.before)}."
    if word in (MORE_ERRORS, FEWER_ERRORS):
        now, before = format_percent(change.errors.after), format_percent(change.errors.before)
        return f"{now} of the calls fail, {before} before."
    if word in (MORE_CALLS, FEWER_CALLS):
        now, before = format_rate(change.fan.after), format_rate(change.fan.before)
        return f"For each call it gets, {caller} makes {now} here instead of {before}."
    if word == NEW_EDGE:
        return f"New: {caller} never called it before."
    if word == BACK_EDGE:
        return f"Back: there was no call in {against}, but there was before that."
    return f"Gone: {format_count(round(edge.before.calls))} calls in {against}, none now."
