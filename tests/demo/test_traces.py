"""The shop's traces are such as a well-instrumented system sends."""

from opentelemetry.trace import SpanKind, StatusCode

from apps.demo.catalogue import FRAMEWORKS, SERVICES
from apps.demo.conventions import OLD_NAMES
from apps.demo.days import FIRST_STORY_ORDER
from apps.demo.scenarios import SCENARIOS
from apps.demo.shop import REGULAR
from apps.demo.telemetry import SKEWED_HOST
from tests.costs import within
from tests.demo.conftest import START_NS, attribute, make_day, minute, service


def described(span):
    return (
        span.context,
        span.parent,
        span.name,
        span.kind,
        span.start_time,
        span.end_time,
        span.status.status_code,
        span.status.description,
        dict(span.attributes),
        dict(span.resource.attributes),
        span.instrumentation_scope,
        [(event.name, event.timestamp, dict(event.attributes)) for event in span.events],
        [(link.context, dict(link.attributes)) for link in span.links],
    )


def test_the_same_seed_makes_the_same_spans_to_the_last_bit():
    first, second = make_day(seed=7, hours=0.3), make_day(seed=7, hours=0.3)
    assert len(first.spans) > 5000
    assert [described(span) for span in first.spans] == [described(span) for span in second.spans]
    assert [record.log_record.body for record in first.logs] == [record.log_record.body for record in second.logs]


def test_another_seed_makes_other_spans():
    first, second = make_day(seed=7, hours=0.05), make_day(seed=8, hours=0.05)
    assert not {span.context.span_id for span in first.spans} & {span.context.span_id for span in second.spans}


def test_span_ids_are_unique(day):
    assert len({(span.context.trace_id, span.context.span_id) for span in day.spans}) == len(day.spans)


def is_skewed(span):
    """May this span bear the times of the host whose clock is ahead? (A minute's grace at the scenario's ends.)"""
    scenario = SCENARIOS["skewed_clock"]
    return span.resource.attributes["host.name"] == SKEWED_HOST and any(
        scenario.is_active(minute(span) + grace) for grace in (-1, 0, 1)
    )


def test_parents_enclose_their_children(day):
    by_id = {(span.context.trace_id, span.context.span_id): span for span in day.spans}
    checked = 0
    for span in day.spans:
        assert START_NS <= span.start_time <= span.end_time
        parent = by_id.get((span.context.trace_id, span.parent.span_id)) if span.parent else None
        if parent is None or is_skewed(span) != is_skewed(parent):
            continue
        assert parent.start_time <= span.start_time, (span.name, parent.name)
        assert span.end_time <= parent.end_time, (span.name, parent.name)
        checked += 1
    assert checked > 0.95 * (len(day.spans) - len(day.traces))


def test_parents_are_sent_except_where_propagation_was_forgotten_or_the_root_is_still_open(day):
    open_jobs = {"settle_chunk", "reindex_batch"}
    for spans in day.traces.values():
        ids = {span.context.span_id for span in spans}
        for span in spans:
            if span.parent and span.parent.span_id not in ids:
                assert span.name == "render_receipt" or span.name in open_jobs


def test_every_trace_has_one_root(day):
    for spans in day.traces.values():
        assert sum(span.parent is None for span in spans) == 1


def test_servers_know_that_their_parent_is_remote(day):
    servers = [span for span in day.spans if span.kind is SpanKind.SERVER and span.parent]
    assert servers
    assert all(span.parent.is_remote for span in servers)
    inner = [
        span for span in day.spans if span.kind is SpanKind.INTERNAL and span.parent and span.name != "render_receipt"
    ]
    assert inner
    assert not any(span.parent.is_remote for span in inner)


def test_every_service_speaks_in_its_own_dialect(day):
    seen = {name: set() for name in SERVICES}
    for span in day.spans:
        seen[service(span)].update(span.attributes)
    for name, keys in seen.items():
        old = {key for key in OLD_NAMES.values() if key in keys}
        new = {key for key in OLD_NAMES if key in keys}
        dialect = SERVICES[name].dialect
        assert (bool(new), bool(old)) == (dialect != "old", dialect != "new"), name


