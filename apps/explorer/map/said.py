"""The sentences of the side panel: what changed on one edge, or one node."""

from __future__ import annotations

from collections.abc import Container

from apps.explorer.change import against_in, format_ns, format_rate
from apps.explorer.map.look import shown_name
from apps.insights.change import SAME, UNCLEAR, UNSURE, Change, durations_change, error_change
from apps.insights.map_change import (
    BACK_EDGE,
    FASTER_EDGE,
    FEWER_CALLS,
    FEWER_ERRORS,
    FIRST,
    MORE_CALLS,
    MORE_ERRORS,
    NEW_EDGE,
    SLOWER_EDGE,
    TOO_FEW,
    WORDS,
)
from apps.insights.seen import Held
from apps.insights.service_map import MapEdge, MapNode
from apps.traces.durations import NBSP, format_count, format_percent, format_times


def node_said(node: MapNode, of: Container[str] = WORDS, is_over: bool = False) -> tuple[str, ...]:
    """One sentence for each change of its calls, all callers together, that is a word `of`."""
    latency, errors = durations_change(node.before, node.now), error_change(node.before, node.now)
    words = {word for word in node.words if word in of}
    told = []
    if {SLOWER_EDGE, FASTER_EDGE} & words:
        told.append(f"{durations_said(latency)}.")
    if {MORE_ERRORS, FEWER_ERRORS} & words:
        verb = "failed" if is_over else "fail"
        told.append(f"{format_percent(errors.after)} of its calls {verb}, {format_percent(errors.before)} before.")
    return tuple(told)


def durations_said(latency: Change) -> str:
    return f"{latency.quantile} {format_ns(latency.after)} instead of {format_ns(latency.before)}"


def nothing_before(against: str, held: Held) -> str:
    if not held.is_digested:
        return f"There is nothing to compare with yet: {against} is still being digested."
    return f"Nothing was called {against_in(against)}, so there is nothing to compare with."


def _time(against: str) -> str:
    """`the hour before`, `that time` where another day has the same one."""
    return against if against.startswith("the ") else "that time"


def edge_said(edge: MapEdge, against: str, has_before: bool, held: Held) -> tuple[str, ...]:
    """One sentence for each change, the most telling first; one in any case."""
    if not has_before or (edge.words == (FIRST,) and not held.is_digested):
        return (nothing_before(against, held),)
    if edge.words == (FIRST,):
        return (f"There is nothing to compare with yet: spans came for a part of {_time(against)} only.",)
    if edge.words == (TOO_FEW,):
        few = min(edge.before.samples, edge.now.samples)
        return (f"Not enough calls to compare with {against} (n{NBSP}={NBSP}{few}).",)
    return tuple(filter(None, (_told(edge, word, against) for word in edge.words))) or _unchanged(edge, against)


def _unchanged(edge: MapEdge, against: str) -> tuple[str, ...]:
    """Traffic alone is no change of an edge, and no reason to say that all is as before."""
    latency, errors, calls = edge.change.latency, edge.change.errors, edge.change.calls
    when = against_in(against)
    if latency.word in (SAME, UNSURE):
        told = f"{'Durations are' if errors.word == UNCLEAR else 'Durations and errors are'} as {when}."
    else:
        told = f"{latency.quantile} is {format_ns(latency.after)}, {format_ns(latency.before)} {when}"
        told += ": within its usual spread." if latency.word == UNCLEAR else "."
    if not calls.is_change or not calls.before or not calls.after:
        return (told,)
    return told, f"It carries {format_rate(calls.after)} calls a minute instead of {format_rate(calls.before)}."


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
        return f"{what} {times}: {latency.quantile} {format_ns(latency.after)} instead of {format_ns(latency.before)}."
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
