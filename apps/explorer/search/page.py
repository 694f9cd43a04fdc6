"""The search page: one search, and everything its template says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from apps.explorer.search.chips import Chips, chips_of
from apps.explorer.search.form import ORDER, SearchForm
from apps.explorer.search.hints import Hint, hints
from apps.explorer.search.links import search_link
from apps.explorer.search.rows import ResultRow, result_rows
from apps.explorer.search.scatter import MAX_POINTS, Scatter, scatter
from apps.insights.judged import with_verdicts_so_far
from apps.store.names import MAX_ATTRIBUTE_KEYS
from apps.store.page_keys import is_up_to_cursor, up_to_cursor
from apps.store.results import SearchPage, TraceRow
from apps.store.search import search
from apps.traces.doubts import doubts
from apps.traces.durations import counted, format_count
from apps.traces.moments import S_NS, clock_text, is_ahead, span_text
from apps.traces.query import TraceQuery
from apps.traces.search_window import ALL

ROWS = 25
SEEN_CHARS = 12
NOT_ASKED = {"form", "live", "cursor", "range"}
MAY_MISS_VALUES = (
    f"There may be more: a value alone is looked for under the {format_count(MAX_ATTRIBUTE_KEYS)} attribute keys that "
    "came first. Written as key=value it is found under any key."
)
BACK_CHARS = 1_500
"""A longer search is not carried into the trace's address: addresses have to pass through proxies and chats."""


@dataclass(frozen=True, slots=True)
class Footer:
    """How far the search looked."""

    shown: str
    when: str
    """From the oldest to the newest on the page, "" without rows."""
    looked: str
    ran_out: bool
    is_complete: bool
    """The whole range was searched, and nothing can be missing."""
    older: str
    newest: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """Rows that start later than now: they stand above all that came since."""

    said: str
    without: str
    """Address of the page that begins with the newest up to now; "" when all matches are on this page."""


@dataclass(frozen=True, slots=True)
class Newer:
    """What came since a page was drawn."""

    count: int
    is_more: bool
    link: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    chips: Chips
    rows: tuple[ResultRow, ...]
    title: str
    is_all: bool
    """Every match is on this page."""
    ahead: Ahead | None
    may_miss: str
    """What may be missing although the whole range was searched; "" for nothing."""
    has_match_column: bool
    service: str
    """The one searched for, "" for any."""
    footer: Footer
    hints: tuple[Hint, ...]
    doubts: tuple[str, ...]
    """What the box may have meant instead, when nothing was found."""
    chart: Scatter | None
    """None when more traces match than this page holds (the chart then comes by itself), or none do."""
    chart_link: str
    why_link: str
    """Why these are slow, "" without any."""
    newer_link: str
    """Where to ask whether more came, with what is shown already."""


def result_page(workspace_id: int, form: SearchForm) -> ResultPage:
    """Search and tell; `form` is valid."""
    query = form.trace_query(ROWS)
    found = search(workspace_id, query)
    traces = with_verdicts_so_far(workspace_id, found.rows, form.clock.now_ns)
    chips = chips_of(form)
    is_first, is_last = not query.cursor, not found.next_cursor
    is_all = is_first and found.is_complete and not found.may_miss_values
    return ResultPage(
        chips=chips,
        rows=result_rows(
            traces, form.clock.now_ns, form.zone, back_query(form.params), for_errors=query.span.is_for_errors
        ),
        title=_title(len(found.rows), is_all),
        is_all=is_all,
        ahead=_ahead(form, query, found),
        may_miss=MAY_MISS_VALUES if found.may_miss_values else "",
        has_match_column=not query.span.is_empty,
        service=query.span.service or "",
        footer=_footer(form, query, found),
        hints=() if found.rows else hints(workspace_id, form, chips, found),
        doubts=() if found.rows or form.as_text else doubts(form.recognised, form.params.get("q", "")),
        chart=_chart(form, found) if is_first and is_last else None,
        chart_link=search_link(form.params, path="/search/chart") if found.rows else "",
        why_link=_why_link(form) if found.rows else "",
        newer_link=_newer_link(workspace_id, form, query, found) if form.params.get("live") else "",
    )


def chart_page(workspace_id: int, form: SearchForm) -> tuple[Scatter | None, bool]:
    """The chart of the newest MAX_POINTS matches, and whether those are all."""
    found = search(workspace_id, replace(form.trace_query(MAX_POINTS), cursor=""))
    return _chart(form, found), not found.next_cursor


def newer(workspace_id: int, form: SearchForm, seen: set[str], *, has_under: bool) -> Newer:
    """How many of the newest matches are not among `seen` (ends of trace ids), and where they are shown. `has_under`:
    among them are those under a page of traces ahead."""
    found = search(workspace_id, replace(form.trace_query(ROWS), cursor=""))
    newest, under = found.rows, (has_under and _under_a_page_ahead(workspace_id, form, found)) or ()
    fresh = {row.trace_id for row in (*newest, *under) if row.trace_id[-SEEN_CHARS:] not in seen}
    # When the oldest of a full page is new, there may be others between it and what was seen.
    is_more = any(len(rows) == ROWS and rows[-1].trace_id in fresh for rows in (newest, under))
    is_under = bool(fresh) and fresh.isdisjoint(row.trace_id for row in newest)
    return Newer(len(fresh), is_more, search_link(form.params, cursor=_up_to_now(form) if is_under else ""))