def test_old_names_depend_on_the_side_and_the_system(day):
    order = next(span for span in day.spans if service(span) == "order" and span.kind is SpanKind.SERVER)
    assert order.attributes["net.host.name"] == "order.shop.svc.cluster.local"
    assert "net.peer.name" not in order.attributes
    found = next(span for span in day.spans if span.name == "find products")
    assert found.attributes["db.mongodb.collection"] == "products"
    cart = next(span for span in day.spans if span.name == "HGETALL cart")
    assert cart.attributes["db.redis.database_index"] == cart.attributes["db.namespace"] == "0"


def test_resources_look_like_pods_of_five_languages(day):
    languages = {span.resource.attributes["telemetry.sdk.language"] for span in day.spans}
    assert languages == {framework.language for framework in FRAMEWORKS.values()}
    assert len(languages) == 5
    pods = {(service(span), span.resource.attributes["service.instance.id"]) for span in day.spans}
    assert len(pods) >= sum(each.instances for each in SERVICES.values())
    assert len({pod for _, pod in pods}) == len(pods)


def test_order_48213_can_be_followed_from_cart_to_refund(day):
    traces = [
        spans
        for spans in day.traces.values()
        if any(span.attributes.get("order.id") == str(FIRST_STORY_ORDER) for span in spans)
    ]
    roots = {(service(span), span.name) for spans in traces for span in spans if span.parent is None}
    assert {
        ("gateway", "POST /checkout"),
        ("fulfilment", "consume order.placed"),
        ("notification", "consume order.placed"),
        ("fulfilment", "ParcelsController#label"),
        ("order", "consume parcel.delivered"),
        ("gateway", "POST /orders/{id}/refund"),
        ("notification", "consume order.refunded"),
    } <= roots
    assert all(any(attribute(span, "user.id", "enduser.id") == REGULAR for span in spans) for spans in traces)
    assert (
        len({key for key, spans in day.traces.items() if any(REGULAR in span.attributes.values() for span in spans)})
        >= len(traces) + 5
    )


def test_consumers_link_to_the_producer_in_another_trace(day):
    producers = {
        (span.context.trace_id, span.context.span_id): span for span in day.spans if span.kind is SpanKind.PRODUCER
    }
    consumers = [span for span in day.spans if span.kind is SpanKind.CONSUMER]
    assert len(consumers) > 200
    for span in consumers:
        producer = producers[(span.links[0].context.trace_id, span.links[0].context.span_id)]
        assert producer.context.trace_id != span.context.trace_id
        assert producer.end_time < span.start_time
        assert producer.name.removeprefix("publish ") == span.name.removeprefix("consume ")


def test_exceptions_are_recorded_once_where_they_happened(day):
    failed = [span for span in day.spans if span.status.status_code is StatusCode.ERROR]
    assert len(failed) > 50
    assert all(span.status.description for span in failed)
    events = [event for span in day.spans for event in span.events if event.name == "exception"]
    assert {event.attributes["exception.type"].rpartition(".")[2].rpartition("::")[2] for event in events} >= {
        "HTTPStatusError",
        "DuplicateKeyException",
        "ServerError",
    }
    assert all(event.attributes["exception.stacktrace"].count("\n") >= 2 for event in events)
    assert all(span.start_time <= event.timestamp <= span.end_time for span in day.spans for event in span.events)


def test_log_records_carry_the_span_they_were_written_in(day):
    spans = {span.context.span_id: span for span in day.spans}
    assert len(day.logs) > 200
    for record in day.logs:
        span = spans[record.log_record.span_id]
        assert span.context.trace_id == record.log_record.trace_id
        assert span.start_time <= record.log_record.timestamp <= span.end_time


def test_traces_come_at_the_rate_that_was_asked_for(day):
    assert 0.8 < day.shop.traces / 7200 < 1.25


def test_hours_are_made_at_several_thousand_spans_a_second():
    spans = len(make_day(hours=0.5).spans)
    within(spans / 4000, lambda: make_day(hours=0.5))
