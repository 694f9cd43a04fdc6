"""A batch that cannot be read holds up nothing, is kept, and can be tried again."""

import pytest
from django.core.management import call_command
from django.db import connection

from apps.digest.tasks import digest_shard
from apps.store.search import search
from apps.traces.batch import SHARDS
from tests.store.shop import random_traces, trace_id_of
from tests.storing import digest_all, send, window

pytestmark = pytest.mark.usefixtures("store")


def test_a_broken_batch_is_set_aside_the_others_are_sealed_and_it_can_be_retried(settings):
    settings.TRACER_QUIET_SECONDS = 0
    traces = random_traces(1, 40)
    send(*traces)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, payload, encode(uuid_send(trace_ids[1]), 'hex') FROM batch ORDER BY id LIMIT 1 OFFSET 9"
        )
        broken, payload, trace_id = cursor.fetchone()
        cursor.execute("UPDATE batch SET payload = 'no zstd' WHERE id = %s", [broken])
    assert len(search(1, window(kind="SERVER", limit=100)).rows) == 39
    for shard in range(SHARDS):
        digest_shard(shard)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, reason FROM refused_batch")
        ((refused, reason),) = cursor.fetchall()
        assert refused == broken
        assert "ZstdError" in reason
        cursor.execute("SELECT count(*) FROM batch")
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE refused_batch SET payload = %s", [payload])
    assert {row.trace_id for row in search(1, window(limit=100)).rows} == {trace_id_of(n) for n in range(40)} - {
        trace_id
    }
    call_command("retry_refused")
    digest_all()
    assert {row.trace_id for row in search(1, window(limit=100)).rows} == {trace_id_of(n) for n in range(40)}