def back_query(params: dict[str, str]) -> str:
    """The query string by which a trace page leads back here."""
    text = urlencode([(name, params[name]) for name in ORDER if params.get(name)])
    return text if len(text) <= BACK_CHARS else ""


def _newer_link(workspace_id: int, form: SearchForm, query: TraceQuery, found: SearchPage) -> str:
    """ "" on pages that nothing new comes to."""
    if is_up_to_cursor(query.cursor):
        above, under = search(workspace_id, replace(query, cursor="")), found.rows
        newest = above.rows[: _count_ahead(above, form.clock.now_ns)]
    elif query.cursor:
        return ""
    else:
        newest, under = found.rows, _under_a_page_ahead(workspace_id, form, found)
    seen = ",".join(row.trace_id[-SEEN_CHARS:] for row in (*newest, *(under or ())))
    link = search_link(form.params, path="/search/newer")
    return f"{link}{'&' if '?' in link else '?'}seen={seen}" + ("" if under is None else "&under=1")


def _under_a_page_ahead(workspace_id: int, form: SearchForm, found: SearchPage) -> tuple[TraceRow, ...] | None:
    """The newest up to now, where a whole page of traces ahead of it would hide from Live whatever comes; else None."""
    if _count_ahead(found, form.clock.now_ns) < ROWS:
        return None
    return search(workspace_id, replace(form.trace_query(ROWS), cursor=_up_to_now(form))).rows


def _ahead(form: SearchForm, query: TraceQuery, found: SearchPage) -> Ahead | None:
    now_ns = form.clock.now_ns
    ahead = [row.started_ns for row in found.rows if is_ahead(row.started_ns, now_ns)]
    count = len(ahead)
    if not count:
        return None
    # Those farther ahead were filed under their arrival, and stand among the others.
    are_on_top = _count_ahead(found, now_ns) > 0 and not is_up_to_cursor(query.cursor)
    is_one, is_cut = count == 1, are_on_top and found.next_cursor and form.window.start_ns < now_ns
    return Ahead(
        said=f"{format_count(count)} of these {'starts' if is_one else 'start'} later than now: "
        f"{'its clock is' if is_one else 'their clocks are'} ahead of this server’s.",
        without=search_link(form.params, cursor=_up_to_now(form)) if is_cut else "",
    )


def _count_ahead(found: SearchPage, now_ns: int) -> int:
    """How many of its rows stand above all that came up to now."""
    return sum(is_ahead(at_ns, now_ns) for at_ns in found.filed_ns)


def _up_to_now(form: SearchForm) -> str:
    """The cursor of the page that begins below the rows that are ahead."""
    return up_to_cursor(form.clock.now_ns + S_NS)


def _chart(form: SearchForm, found: SearchPage) -> Scatter | None:
    start_ns = max(form.window.start_ns, found.looked_back_to_ns)
    if form.window.preset == ALL:
        # Of traces filed under their arrival the start says nothing.
        start_ns = min((row.started_ns for row in found.rows if row.started_ns >= start_ns), default=start_ns)
    window = (start_ns, max(start_ns, form.window.shown_end_ns))
    return scatter(found.rows, window, form.zone, back_query(form.params))


def _title(count: int, is_all: bool) -> str:
    return counted(count, "trace" if is_all else "newest trace")


def _footer(form: SearchForm, query: TraceQuery, found: SearchPage) -> Footer:
    now_ns, zone = form.clock.now_ns, form.zone
    looked = f"Looked at {counted(found.looked_at, 'trace')} one by one in {found.elapsed_ms:.0f}\u00a0ms"
    if not found.is_complete:
        looked += f", back to {clock_text(max(found.looked_back_to_ns, query.start_ns), now_ns, zone)}"
    return Footer(
        shown=format_count(len(found.rows)),
        when=span_text(found.rows[-1].started_ns, found.rows[0].started_ns, zone) if found.rows else "",
        looked=looked,
        ran_out=found.ran_out,
        is_complete=found.is_complete and not found.may_miss_values,
        older=search_link(form.params, cursor=found.next_cursor) if found.next_cursor else "",
        newest=search_link(form.params) if query.cursor else "",
    )


def _why_link(form: SearchForm) -> str:
    """The page that compares what this search finds with what it found before."""
    ranged = {name: form.params[name] for name in ("range", "start", "end", "tz") if form.params.get(name)}
    if ranged.get("range") == ALL:
        del ranged["range"]
    asked = {name: form.params[name] for name in ORDER if form.params.get(name) and name not in NOT_ASKED | set(ranged)}
    return f"/why?{urlencode({'search': urlencode(asked) or 'range=1h', **ranged})}"
