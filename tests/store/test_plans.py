"""How PostgreSQL goes about the statements of a search: by the index each was written for, on any size of table."""

import pytest

from apps.store import candidates
from apps.store.candidates import Asked
from apps.store.connection import store_cursor
from apps.store.hot_cache import HotCache
from apps.store.hot_search import HotTraces
from apps.store.load import load_draft, sealed_documents
from apps.store.partitions import existing_partitions
from apps.store.sealed import read_existing
from apps.store.sealed_search import sealed_between
from apps.store.token_filters import Names, token_filter
from tests.store.explained import Explained
from tests.store.shop import random_traces, trace_id_of
from tests.storing import digest_all, send, window

pytestmark = pytest.mark.usefixtures("store")

BY_TOKEN, BY_START, BY_ID = "_tokens_idx", "_workspace_id_started_at_trace_id_idx", "_trace_id_idx"
IDS = [bytes.fromhex(trace_id_of(n)) for n in range(20)]


@pytest.fixture
def explained(store):
    send(*random_traces(1, 400))
    digest_all()
    with store_cursor() as cursor, cursor.connection.transaction():
        cursor.execute("ANALYZE trace")
        cursor.execute("SET LOCAL enable_seqscan = off")  # as apps.store.search does
        yield Explained(cursor)


@pytest.mark.parametrize(
    "conditions",
    [
        {"attributes": (("order.id", "48213"),)},
        {"service": "gateway"},
        {"service": "gateway", "name": "GET /", "min_duration_ns": 1_000_000},
        {"values": ("48213",)},
        {"min_trace_duration_ns": 1_000_000_000, "max_trace_duration_ns": 2_000_000_000},
    ],
    ids=str,
)
def test_tokens_are_looked_up_in_gin_and_nowhere_else(explained, conditions):
    query = window(**conditions)
    tokens = token_filter(query, Names(attribute_keys=[f"key-{n}" for n in range(200)]))
    asked = Asked(1, query, tokens, query.start_ns // 1000)
    days = existing_partitions(explained.cursor)
    for before in (None, (query.end_ns // 1000, IDS[0])):
        candidates.token_candidates(explained, asked, days, before, most=25)
    for plan in explained.plans:
        assert BY_TOKEN in plan
        assert BY_START not in plan and BY_ID not in plan and "Seq Scan" not in plan


def test_the_newest_are_read_in_order_from_the_index_by_start(explained):
    query = window(service="gateway")
    days = existing_partitions(explained.cursor)
    asked = Asked(1, query, token_filter(query, Names()), query.start_ns // 1000)
    for before in (None, (query.end_ns // 1000, IDS[0])):
        for rows in (60, 4_000):
            candidates.newest_candidates(explained, asked, days, before, rows, most=25)
    for plan in explained.plans:
        assert BY_START in plan
        assert BY_TOKEN not in plan and "Sort" not in plan


def test_traces_are_read_by_their_ids(explained):
    query = window()
    (day, *_) = existing_partitions(explained.cursor)
    sealed_documents(explained, 1, day, IDS)
    sealed_between(explained, 1, IDS, query.start_ns // 1000, query.end_ns // 1000)
    read_existing(explained, IDS, from_ns=query.start_ns, until_ns=query.end_ns)
    cache = HotCache()
    load_draft(explained, 1, IDS[0], HotTraces(cache, cache.look(explained.cursor, 2)))
    assert len(explained.plans) == 4
    for plan in explained.plans:
        assert BY_ID in plan and "Seq Scan" not in plan
