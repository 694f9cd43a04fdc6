"""Errors, grouped by where they started: how many, when, new or more often than before; and one group looked into."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from apps.insights.change import FEWER, GONE, MORE, NEW, SAME, UNCLEAR, UNSURE, Change
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.keys import digest_of
from apps.insights.period import Period, Recent
from apps.insights.queries import ErrorKey, coverage, errors, first_seen
from apps.insights.seen import Held, began_of, held_since
from apps.insights.series import series, step_of
from apps.insights.why.sources import reader_of_thread
from apps.store.connection import store_cursor
from apps.store.picks import Drawn, draw, known_traces, load_drafts, of_spans
from apps.traces.analysis import analyse, leaving_out_what_fails
from apps.traces.error_origin import ErrorOrigin
from apps.traces.key_book import ERROR
from apps.traces.moments import MINUTE_NS
from apps.traces.tokens import name_token
from apps.traces.why.significance import fewer_p, rates_p

BACK = "back"
"""Not in the window compared with, but known from before that."""
LEAST_FACTOR = 1.5
SURE_P = 0.01
"""Errors come more or less often from such a factor on, when chance alone does that in less than one of a hundred."""
MANY = 2_000
"""Beyond so many such a factor is no chance."""
LEAST_HARM = 0.1
"""Of what came on top in the worst group: a rarer one does not lead, though it goes on and the other is over."""
STEPS = 48
"""Of a group's line."""
LOOKED_INTO = 60
"""Traces of a group that are read for where they came from."""
BUDGET_SECONDS = 0.12
OVER_P, LONG_P = 0.01, 0.05
"""It is over where so few come by chance so seldom, as long as it goes on: in one of a few short parts, and in a long
one. It goes on where a part in which it would be nearer to before by chance as seldom as that is not."""


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    key: ErrorKey
    before: Figures
    after: Figures
    change: Change
    """In occurrences a minute."""
    word: str
    """`new`, `back`, `gone`, `more`, `fewer`, `same`, `unclear` or `unsure`."""
    first_seen_ns: int
    last_seen_ns: int
    line: tuple[float, ...]
    """Occurrences by step."""
    added: float
    """Occurrences beyond those that the rate before makes of the window; below 0 when there were fewer."""
    over_within_ns: int
    """In the last so many of the period it came nearer to how often it came before; 0 where it did not, or that is not
    known."""

    @property
    def id(self) -> str:
        """32 hex digits, of the key."""
        return digest_of(self.key).hex

    def fits(self, service: str, words: str) -> bool:
        """Of that service (any when ""), with every word somewhere in its key, whatever the case."""
        text = " ".join(self.key).casefold()
        return (not service or self.key.service == service) and all(w in text for w in words.casefold().split())


@dataclass(frozen=True, slots=True)
class ErrorGroups:
    groups: tuple[ErrorGroup, ...]
    """New ones first, then by occurrences."""
    steps: tuple[int, ...]
    step_ns: int
    traces: int
    """In the window, not weighted."""
    with_error: int
    """Of them, those in which any span failed."""
    is_compared: bool
    """Traces came in the whole window compared with."""
    failed: int | None
    """Those whose main root failed itself, by its status or its answer: nobody was answered in spite of an error. None
    where it is not known."""


def error_groups(workspace_id: int, period: Period) -> ErrorGroups:
    """Of the window and the one it is compared with. Raises StoreUnavailable."""
    before, after = errors(workspace_id, period.compared), errors(workspace_id, period.window)
    step_ns = step_of(period.window, period.now_ns, STEPS)
    found = series(workspace_id, period.window, ERROR, (), step_ns, group=4, histograms=False)
    seen, began_ns = first_seen(workspace_id, ERROR, ()), began_of(workspace_id, period) or period.now_ns
    held, lates = held_since(period, began_ns), [(one, errors(workspace_id, one.window)) for one in period.recents]
    groups = [
        _group(key, before.get(key, NO_FIGURES), after.get(key, NO_FIGURES), period, held, began_ns,
               seen.get(tuple(key), (0, 0)), found.lines.get(tuple(key), ()),
               [(one, late.get(key, NO_FIGURES).calls) for one, late in lates])
        for key in {**before, **after}
    ]  # fmt: skip
    covered = coverage(workspace_id, period.window)
    groups.sort(key=lambda group: (group.word != NEW, -group.after.samples, group.key))
    return ErrorGroups(tuple(groups), found.steps, step_ns, covered.traces, covered.error_traces,
                       held.is_whole, covered.failed)  # fmt: skip


def worst_first(groups: Iterable[ErrorGroup]) -> list[ErrorGroup]:
    """By what came on top of before; what goes on stands before what is over, unless it is nothing beside that."""
    groups = list(groups)
    least = LEAST_HARM * max((group.added for group in groups), default=0.0)
    return sorted(groups, key=lambda group: (group.added < least, group.over_within_ns > 0, -group.added, group.key))


def _group(
    key: ErrorKey, before: Figures, after: Figures, period: Period, held: Held, began_ns: int,
    seen: tuple[int, int], line: Sequence[Figures], lates: Sequence[tuple[Recent, float]],
) -> ErrorGroup:  # fmt: skip
    """`began_ns`: when the first trace came; `lates`: how many came in the last parts of the period."""
    first_ns, last_ns = seen
    word = word_of(before, after, first_ns, period, held.minutes)
    is_old = word == NEW and not held.is_whole and not _is_young(first_ns, began_ns, period)
    is_unheld = (word in (NEW, BACK) and not held.is_digested) or (word == GONE and not held.reaches_end)
    if is_old or is_unheld or (word in (MORE, FEWER) and not held.has_rates):
        word = UNSURE
    old, new = before.calls / held.minutes, after.calls / period.minutes
    change = Change(word if word != BACK else NEW, old or None, new or None, min(before.samples, after.samples))
    newest = max((example.start_ns for example in after.examples), default=0)
    return ErrorGroup(
        key, before, after, change, word, first_ns, max(newest, min(last_ns, newest or last_ns)),
        tuple(figures.calls for figures in line), (new - old) * period.minutes,
        _over_within_ns(old, new, lates, period.now_ns),
    )  # fmt: skip


