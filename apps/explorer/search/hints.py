"""When nothing matches: which smaller step would find something. Asked of the store, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from urllib.parse import urlsplit

from django.http import QueryDict

from apps.explorer.search.chips import Chips
from apps.explorer.search.form import Clock, SearchForm
from apps.explorer.search.links import search_link
from apps.store.results import SearchPage
from apps.store.search import search
from apps.traces.moments import ago_text
from apps.traces.search_window import ALL

BUDGET_S = 0.3
"""Looking further is a courtesy; it must not make an empty answer slow."""
MAX_CHIPS = 6


@dataclass(frozen=True, slots=True)
class Hint:
    words: str
    href: str
    finds: str = ""
    """What is known to be there; "" when there was no time to look."""


def hints(workspace_id: int, form: SearchForm, chips: Chips, found: SearchPage) -> tuple[Hint, ...]:
    """Steps that find something first, then those there was no time to try. Steps that find nothing are left out."""
    if found.next_cursor:
        return ()  # it has not looked everywhere yet: going on is the next step, not another search
    started, told = perf_counter(), []
    for hint in _steps(form, chips):
        if perf_counter() - started > BUDGET_S:
            told.append(hint)
            continue
        newest = _newest(workspace_id, hint.href, form.clock)
        if newest is not None:
            told.append(replace(hint, finds=f"the newest {ago_text(newest, form.clock.now_ns)}"))
    return tuple(sorted(told, key=lambda hint: not hint.finds))


def _steps(form: SearchForm, chips: Chips) -> Iterator[Hint]:
    """Single steps away from this search: all that is kept, then without one predicate."""
    if form.window.preset != ALL:
        everything = search_link(form.params, range=ALL, start=None, end=None)
        yield Hint("Look at all that is kept", everything)
    if len(chips) > 1:
        for chip in list(chips)[:MAX_CHIPS]:
            yield Hint(f"Without “{chip.words}”", chip.without)


def _newest(workspace_id: int, href: str, clock: Clock) -> int | None:
    """Start (ns) of the newest trace that the search at `href` finds."""
    form = SearchForm(QueryDict(urlsplit(href).query), clock=clock)
    if not form.is_valid():
        return None
    rows = search(workspace_id, form.trace_query(limit=1)).rows
    return rows[0].started_ns if rows else None
