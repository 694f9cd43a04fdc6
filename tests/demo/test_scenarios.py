"""Each scenario can be seen in the first two hours, when it is on and not when it is off."""

from itertools import pairwise
from statistics import median

import pytest
from opentelemetry.trace import StatusCode

from apps.demo.jobs import nightly_batch
from apps.demo.scenarios import CYCLE_MINUTES, JOBS, SCENARIOS
from apps.demo.shop import SKEW_NS, Settings
from tests.demo.conftest import attribute, make_day, minute, service


def on_and_off(day, scenario, name, of_service, measure):
    """`measure(span, children)` of the spans of this name, while the scenario is on and while it is off."""
    children = {}
    for span in day.spans:
        if span.parent:
            children.setdefault(span.parent.span_id, []).append(span)
    on, off = [], []
    for span in day.spans:
        if span.name == name and service(span) == of_service:
            side = on if SCENARIOS[scenario].is_active(minute(span)) else off
            side.append(measure(span, children.get(span.context.span_id, [])))
    assert len(on) >= 5
    assert len(off) >= 5
    return on, off


def test_every_scenario_begins_in_the_first_two_hours():
    for scenario in (*SCENARIOS.values(), *JOBS.values()):
        assert scenario.offset < CYCLE_MINUTES
        assert scenario.every <= CYCLE_MINUTES
        assert scenario.about


def test_payment_4_12_0_asks_the_bank_once_a_line(day):
    charges = [span for span in day.spans if service(span) == "payment" and span.name == "POST /charges"]
    for span in charges:
        if span.resource.attributes["service.version"] == "4.12.0":
            assert minute(span) >= SCENARIOS["slow_bank"].offset
    by_version = {
        version: [span for span in charges if span.resource.attributes["service.version"] == version]
        for version in ("4.11.3", "4.12.0")
    }
    slow, usual = (
        median(span.end_time - span.start_time for span in by_version[version]) / 1e6
        for version in ("4.12.0", "4.11.3")
    )
    assert 150 < usual < 320
    assert 4 < slow / usual < 8
    lines = [span for span in day.spans if span.name == "authorise_lines"]
    assert len(lines) == len(by_version["4.12.0"])


def test_the_story_asks_the_bank_for_each_of_its_13_lines(day):
    charge = next(
        span
        for span in day.spans
        if service(span) == "payment" and span.attributes.get("order.id") == "48213" and span.name == "POST /charges"
    )
    calls = [
        span
        for span in day.spans
        if span.context.trace_id == charge.context.trace_id
        and span.name == "POST /v2/authorisations"
        and span.status.status_code is not StatusCode.ERROR
    ]
    assert len(calls) == 13


def test_inventory_reads_the_stock_once_a_sku_and_warehouse(day):
    on, off = on_and_off(
        day,
        "n_plus_one",
        "POST /reservations",
        "inventory",
        lambda _span, children: sum(child.name == "SELECT shop.stock" for child in children),
    )
    assert median(on) > 90
    assert set(off) <= {1}


def test_the_bank_throttles_and_payment_tries_again(day):
    refused = [span for span in day.spans if span.attributes.get("http.response.status_code") == 429]
    burst = [span for span in refused if SCENARIOS["bank_throttled"].is_active(minute(span))]
    assert len(burst) >= 5
    again = [span for span in day.spans if span.attributes.get("http.request.resend_count")]
    refused_ids = {span.context.span_id for span in refused}
    assert any(link.context.span_id in refused_ids for span in again for link in span.links)


def test_parcel_labels_fail_after_three_tries_with_503(day):
    failed = [
        span
        for span in day.spans
        if span.name == "ParcelsController#label" and span.status.status_code is StatusCode.ERROR
    ]
    assert len(failed) >= 2
    for label in failed:
        tries = [
            span
            for span in day.spans
            if span.parent
            and span.parent.span_id == label.context.span_id
            and attribute(span, "http.status_code") == 503
        ]
        assert len(tries) == 3


def test_orders_fail_deep_inside_after_the_charge(day):
    on, off = on_and_off(
        day,
        "order_failures",
        "POST /orders",
        "order",
        lambda span, _children: span.status.status_code is StatusCode.ERROR,
    )
    assert sum(on) / len(on) > 0.15
    assert sum(off) / len(off) < 0.05
    broken = next(
        span
        for span in day.spans
        if service(span) == "order" and span.name == "POST /orders" and span.status.status_code is StatusCode.ERROR
    )
    trace = day.traces[broken.context.trace_id]
    root = next(span for span in trace if span.parent is None)
    assert root.attributes["http.response.status_code"] == 500
    assert root.status.status_code is StatusCode.ERROR
    assert "payment.charge" in " ".join(span.name for span in trace)


def test_receipts_lose_their_parent(day):
    orphans = [span for span in day.spans if span.name == "render_receipt"]
    ids = {span.context.span_id for span in day.spans}
    assert len(orphans) >= 5
    assert not any(span.parent.span_id in ids for span in orphans)


def test_one_host_is_four_seconds_ahead(day):
    by_id = {span.context.span_id: span for span in day.spans}
    ahead = [
        span
        for span in day.spans
        if span.parent
        and span.parent.span_id in by_id
        and span.start_time - by_id[span.parent.span_id].end_time > SKEW_NS * 0.5
    ]
    assert ahead
    assert {span.resource.attributes["host.name"] for span in ahead} == {"node-7"}


def test_messages_wait_for_minutes_in_a_backlog(day):
    ends = {span.context.span_id: span.end_time for span in day.spans}
    waits = {True: [], False: []}
    for span in day.spans:
        if span.name == "consume order.placed":
            sent_ns = ends[span.links[0].context.span_id]
            on = SCENARIOS["queue_backlog"].is_active(minute(span) - (span.start_time - sent_ns) / 60e9)
            waits[on].append((span.start_time - sent_ns) / 1e9)
    assert min(waits[True]) > 60
    assert max(waits[False]) < 10


def test_checkout_has_a_gap_that_no_span_accounts_for(day):
    def gap_ms(_span, children):
        children = sorted(
            (child for child in children if child.resource.attributes["service.name"] == "checkout"),
            key=lambda child: child.start_time,
        )
        return max((after.start_time - before.end_time) / 1e6 for before, after in pairwise(children))

    on, off = on_and_off(
        day,
        "uninstrumented_gap",
        "POST /checkout",
        "checkout",
        lambda span, children: gap_ms(span, children) if len(children) > 3 else 0,
    )
    assert max(on) > 400
    assert max(off) < 150


def test_the_long_reindex_takes_45_minutes_and_its_root_comes_last(day):
    root = next(span for span in day.spans if span.name == "search:reindex")
    assert 40 < (root.end_time - root.start_time) / 60e9 < 50
    assert day.traces[root.context.trace_id][-1] is root


def test_the_nightly_batch_has_more_than_20_000_spans_in_one_trace():
    day = make_day(hours=0, batch_orders=Settings.batch_orders)
    day.shop.agenda.close()
    day.shop.agenda.start(nightly_batch(day.shop))
    day.shop.agenda.run_until(2**63)
    assert next(len(spans) for spans in day.traces.values()) > 20_000
    assert (day.spans[-1].end_time - day.spans[-1].start_time) / 1e9 > 8


@pytest.mark.parametrize("orders", [3, 120])
def test_the_batch_is_as_large_as_asked_for(orders):
    day = make_day(hours=0.5, batch_orders=orders, backfill_rate=0.01)
    settled = [span for span in day.spans if span.name == "settle_order"]
    assert len(settled) == orders
