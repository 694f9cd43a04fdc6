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
from apps.traces.moments import ago_text, is_ahead
from apps.traces.search_window import ALL

BUDGET_S = 0.3
"""Looking further is a courtesy; it must not make an empty answer slow."""
MAX_HINTS = 5


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
        newest_ns, has_looked = _newest(workspace_id, hint.href, form.clock)
        if newest_ns is not None:
            told.append(replace(hint, finds=_newest_text(newest_ns, form.clock.now_ns)))
        elif not has_looked:
            told.append(hint)
        if len(told) == MAX_HINTS:
            break
    return tuple(sorted(told, key=lambda hint: not hint.finds))


def _steps(form: SearchForm, chips: Chips) -> Iterator[Hint]:
    """Steps away from this search, small ones first: an ID in a longer text alone, all that is kept, without one
    predicate, both."""
    for word, link in id_links(form):
        yield Hint(f"Search for “{word}” alone", link)
    is_narrow = form.window.preset != ALL
    if is_narrow:
        yield Hint("Look at all that is kept", _everything(form.params))
    for chip in chips if len(chips) > 1 else ():
        yield Hint(f"Without “{chip.words}”", chip.without)
    for chip in chips if len(chips) > 1 and is_narrow else ():
        without = QueryDict(urlsplit(chip.without).query).dict()
        yield Hint(f"In all that is kept, without “{chip.words}”", _everything(without))


def id_links(form: SearchForm) -> tuple[tuple[str, str], ...]:
    """Words of a sentence, log line or stack trace that look like IDs: (word, address of the search for it alone)."""
    kept = {name: form.params[name] for name in ("range", "start", "end", "tz", "live") if name in form.params}
    return tuple((word, search_link({**kept, "q": word})) for word in form.id_words)


def _newest_text(newest_ns: int, now_ns: int) -> str:
    return f"the newest {ago_text(newest_ns, now_ns)}" + (" by its own clock" if is_ahead(newest_ns, now_ns) else "")


def _everything(params: dict[str, str]) -> str:
    return search_link(params, range=ALL, start=None, end=None)


def _newest(workspace_id: int, href: str, clock: Clock) -> tuple[int | None, bool]:
    """(start in ns of the newest trace that the search at `href` finds, whether it has looked everywhere)."""
    form = SearchForm(QueryDict(urlsplit(href).query), clock=clock)
    if not form.is_valid():
        return None, True
    found = search(workspace_id, form.trace_query(limit=1))
    return (found.rows[0].started_ns if found.rows else None), found.is_complete
