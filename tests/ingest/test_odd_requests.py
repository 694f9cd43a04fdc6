"""Every row of the table, sent to a real server over a real socket."""

from __future__ import annotations

import time

import pytest

from apps.digest.seal import digest_shard
from apps.store import queries
from apps.traces.batch import SHARDS
from tests.ingest import answers_page, odd_requests
from tests.ingest.conftest import WORKSPACE_ID
from tests.ingest.odd_requests import Row
from tests.ingest.spans import new_trace_id
from tests.ingest.wire_http import JSON, PROTOBUF, Answer, chunked, exchange, head


@pytest.mark.parametrize("row", odd_requests.ROWS, ids=lambda row: row.sent[:60])
def test_a_request_gets_the_answer_the_table_promises(row: Row, servers, stored_spans):
    trace_id = new_trace_id()
    answer = send(row, trace_id, servers)

    assert answer is not None, "no answer at all"
    assert (answer.status, answer.message()) == (row.status, answer.message())
    assert answer.content_type == expected_type(row)
    if row.says == "":
        assert row.status != 200 or answer.message() in ("", "{}")
    elif row.says != "*":
        assert row.says in answer.message()
    if row.rejected is not None and row.status == 200:
        assert answer.rejected() == row.rejected
    for name, value in row.answers.items():
        assert answer.headers.get(name) == value
    if row.stored is not None:
        assert len(stored_spans(trace_id)) == row.stored


def expected_type(row: Row) -> str:
    """Answers speak the request's encoding; JSON where the request has none."""
    media_type = (row.content_type or "").partition(";")[0].lower()
    return PROTOBUF if media_type == PROTOBUF else JSON


def send(row: Row, trace_id: str, servers) -> Answer | None:
    server = servers(row.server)
    body = row.body(trace_id)
    headers = {name: server.fill(value) for name, value in row.headers.items()}
    if row.content_type is not None:
        headers = {"Content-Type": row.content_type} | headers
    if row.way in ("chunked", "broken chunks"):
        headers |= {"Transfer-Encoding": "chunked"}
    else:
        headers = {"Content-Length": str(len(body) + 10 * (row.way == "cut short"))} | headers
    framed = {"chunked": chunked, "broken chunks": lambda b: b"zz\r\n" + b}.get(row.way, bytes)(body)
    start = head(row.method, server.fill(row.path), headers)
    if row.way == "twice":
        exchange(server.port, start, framed)
    return exchange(server.port, start, framed, half_close=row.way == "cut short")


def test_odd_spans_are_sealed_like_any_other_and_hold_nothing_up(servers, stored_spans):
    taken = [row for row in odd_requests.REPAIRED + odd_requests.PARTLY_REFUSED if row.stored]
    sent = {new_trace_id(): row for row in taken}
    for trace_id, row in sent.items():
        assert send(row, trace_id, servers).status == 200

    for shard in range(SHARDS):
        later_ns = time.time_ns() + 3600 * 10**9
        digest_shard(shard, now_ns=later_ns, quiet_seconds=0, retention_days=14)

    for trace_id, row in sent.items():
        stored = queries.load_trace(WORKSPACE_ID, trace_id)
        assert (stored.is_sealed, len(stored.trace)) == (True, row.stored), row.sent


def test_the_table_has_at_least_forty_rows_and_no_row_twice():
    assert len({row.sent for row in odd_requests.ROWS}) == len(odd_requests.ROWS) >= 40


def test_the_page_in_the_documentation_is_made_from_this_table():
    assert answers_page.PAGE.read_text(encoding="utf-8") == answers_page.page()
