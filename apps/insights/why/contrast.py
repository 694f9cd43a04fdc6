"""What slow traces, or failed ones, have in common that the others have not: hundreds of either, read and compared.

Bounded in time: it says how many were read, and when that was fewer than wanted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from apps.insights.why.answer import Answer
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.store.picks import Draw, draw, load_drafts, of_root
from apps.traces.why.attributes import Compared, compare_attributes
from apps.traces.why.facts import FactReader, Facts
from apps.traces.why.judge import ERRORS, ROSE, SHARES

WANTED = 400
"""Traces of either group."""
BUDGET_SECONDS = 1.6
"""For drawing and reading; comparing takes some 0.2 s more."""
SLOWER_PCT = 5
"""Histograms are that coarse: a trace is slower than a quantile from so much above it."""


@dataclass(frozen=True, slots=True)
class Contrast:
    compared: Compared
    is_failing: bool
    """The group are traces with an error; else those slower than `cut_ns`."""
    cut_ns: int
    slow_window: Window
    rest_window: Window
    """From the start of both windows to the end of both."""
    drawn: int
    """Traces read."""
    is_sampled: bool
    """There may be more traces than were read."""
    elapsed_ms: float


def contrast(workspace_id: int, answer: Answer) -> Contrast:
    """Slow ones after against all others, before and after; failed ones likewise. Raises StoreUnavailable."""
    began = time.perf_counter()
    deadline = time.monotonic() + BUDGET_SECONDS
    ask, is_failing = answer.ask, answer.ask.look == ERRORS
    cut_ns = 0 if is_failing else _cut_ns(answer)
    everything = Window(min(ask.before.start_ns, ask.after.start_ns), max(ask.before.end_ns, ask.after.end_ns))
    windows = (ask.after, everything if ask.touches else ask.after, *(() if ask.touches else (ask.before,)))
    draws = [of_root(ask.service, ask.name, *window, WANTED) for window in windows]
    draws[0] = of_root(ask.service, ask.name, *ask.after, WANTED, min_ns=cut_ns or None, has_error=is_failing)
    facts, sampled = _read(workspace_id, draws, deadline)
    slow, rest = [], []
    for one in facts:
        is_slow = one.is_failed if is_failing else one.root_ns >= cut_ns
        is_after = ask.after.start_ns <= one.root_start_ns < ask.after.end_ns
        (slow if is_slow and is_after else rest).append(one)
    compared = compare_attributes(slow[:WANTED], rest[:WANTED])
    elapsed_ms = (time.perf_counter() - began) * 1000
    return Contrast(compared, is_failing, cut_ns, ask.after, everything, len(facts), sampled, elapsed_ms)


def _cut_ns(answer: Answer) -> int:
    """What is called slow: above what the quantile was before, where it rose; else the slowest as they are."""
    judged, ask = answer.finding.judged, answer.ask
    known = judged.before if judged.word == ROSE else answer.after.p(max(SHARES[ask.look], SHARES["p95"]))
    return round((known or 0) * (100 + SLOWER_PCT) / 100)


def _read(workspace_id: int, draws: Iterable[Draw], deadline: float) -> tuple[list[Facts], bool]:
    reader, found, is_sampled = FactReader(), {}, False
    with store_cursor() as cursor:
        for n, asked in enumerate(draws):
            until = deadline if n else time.monotonic() + (deadline - time.monotonic()) / 2
            drawn = draw(cursor, workspace_id, asked, until)
            is_sampled |= drawn.ran_out or len(drawn.picked) >= asked.wanted
            picked = [one for one in drawn.picked if one.trace_id not in found]
            for one, draft, _ in load_drafts(cursor, workspace_id, picked):
                if time.monotonic() > until:
                    is_sampled = True
                    break
                found[one.trace_id] = reader.read(draft.groups.items())
    return list(found.values()), is_sampled
