"""The ways a search goes, each held to what all must find: newest rows, GIN, many days, several rows a trace."""

import random
import time

import pytest

from apps.store import candidates, hot_search, sealed, sealed_search
from apps.store.connection import store_cursor
from apps.store.hot_cache import HotCache
from apps.store.partitions import day_of, sort_in_new_tokens
from apps.store.search import search
from tests.store.shop import random_traces, some_trace, trace_id_of
from tests.store.test_search import all_pages, reopened
from tests.storing import digest_all, send, window
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.usefixtures("store")

DAY_S = 86_400


def over_days(count: int, days: int):
    """Traces with an attribute that every one has, one that every third has, and one of its own; newest first."""
    pick = random.Random(count)
    agos = sorted(pick.uniform(60, (days - 1) * DAY_S) for _ in range(count))
    for n, ago_s in enumerate(agos):
        held = {"common": "yes", "own": f"value-{n}", **({"third": "yes"} if n % 3 == 0 else {})}
        send(some_trace(n, [SpanSpec("shop", "sell", None, 0, 5 + n % 7, held)], ago_s=ago_s))


def within(days: int, **conditions):
    asked = window(**conditions)
    now = time.time_ns()
    return type(asked)(now - days * DAY_S * 10**9, now + 10**9, asked.span, limit=asked.limit, cursor=asked.cursor)


