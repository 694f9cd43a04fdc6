"""What slow traces, or failed ones, have in common that the others have not: hundreds of either, read and compared.

Bounded in time: it says how many were read, and when that was fewer than wanted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from apps.insights.why.answer import Answer
from apps.insights.why.ask import Selection
from apps.insights.why.selected import draw_of
from apps.insights.why.sources import EntrySource, Given, Source, draw_or_given
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.store.picks import Draw, load_drafts
from apps.traces.analysis import leaving_out_what_fails
from apps.traces.family import Family
from apps.traces.why.attributes import Compared, compare_attributes
from apps.traces.why.facts import FactReader, Facts
from apps.traces.why.judge import ERRORS, ROSE, SHARES

WANTED = 400
"""Traces of either group."""
BUDGET_SECONDS = 1.6
"""For drawing and reading; comparing takes some 0.2 s more."""
SLOW, FAILED, CHOSEN = "slow", "failed", "selected"
SLOWER_PCT = 5
"""Histograms are that coarse: a trace is slower than a quantile from so much above it."""


@dataclass(frozen=True, slots=True)
class Contrast:
    compared: Compared
    kind: str
    """SLOW (than `cut_ns`), FAILED or CHOSEN."""
    cut_ns: int
    drawn: int
    """Traces read."""
    is_sampled: bool
    """There may be more traces than were read."""
    elapsed_ms: float


def contrast(workspace_id: int, answer: Answer) -> Contrast:
    """Slow ones after against all others, before and after; failed ones, or selected ones, likewise. Raises
    StoreUnavailable."""
    began = time.perf_counter()
    deadline = time.monotonic() + BUDGET_SECONDS
    ask, source = answer.ask, answer.source
    group = _group_of(answer)
    others = [ask.view] if ask.touches or ask.selection else [ask.after, ask.before]
    draws = [group.draw(source), *(source.draw(window, WANTED) for window in others)]
    facts, sampled = _read(workspace_id, source, draws, deadline)
    mine = [one for one in facts if group.holds(one)]
    rest = [one for one in facts if not group.holds(one)]
    compared = compare_attributes(mine[:WANTED], rest[:WANTED], is_failing=group.kind == FAILED)
    elapsed_ms = (time.perf_counter() - began) * 1000
    return Contrast(compared, group.kind, group.cut_ns, len(facts), sampled, elapsed_ms)


@dataclass(frozen=True, slots=True)
class _Group:
    kind: str
    window: Window
    cut_ns: int = 0
    selection: Selection | None = None

    def draw(self, source: Source) -> Draw | Given:
        if self.selection is not None:
            return draw_of(source, self.selection, WANTED)
        return source.draw(self.window, WANTED, min_ns=self.cut_ns or None, has_error=self.kind == FAILED)

    def holds(self, one: Facts) -> bool:
        if self.selection is not None:
            return self.selection.holds(one.root_start_ns, one.root_ns)
        is_then = self.window.start_ns <= one.root_start_ns < self.window.end_ns
        return is_then and (one.is_failed if self.kind == FAILED else one.root_ns >= self.cut_ns)


def _group_of(answer: Answer) -> _Group:
    ask, judged = answer.ask, answer.finding.judged
    if ask.selection is not None:
        return _Group(CHOSEN, ask.view, selection=ask.selection)
    if ask.look == ERRORS:
        return _Group(FAILED, ask.after)
    # Slow is what the quantile was before, where it rose; else the slowest as they are.
    known = judged.before if judged.word == ROSE else answer.after.p(max(SHARES[ask.look], SHARES["p95"]))
    return _Group(SLOW, ask.after, round((known or 0) * (100 + SLOWER_PCT) / 100))


def _read(
    workspace_id: int, source: Source, draws: Iterable[Draw | Given], deadline: float
) -> tuple[list[Facts], bool]:
    reader, found, is_sampled = FactReader(), {}, False
    with store_cursor() as cursor:
        for n, asked in enumerate(draws):
            until = deadline if n else time.monotonic() + (deadline - time.monotonic()) / 2
            drawn = draw_or_given(cursor, workspace_id, asked, until)
            is_sampled |= drawn.ran_out or len(drawn.picked) >= asked.wanted
            picked = [one for one in drawn.picked if one.trace_id not in found]
            for one, draft, _ in load_drafts(cursor, workspace_id, picked):
                if time.monotonic() > until:
                    is_sampled = True
                    break
                with leaving_out_what_fails(one.trace_id):
                    facts = reader.read(draft.groups.items())
                    if isinstance(source, EntrySource):
                        _note_longest(facts, source.families(draft))
                    found[one.trace_id] = facts
    return [facts for facts in found.values() if facts.root_start_ns], is_sampled


def _note_longest(facts: Facts, families: Iterable[Family]) -> None:
    """Of a service: the longest that it was entered for stands for the trace."""
    facts.root_start_ns = facts.root_ns = 0
    facts.is_failed = False
    for family in families:
        columns, main = family.columns, family.main
        if main >= 0 and main not in columns.untimed:
            lasted_ns = columns.end[main] - columns.start[main]
            facts.is_failed |= True in columns.is_error
            if lasted_ns >= facts.root_ns:
                facts.root_start_ns, facts.root_ns = columns.start[main], lasted_ns
