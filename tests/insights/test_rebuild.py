"""`manage.py rebuild_rollups` gives the same rows."""

from __future__ import annotations

import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from apps.digest.rebuild import rebuild
from apps.insights.fold import fold
from tests.insights.brute import assert_same, stored
from tests.insights.test_exact import whole_traces
from tests.store.shop import cut, random_traces, some_trace
from tests.storing import NS, digest_all, send

pytestmark = pytest.mark.usefixtures("store")
TABLES = ("rollup_minute", "rollup_ten", "rollup_hour", "rollup_six", "rollup_day")


def rows() -> list[list[dict]]:
    """Every table in a form that does not depend on the order of rows, or on how many of them make up a fact."""
    now_ns = time.time_ns() + 26 * 3600 * NS
    while fold(now_ns):
        pass
    found = []
    for table in TABLES:
        counts = [stored(table, workspace_id=w) for w in (1, 2)]
        found.append([{key: (c.numbers, c.max_ns, c.best(key[0])) for key, c in one.items()} for one in counts])
    return found


def test_the_same_traces_give_the_same_rows():
    early, late = cut(random_traces(4, 40, spans=20), 4, 2)
    send(early)
    send(*random_traces(5, 10), workspace_id=2)
    digest_all()
    fold(time.time_ns())
    send(late)
    digest_all()
    before = rows()
    said = StringIO()
    call_command("rebuild_rollups", stdout=said)
    assert said.getvalue().startswith("50 traces, ")
    assert rows() == before
    call_command("rebuild_rollups", "--workspace", "2", stdout=StringIO())
    assert rows() == before


def test_what_was_lost_or_counted_twice_is_put_right():
    send(*random_traces(4, 20))
    digest_all()
    before = rows()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rollup_hour WHERE key_id % 2 = 0")
        cursor.execute("UPDATE rollup_minute SET weight = weight * 2")
    assert rows() != before
    rebuild(now_ns=time.time_ns(), retention_days=14)
    assert rows() == before


def test_facts_older_than_any_trace_stay():
    old = some_trace(1, [("a", "x", None, 0, 5)], ago_s=10 * 86_400)
    send(old, *random_traces(4, 20))
    digest_all()
    before = rows()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trace'::regclass ORDER BY 1"
        )
        cursor.execute(f"DROP TABLE {cursor.fetchall()[0][0]}")
    rebuild(now_ns=time.time_ns(), retention_days=1)
    assert rows() == before


def test_nothing_stored_is_nothing_to_rebuild():
    said = StringIO()
    call_command("rebuild_rollups", stdout=said)
    assert said.getvalue() == "No traces are stored.\n"


def test_a_rebuild_that_dies_leaves_what_was(monkeypatch):
    send(*random_traces(4, 20))
    digest_all()
    fold(time.time_ns())
    before = stored("rollup_minute")

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("apps.insights.ledger.copy_rows", die)
    with pytest.raises(KeyboardInterrupt):
        rebuild(now_ns=time.time_ns(), retention_days=14)
    monkeypatch.undo()
    assert_same(stored("rollup_minute"), before)
    assert len(whole_traces(20)) == 20
    rebuild(now_ns=time.time_ns(), retention_days=14)
    assert_same(stored(), before)