def pages(days: int, **conditions) -> list[str]:
    ids, cursor = [], ""
    while True:
        page = search(1, within(days, cursor=cursor, **conditions))
        ids += [row.trace_id for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            assert page.is_complete
            return ids


@pytest.mark.parametrize("days_at_once", [8, 2])
@pytest.mark.parametrize("rows", [(300, 4_000), (2, 3)], ids=["newest rows", "GIN"])
def test_values_common_rare_and_absent_are_found_newest_first_over_many_days(monkeypatch, days_at_once, rows):
    monkeypatch.setattr(sealed_search, "DAYS_AT_ONCE", days_at_once)
    monkeypatch.setattr(sealed_search, "NEWEST_ROWS", rows)
    monkeypatch.setattr(sealed_search, "FEW", 4)
    over_days(60, days=5)
    digest_all()
    everything = [trace_id_of(n) for n in range(60)]
    assert pages(6, limit=7, attributes=(("common", "yes"),)) == everything
    assert pages(6, limit=7, attributes=(("third", "yes"),)) == everything[::3]
    assert pages(6, limit=7, service="shop", name="sell", min_duration_ns=11_000_000) == everything[6::7]
    for n in (0, 31, 59):
        assert pages(6, attributes=(("own", f"value-{n}"),)) == [trace_id_of(n)]
        assert pages(6, values=(f"value-{n}",)) == [trace_id_of(n)]
    assert pages(6, attributes=(("own", "nothing"),)) == pages(6, values=("nothing",)) == []


@pytest.fixture
def statements(monkeypatch):
    """The names of the statements that searches ask sealed traces with."""
    asked = []
    for name in ("newest_candidates", "token_candidates"):
        run = getattr(candidates, name)
        monkeypatch.setattr(candidates, name, lambda *args, run=run, name=name: asked.append(name) or run(*args))
    return asked


def test_a_rare_value_costs_one_look_at_the_newest_and_one_at_gin_for_all_days(statements, monkeypatch):
    monkeypatch.setattr(sealed_search, "NEWEST_ROWS", (10, 10))
    over_days(40, days=5)
    digest_all()
    assert pages(6, attributes=(("own", "value-39"),)) == [trace_id_of(39)]
    assert statements == ["newest_candidates", "token_candidates"]


def test_what_no_hot_trace_has_is_looked_up_in_gin_at_once(statements, monkeypatch):
    """Hot traces are newer than all that is sealed: they were looked at already."""
    monkeypatch.setattr(hot_search, "MANY", 10)
    over_days(40, days=5)
    digest_all()
    for n in range(100, 112):
        send(some_trace(n, [SpanSpec("shop", "sell", None, 0, 5, {"common": "yes"})], ago_s=1))
    assert pages(6, attributes=(("own", "value-39"),)) == [trace_id_of(39)]
    assert statements == ["token_candidates"]
    statements.clear()
    assert len(pages(6, limit=100, attributes=(("common", "yes"),))) == 52
    assert "token_candidates" not in statements
    statements.clear()
    # They say nothing of a time long before them.
    asked = within(6, attributes=(("third", "yes"),))
    earlier = type(asked)(asked.start_ns, time.time_ns() - 30 * 10**9, asked.span, limit=asked.limit)
    assert [row.trace_id for row in search(1, earlier).rows] == [trace_id_of(n) for n in range(0, 40, 3)]
    assert statements[0] == "newest_candidates"


def test_a_common_value_is_not_looked_up_in_gin_though_it_matches_nowhere(statements, monkeypatch):
    monkeypatch.setattr(sealed_search, "NEWEST_ROWS", (10, 10))
    specs = [SpanSpec("a", "x", None, 0, 9, {"one": "1"}), SpanSpec("a", "y", 0, 1, 2, {"two": "2"})]
    send(*(some_trace(n, specs, ago_s=60 + n) for n in range(30)))
    digest_all()
    assert pages(1, attributes=(("one", "1"), ("two", "2"))) == []
    assert set(statements) == {"newest_candidates"}


def test_sealed_traces_older_than_a_page_of_hot_ones_are_left_to_later_pages(statements, monkeypatch):
    send(*random_traces(5, 60))
    digest_all()
    send(*(some_trace(100 + n, [("hot", "x", None, 0, 5)], ago_s=0.1) for n in range(30)))
    page = search(1, window(limit=20))
    assert page.looked_at < 60
    assert len(set(all_pages(limit=20))) == len(all_pages(limit=20)) == 90


@pytest.mark.parametrize("seconds_ago", [60, 3 * DAY_S])
def test_a_trace_of_several_rows_is_searched_in_all_of_them(monkeypatch, seconds_ago):
    monkeypatch.setattr(sealed, "MAX_SPANS_IN_ROW", 3)
    specs = [SpanSpec("a", f"step {n}", None, n, 1, {"step": n}) for n in range(10)]
    send(some_trace(1, specs, ago_s=seconds_ago))
    digest_all()
    for n in range(10):
        (row,) = search(1, within(5, attributes=(("step", str(n)),))).rows
        assert (row.matched.name, row.matched_count, row.span_count) == (f"step {n}", 1, 10)


def test_a_bare_text_rules_batches_out_unread_and_is_found_wherever_it_stands():
    event = (4, "text-of-an-event", {"key": "text-in-an-event"})
    send(some_trace(1, [SpanSpec("text-of-a-service", "text-of-a-name", None, 0, 9, {"n": 7, "a": "text"}, "CLIENT",
                                 events=(event,))]))  # fmt: skip
    cache = HotCache()
    with store_cursor() as cursor:
        snapshot = cache.look(cursor, 1)
    for text in ("text-of-a-service", "text-of-a-name", "7", "text", "text-of-an-event", "text-in-an-event", "tests"):
        assert search(1, window(values=(text,))).rows, text
    from apps.store.token_filters import hot_filter

    assert not any(hot_filter(window(values=("elsewhere",))).may_be_in(batch.tokens) for batch in snapshot.batches)
    assert search(1, window(name="text-of-a-name")).rows and not search(1, window(name="text")).rows


def test_a_trace_that_is_sealed_while_part_of_it_is_hot_is_told_from_one_that_is_not():
    send(some_trace(1, [("a", "x", None, 0, 5)], ago_s=30), some_trace(2, [("b", "x", None, 0, 5)], ago_s=20))
    for _ in range(2):  # asked once, remembered the second time
        assert [row.span_count for row in search(1, window()).rows] == [1, 1]
    digest_all()
    send(reopened(1, ago_s=10))
    for _ in range(2):
        assert [(row.trace_id, row.span_count) for row in search(1, window()).rows] == [
            (trace_id_of(2), 1), (trace_id_of(1), 2)]  # fmt: skip
    digest_all()
    assert [row.span_count for row in search(1, window()).rows] == [1, 2]


def test_a_snapshot_stays_as_it_was_while_others_refresh_the_cache():
    send(some_trace(1, [("a", "x", None, 0, 5)]))
    cache, trace_id = HotCache(), bytes.fromhex(trace_id_of(1))
    with store_cursor() as cursor:
        before = cache.look(cursor, 1)
        digest_all()
        send(some_trace(2, [("b", "x", None, 0, 5)]))
        after = cache.look(cursor, 1)
    assert len(cache.trace(before, trace_id).batches) == 1
    assert not cache.trace(after, trace_id).batches
    cache.note_unsealed(before, [trace_id])
    assert cache.may_be_sealed(after, trace_id), "what an old snapshot found must not be remembered"


def test_new_tokens_are_sorted_into_the_index():
    send(*random_traces(2, 20))
    digest_all()
    today = day_of(time.time_ns())
    sort_in_new_tokens(today)
    with store_cursor() as cursor:
        cursor.execute(
            "SELECT sum(gin_clean_pending_list(indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid"
            " WHERE relname LIKE 'trace_2%tokens_idx'"
        )
        assert cursor.fetchone()[0] == 0
    assert search(1, window(attributes=(("order.id", "nothing"),))).is_complete
