"""`/api/v1/traces?…` and what there is to choose from."""

import time

import pytest

from apps.traces.moments import exact_text, parse_moment_ns
from tests.api.shop import CHECKOUT_ID, OTHER_ID, PAYMENT, SELECT, checkout, other
from tests.store.shop import random_traces
from tests.storing import digest_all, send

SEARCH = "/api/v1/traces"

FINDS = [
    ({}, True),
    ({"service": "payment"}, True),
    ({"service": "pay"}, False),
    ({"name": "charge"}, True),
    ({"name": "refund"}, False),
    ({"kind": "server", "service": "gateway"}, True),
    ({"kind": "SERVER", "service": "payment"}, False),
    ({"status": "ERROR", "name": "charge"}, True),
    ({"status": "error", "name": "SELECT"}, False),
    ({"attrs": "order.id=48213"}, True),
    ({"attrs": "order.id=48213 user.id=u_1"}, False),
    ({"attr": ["order.id=48213", 'note="a:b c"']}, True),
    ({"attr": ["order.id=48213", "note=x"]}, False),
    ({"q": "48213"}, True),
    ({"q": "order.id=48213"}, True),
    ({"q": "48214"}, False),
    ({"q": CHECKOUT_ID[:16], "as": "text"}, False),
    ({"min": "500ms"}, True),
    ({"min_duration": "501ms"}, False),
    ({"max_duration": "5ms"}, True),
    ({"max": "4ms"}, False),
    ({"min_trace_duration": "500ms"}, True),
    ({"trace_min": "501ms"}, False),
    ({"max_trace_duration": "500ms"}, True),
    ({"trace_max": "499ms"}, False),
    ({"start": "-2m"}, True),
    ({"start": "-59s"}, False),
    ({"start": "-2m", "end": "-90s"}, False),
    ({"start": "-2m", "end": "now"}, True),
    ({"range": "15m"}, True),
    ({"range": "all", "tz": "Europe/Prague", "form": "1", "live": "1"}, True),
    ({"limit": "1"}, True),
    ({"service": ""}, True),
]

REFUSED = {
    "kind": "sideways", "status": "bad", "min": "5", "max_duration": "x", "attrs": 'a="', "start": "yesterday",
    "end": "2026-13-01", "limit": "0", "range": "9y", "tz": "Mars/Base", "cursor": "!!", "sevice": "typo",
}  # fmt: skip


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
def test_each_parameter_finds_what_it_should_and_nothing_else(api, is_sealed):
    send(checkout())
    if is_sealed:
        assert digest_all() == 1
    for params, is_expected in FINDS:
        body = api.json(SEARCH, params)
        assert [row["trace_id"] for row in body["rows"]] == [CHECKOUT_ID] * is_expected, params
        assert body["named"] is None


def test_bad_parameters_are_named(api):
    for name, value in REFUSED.items():
        body = api.json(SEARCH, {name: value}, status=400)
        (field,) = body["fields"]
        assert field in (name, "max"), name
        assert body["error"]
    body = api.json(SEARCH, {"min": "2s", "max": "1s", "start": "-1m", "end": "-2m"}, status=400)
    assert set(body["fields"]) == {"max", "end"}


def test_a_row_says_what_the_page_shows(api):
    document = checkout()
    started_ns = document.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano
    send(document)
    body = api.json(SEARCH, {"status": "ERROR"})
    (row,) = body.pop("rows")
    row["services"].sort(key=lambda service: service["name"])
    assert row == {
        "trace_id": CHECKOUT_ID,
        "url": f"/t/{CHECKOUT_ID}?span={PAYMENT}",
        "started_at": exact_text(started_ns),
        "start_time_unix_nano": str(started_ns),
        "duration_ns": 500_000_000,
        "root_service": "gateway",
        "root_name": "POST /checkout",
        "span_count": 3,
        "error_count": 1,
        "orphan_count": 0,
        "services": [
            {"name": "gateway", "span_count": 1, "error_count": 0},
            {"name": "payment", "span_count": 2, "error_count": 1},
        ],
        "matched": {"span_id": PAYMENT, "service": "payment", "name": "charge", "duration_ns": 400_000_000},
        "matched_count": 1,
        "is_sealed": False,
        "verdict": {  # of what has arrived
            "sentence": "An error on the way, in payment: the bank said no.",
            "cause": "error",
            "service": "payment",
            "added_ns": None,
            "usual_ns": None,
        },
    }
    assert body["is_complete"] is True
    assert body["ran_out"] is False
    assert body["next_cursor"] == ""
    assert body["elapsed_ms"] > 0
    assert abs(parse_moment_ns(body["looked_back_to"], None) - (time.time_ns() - 3600 * 10**9)) < 60 * 10**9