def _is_young(first_ns: int, began_ns: int, period: Period) -> bool:
    """Traces came without it for longer than with it."""
    return first_ns - began_ns > min(period.now_ns, period.end_ns) - first_ns


def _over_within_ns(old: float, new: float, lates: Sequence[tuple[Recent, float]], now_ns: int) -> int:
    """`old` and `new`: a minute. By the shortest last part that is sure: fewer came than would as long as it goes on,
    nearer to before; or else so many would have come that as many as did are nearer to now. Where none came before the
    longest says it in any case."""
    for recent, count in lates:
        minutes = (now_ns - recent.window.start_ns) / MINUTE_NS
        middle, expected = (old + new) / 2 * minutes, new * minutes
        is_last = recent is lates[-1][0] and not recent.is_short and not old
        if count < middle and (is_last or fewer_p(count + 1, expected) < (OVER_P if recent.is_short else LONG_P)):
            return recent.length_ns
        if count >= middle and (is_last or fewer_p(middle, expected) < LONG_P):
            return 0
    return 0


def word_of(before: Figures, after: Figures, first_ns: int, period: Period, held_minutes: float) -> str:
    """One occurrence of an error is news where one slow call is none. `held_minutes`: of the window compared with,
    those of which anything is known."""
    if not after.samples:
        return GONE
    if not before.samples:
        return NEW if first_ns >= min(period.window.start_ns, period.compared_end_ns) else BACK
    minutes = held_minutes, period.minutes
    word = _rates_word(before.samples, after.samples, *minutes)
    if word != _rates_word(before.calls, after.calls, *minutes):
        # As when another share is sampled than was: more are counted, and stand for no more, or the other way round.
        return UNCLEAR
    if word == SAME:
        return SAME
    most = max(before.samples, after.samples)
    if most < MANY and rates_p(after.samples, period.minutes, before.samples, held_minutes) >= SURE_P:
        return UNSURE
    return word


def _rates_word(before: float, after: float, before_minutes: float, after_minutes: float) -> str:
    """MORE, FEWER or SAME, of so many in so many minutes, chance aside."""
    old, new = before / before_minutes, after / after_minutes
    if max(old, new) < LEAST_FACTOR * min(old, new):
        return SAME
    return MORE if new > old else FEWER


@dataclass(frozen=True, slots=True)
class LookedInto:
    """Traces of one group, read."""

    traces: int
    roots: tuple[tuple[str, str, int], ...]
    """(service, span name, traces) of the main roots, most first."""
    versions: tuple[tuple[str, int], ...]
    """(version of the service it started in, occurrences); "" for unknown."""
    messages: tuple[str, ...]
    """As they were written, newest first, at most three different ones."""
    examples: tuple[tuple[str, str, int], ...]
    """(trace id, span id of the origin, start in ns), newest first."""
    ran_out: bool
    """There are more of its error spans than these traces have."""


def look_into(workspace_id: int, group: ErrorGroup, period: Period) -> LookedInto:
    """Reads some of the group's traces, for at most BUDGET_SECONDS."""
    key = group.key
    deadline = time.monotonic() + BUDGET_SECONDS
    roots, versions = Counter(), Counter()
    found: list[tuple[int, str, str, str]] = []
    with store_cursor() as cursor:
        asked = of_spans(key.service, key.span_name, *period.window, LOOKED_INTO, has_error=True)
        drawn = draw(cursor, workspace_id, asked, deadline)
        if len(drawn.picked) < min(LOOKED_INTO, group.after.samples):
            # A server that answered 4xx has no error of its own: then any error of the trace may be whoever asked.
            loose = replace(asked, all_of=(name_token(key.service, key.span_name),))
            more = draw(cursor, workspace_id, loose, deadline)
            drawn = Drawn(drawn.picked + more.picked, drawn.ran_out or more.ran_out)
        newest = known_traces(cursor, workspace_id, {one.trace_id: one.start_ns for one in group.after.examples})
        picked = list({one.trace_id: one for one in (*newest, *drawn.picked)}.values())
        read = 0
        for one, draft, _ in load_drafts(cursor, workspace_id, picked):
            if time.monotonic() > deadline:
                break
            read += 1
            with leaving_out_what_fails(draft.trace_id):
                analysis = analyse(draft, reader_of_thread().read(draft))
                columns, main = analysis.family.columns, analysis.family.main
                mine = [origin for origin in analysis.errors if key_of(origin) == key]
                told = [
                    (columns.start[o.span], one.trace_id.hex(), columns.span_id[o.span].hex(), o.error.message)
                    for o in mine
                ]
                found += told
                versions.update(columns.version[origin.span] for origin in mine)
                if mine:
                    roots[columns.service[main], columns.name[main]] += 1
    found.sort(reverse=True)
    return LookedInto(
        sum(roots.values()),
        tuple((*root, count) for root, count in roots.most_common()),
        tuple(versions.most_common()),
        tuple(dict.fromkeys(message for *_, message in found if message))[:3],
        tuple((trace_id, span_id, start) for start, trace_id, span_id, _ in found),
        drawn.ran_out or read < len(picked) or sum(versions.values()) < group.after.samples,
    )


def key_of(origin: ErrorOrigin) -> ErrorKey:
    return ErrorKey(origin.service, origin.span_name, origin.error.type, origin.error.pattern)
