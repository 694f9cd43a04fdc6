"""What the trace page says beside the waterfall: clocks that disagree, and log records of no span."""

from __future__ import annotations

import re
import time

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from apps.explorer.trace.loaded import forget_all
from apps.store.writer import write_batch
from apps.traces.batch import split_logs
from tests.explorer.spans import TraceMaker, key_of, pairs, span_id
from tests.storing import digest_all, send

pytestmark = pytest.mark.django_db(transaction=True)

TRACE_ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"


@pytest.fixture(autouse=True)
def _clean(empty_store) -> None:
    forget_all()


def text_of(answer) -> str:
    return re.sub(r"[\s\u00a0]+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def skewed(ahead_ms: float) -> TraceMaker:
    make = TraceMaker(TRACE_ID, time.time_ns() - 60 * 10**9)
    make.span("a1", "GET /cart", service="shop", ms=362, kind="SERVER")
    make.span("a2", "call", service="shop", parent="a1", at_ms=5, ms=40, kind="CLIENT")
    make.span("a3", "GET /stock", service="inventory", parent="a2", at_ms=10 + ahead_ms, ms=30, kind="SERVER")
    return make


def logged(*records: tuple[str, str, str]) -> None:
    """(span id or "", severity, body)"""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs({"service.name": "inventory"}))
    for short, severity, body in records:
        record = group.scope_logs.add().log_records.add(severity_text=severity, time_unix_nano=time.time_ns())
        record.trace_id, record.span_id = bytes.fromhex(TRACE_ID), span_id(short) if short else b""
        record.body.string_value = body
        record.attributes.extend(pairs({"sku": "A-1"}))
    write_batch(1, split_logs(request))


def test_a_clock_that_is_off_is_told_with_what_the_request_really_took(client):
    send(skewed(4_000).data)
    digest_all()
    page = client.get(f"/t/{TRACE_ID}")
    said = "The clock of inventory seems at least 4.00 s ahead of shop’s, so its spans stand in the wrong place. "
    assert said + "The request itself took 362 ms." in text_of(page)
    assert 'title="clock at least 4.00\u00a0s ahead of its caller’s"' in page.content.decode()
    assert "clock +4.00 s" in text_of(page)
    assert "nobody waited for" not in text_of(page) and "the whole trace 4" not in text_of(page)
    rows = text_of(client.get("/"))
    assert "4.04 s clock off" in rows and "4.04 s" not in rows.replace("4.04 s clock off", "")


def test_parents_in_a_circle_are_said_to_be_so_and_not_called_complete(client):
    make = TraceMaker(TRACE_ID, time.time_ns() - 60 * 10**9)
    make.span("a1", "odd", service="newcomer", parent="a1", ms=50)
    send(make.data)
    digest_all()
    page = text_of(client.get(f"/t/{TRACE_ID}"))
    assert "parents in a circle" in page and "no parent missing" not in page
    row = text_of(client.get("/"))
    assert "No span here is the first. The earliest part here took 50.0 ms, all of it in newcomer" in row


@pytest.mark.parametrize("ahead_ms", [0, 6.5])
def test_clocks_that_agree_well_enough_are_not_mentioned(client, ahead_ms):
    send(skewed(ahead_ms).data)
    assert "The clock of" not in text_of(client.get(f"/t/{TRACE_ID}"))


@pytest.mark.parametrize("is_sealed", [False, True])
def test_log_records_of_no_span_are_shown_under_the_waterfall(client, is_sealed):
    send(skewed(0).data)
    logged(("a3", "INFO", "of the span"), ("", "WARN", "stock is low"), ("ffffffffffffffff", "", "of a lost span"))
    if is_sealed:
        digest_all()
    said = text_of(client.get(f"/t/{TRACE_ID}"))
    assert "2 log records without a span" in said
    assert re.search(r"inventory WARN .{,20}stock is low", said)
    assert re.search(r"inventory log .{,20}of a lost span", said)
    assert "of the span" not in said
    assert "of the span" in text_of(client.get(f"/t/{TRACE_ID}?span={key_of('a3')}"))
    if not is_sealed:
        assert 'id="trace-logs" hx-swap-oob="true"' in client.get(f"/t/{TRACE_ID}/live").content.decode()


def test_a_trace_without_such_records_says_nothing_of_them(client):
    send(skewed(0).data)
    assert "without a span" not in text_of(client.get(f"/t/{TRACE_ID}"))


def test_every_value_of_the_page_has_an_id_of_its_own_to_be_copied_by(client):
    send(skewed(0).data)
    logged(*(("", "WARN", f"stray {n}") for n in range(3)), *(("a3", "INFO", f"own {n}") for n in range(3)))
    ids = re.findall(r' id="([^"]+)"', client.get(f"/t/{TRACE_ID}?span={key_of('a3')}").content.decode())
    assert len(ids) == len(set(ids))
    assert "v-stray-2-1" in ids


def test_attributes_named_like_a_field_are_looked_for_as_attributes(client):
    make = skewed(0)
    make.span("a4", "x", service="shop", parent="a1", attributes={"status": "ERROR", "order.id": "48213"})
    send(make.data)
    html = client.get(f"/t/{TRACE_ID}?span={key_of('a4')}").content.decode()
    assert 'href="/?range=all&amp;attrs=status%3DERROR"' in html
    assert 'href="/?q=order.id%3D48213"' in html
