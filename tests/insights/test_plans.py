"""How PostgreSQL goes about the statements of rollups: by the index each was written for, on any size of table."""

import time

import pytest

from apps.insights.fold import fold
from apps.insights.key_search import ids_of_first
from apps.insights.keys import _find, digest_of
from apps.insights.messages import _pair, _take_gone
from apps.insights.reading import Asked, figures_by_key, stretches_of
from apps.insights.window import window_over
from apps.store.connection import store_cursor
from apps.traces.key_book import EDGE, NAME
from apps.traces.moments import HOUR_NS
from tests.store.explained import Explained
from tests.store.shop import random_traces
from tests.storing import digest_all, send

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def explained(store):
    send(*random_traces(1, 60))
    digest_all()
    while fold(time.time_ns() + 3 * HOUR_NS):
        pass
    with store_cursor() as cursor, cursor.connection.transaction():
        cursor.execute("ANALYZE rollup_key")
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield Explained(cursor)


def window():
    return window_over(time.time_ns() - 2 * HOUR_NS, time.time_ns())


def assert_by(index: str, plan: str) -> None:
    """Levels are read by an index of this form; only the inbox, which has none, is read whole."""
    assert index in plan, plan
    assert not [line for line in plan.splitlines() if "Seq Scan" in line and "rollup_inbox" not in line], plan


@pytest.mark.parametrize("kind", [EDGE, NAME])
def test_a_workspace_s_facts_are_read_by_kind_and_time(explained, kind):
    asked = Asked(1, kind, stretches_of(explained.cursor, window()))
    assert figures_by_key(explained, asked)
    assert_by("_workspace_id_kind_bucket_at_idx", explained.plans[0])


def test_facts_of_some_keys_are_read_by_key_and_time(explained):
    keys = ids_of_first(explained, 1, NAME, ["service-0"])
    assert keys and "rollup_key_by_parts" in explained.plans[0], explained.plans
    asked = Asked(1, NAME, stretches_of(explained.cursor, window()), keys)
    assert figures_by_key(explained, asked)
    assert_by("_key_id_bucket_at_idx", explained.plans[1])
    assert all("rollup_key_pkey" in plan for plan in explained.plans[2:]), explained.plans


def test_keys_are_found_by_their_digests(explained):
    _find(explained, 1, [(NAME, digest_of(("service-0", "GET /", "SERVER", "", "")))])
    assert "rollup_key_workspace_id_kind_digest_key" in explained.plans[0], explained.plans


def test_ends_of_messages_are_paired_by_the_new_ones(explained):
    """Both tables hold days of messages; a run every few seconds must read the last ones and look up the others."""
    _take_gone(explained)
    _pair(explained)
    assert not [plan for plan in explained.plans if "Seq Scan" in plan], explained.plans
