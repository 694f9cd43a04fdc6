"""Draws of traces: fair, bounded, and by the indexes they were written for."""

import random
import time

import pytest

from apps.store import picks
from apps.store.connection import store_cursor
from apps.store.picks import draw, load_drafts, of_root, of_spans
from tests.insights.incident import MINUTE_NS, checkout, last_minute_ns, store_incident
from tests.insights.incident import store as store_all
from tests.store.test_plans import Explained

pytestmark = pytest.mark.usefixtures("store")
CHECKOUT = ("gateway", "POST /checkout")


def hour():
    end = last_minute_ns()
    return end - 60 * MINUTE_NS, end


def drawn(asked, seconds=5.0, workspace_id=1):
    with store_cursor() as cursor:
        return draw(cursor, workspace_id, asked, time.monotonic() + seconds)


def test_a_draw_covers_its_window_evenly():
    store_incident(calls=1, a_minute=4)
    found = drawn(of_root(*CHECKOUT, *hour(), 60))
    assert len(found.picked) == 60 and not found.ran_out
    quarters = [0] * 4
    for one in found.picked:
        quarters[int((one.start_ns - hour()[0]) // (15 * MINUTE_NS))] += 1
    assert min(quarters) >= 7


def test_a_draw_is_of_one_root_one_window_one_workspace_and_one_length():
    dice, (start, end) = random.Random(2), hour()
    store_all([checkout(n, start + n * MINUTE_NS, dice, calls=10 if n % 6 == 0 else 1, fails=n % 10 == 0,
                        name=CHECKOUT[1] if n % 2 == 0 else "GET /other") for n in range(60)])  # fmt: skip
    assert len(drawn(of_root(*CHECKOUT, start, end, 99)).picked) == 30
    assert len(drawn(of_root(*CHECKOUT, start, start + 30 * MINUTE_NS, 99)).picked) == 15
    assert len(drawn(of_root(*CHECKOUT, start, end, 99, min_ns=900_000_000)).picked) == 10
    assert len(drawn(of_root(*CHECKOUT, start, end, 99, max_ns=900_000_000)).picked) == 20
    assert len(drawn(of_root(*CHECKOUT, start, end, 99, has_error=True)).picked) == 6
    assert len(drawn(of_spans("payment", "INSERT charge", start, end, 99, has_error=True)).picked) == 6
    assert len(drawn(of_spans("payment", "", start, end, 99)).picked) == 60
    slow = of_spans("payment", "", start, end, 99, names=["POST /charges"], min_ns=900_000_000)
    assert len(drawn(slow).picked) == 10
    assert drawn(of_root(*CHECKOUT, start, end, 99), workspace_id=2).picked == []


def test_what_is_rare_is_found_by_its_tokens(monkeypatch):
    store_incident(calls=1, a_minute=4)
    store_all([checkout(1, last_minute_ns() - 30 * MINUTE_NS, random.Random(1), name="GET /rare")])
    monkeypatch.setattr(picks, "ROWS_A_STRETCH", 1)
    (one,) = drawn(of_root("gateway", "GET /rare", *hour(), 20)).picked
    with store_cursor() as cursor:
        (read,) = load_drafts(cursor, 1, [one])
    assert read.draft.span_count == 5 and read.verdict


def test_a_draw_that_has_no_time_says_so_and_leaves_the_connection_usable():
    store_incident(calls=1)
    found = drawn(of_root(*CHECKOUT, *hour(), 500), seconds=0.0)
    assert found.ran_out
    with store_cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_plans_use_the_start_and_the_tokens():
    store_incident(calls=1, a_minute=6)
    with store_cursor() as cursor:
        cursor.execute("ANALYZE trace")
        explained = Explained(cursor)
        explained.execute = guarded(explained)
        draw(explained, 1, of_root(*CHECKOUT, *hour(), 5_000, min_ns=1), time.monotonic() + 5)
    spread, *_, rare = explained.plans
    assert "_workspace_id_started_at_trace_id_idx" in spread and "Seq Scan" not in spread
    assert "_tokens_idx" in rare


def guarded(explained):
    """EXPLAIN what can be explained."""
    original = explained.execute

    def execute(sql, values=None, **options):
        if sql.startswith("SET"):
            return explained.cursor.execute(sql)
        return original(sql, values, **options)

    return execute