def test_the_window_is_half_open_and_takes_nanoseconds(api):
    document = checkout()
    started_ns = document.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano // 1000 * 1000
    send(document)
    for start, end, is_expected in ((0, 1000, 1), (-1000, 0, 0), (1000, 9000, 0)):
        for write in (str, exact_text):
            params = {"start": write(started_ns + start), "end": write(started_ns + end)}
            assert len(api.json(SEARCH, params)["rows"]) == is_expected, (start, end)


def test_a_trace_of_a_clock_hours_ahead_is_in_every_window_without_an_end(api):
    send(checkout(ago_s=-20 * 3_600))
    digest_all()
    for params in ({}, {"range": "15m"}, {"q": "48213"}, {"start": "-1h"}):
        assert [row["trace_id"] for row in api.json(SEARCH, params)["rows"]] == [CHECKOUT_ID], params
    assert api.json(SEARCH, {"start": "-1h", "end": "now"})["rows"] == []


def test_pages_follow_each_other(api):
    traces = random_traces(5, 11)
    send(*traces[:6])
    digest_all()
    send(*traces[6:])
    found, params = [], {"limit": "4", "range": "all"}
    while True:
        body = api.json(SEARCH, params)
        found += [row["trace_id"] for row in body["rows"]]
        if not body["next_cursor"]:
            break
        assert body["is_complete"] is False
        params["cursor"] = body["next_cursor"]
    assert len(found) == len(set(found)) == 11


def test_the_box_may_name_a_trace_or_a_span(api):
    send(checkout())
    for text, span_id in (
        (CHECKOUT_ID.upper(), None), (f"00-{CHECKOUT_ID}-{SELECT}-01", SELECT), (SELECT, SELECT),
        (f"level=error trace_id={CHECKOUT_ID} msg=x", None),
    ):  # fmt: skip
        body = api.json(SEARCH, {"q": text})
        assert body["named"]["trace_id"] == CHECKOUT_ID, text
        if text != f"00-{CHECKOUT_ID}-{SELECT}-01":
            assert body["named"]["span_id"] == span_id
        assert body["named"]["url"].startswith(f"/t/{CHECKOUT_ID}")
        assert body["rows"] == []
    assert api.json(SEARCH, {"q": OTHER_ID})["named"] is None


@pytest.mark.parametrize("text", [f"00-{OTHER_ID}-{SELECT}-01", f"https://jaeger.example/trace/{OTHER_ID}",
                                  f"trace_id={OTHER_ID}"])  # fmt: skip
def test_a_trace_that_is_named_and_not_stored_is_no_search_for_all(api, text):
    send(checkout())
    body = api.json(SEARCH, {"q": text})
    assert body["named"] is None and body["rows"] == []


def test_services_and_span_names(api):
    assert api.json("/api/v1/services") == {"services": []}
    send(checkout(), other())
    digest_all()
    services = api.json("/api/v1/services")["services"]
    assert [service["name"] for service in services] == ["gateway", "mail/queue", "payment"]
    assert abs(parse_moment_ns(services[0]["last_seen_at"], None) - time.time_ns()) < 600 * 10**9
    names = "/api/v1/services/payment/span-names"
    assert api.json(names) == {
        "service": "payment",
        "span_names": [{"name": "SELECT", "kind": "CLIENT"}, {"name": "charge", "kind": "CLIENT"}],
    }
    assert api.json(names, {"kind": "server"})["span_names"] == []
    assert api.json("/api/v1/services/mail/queue/span-names")["span_names"] == [{"name": "send", "kind": "PRODUCER"}]
    assert api.json("/api/v1/services/nobody/span-names", status=404)["error"]
    assert api.json(names, {"kind": "sideways"}, status=400)["fields"]["kind"]
