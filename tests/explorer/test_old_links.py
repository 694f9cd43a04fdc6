"""Links made for Jaeger and Zipkin open ours."""

import pytest
from django.http import QueryDict
from django.test import Client

from apps.explorer.search.old_links import from_jaeger, from_zipkin

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "ours"),
    [
        ("service=payment&operation=POST+/charges", {"service": "payment", "name": "POST /charges", "range": "all"}),
        ("service=payment&operation=all&lookback=1h", {"service": "payment", "range": "1h"}),
        ("lookback=5h&limit=20", {"range": "6h"}),
        (
            "lookback=custom&start=1795438800000000&end=1795442400000000",
            {"range": "custom", "start": "1795438800000000", "end": "1795442400000000"},
        ),
        ('tags={"order.id":"48213","error":"true"}', {"attrs": "order.id=48213", "status": "ERROR", "range": "all"}),
        ('tags={"retries":3,"span.kind":"client"}', {"attrs": "retries=3", "kind": "CLIENT", "range": "all"}),
        ("tag=user.name:Ada+Lovelace&tag=a:b", {"attrs": 'user.name="Ada Lovelace" a=b', "range": "all"}),
        ("minDuration=300ms&maxDuration=1.5s", {"min": "300ms", "max": "1.5s", "range": "all"}),
        ("minDuration=nonsense&tags=nonsense", {"range": "all"}),
        ("tags=[[[[", {"range": "all"}),
    ],
)
def test_jaegers_search_becomes_ours(query, ours):
    assert QueryDict(from_jaeger(QueryDict(query)).partition("?")[2]).dict() == ours


@pytest.mark.parametrize(
    ("query", "ours"),
    [
        ("serviceName=payment&spanName=get", {"service": "payment", "name": "get", "range": "all"}),
        ("annotationQuery=order.id%3D48213+and+error", {"attrs": "order.id=48213 error", "range": "all"}),
        ("minDuration=1500&lookback=900000", {"min": "1500us", "range": "15m"}),
        ("endTs=1795442400000&lookback=3600000", {"range": "custom", "start": "1795438800000", "end": "1795442400000"}),
        ("lookback=15m", {"range": "15m"}),
    ],
)
def test_zipkins_search_becomes_ours(query, ours):
    assert QueryDict(from_zipkin(QueryDict(query)).partition("?")[2]).dict() == ours


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/trace/7F3A1C0D9BE24E5F8A6B52D1C4E90377", "/t/7f3a1c0d9be24e5f8a6b52d1c4e90377"),
        ("/trace/1c0d9be24e5f8a6b", "/t/00000000000000001c0d9be24e5f8a6b"),
        ("/trace/abc?uiFind=00f067aa0ba902b7", "/t/00000000000000000000000000000abc?span=00f067aa0ba902b7"),
        ("/zipkin/traces/1c0d?spanId=00f067aa0ba902b7", "/t/00000000000000000000000000001c0d?span=00f067aa0ba902b7"),
        ("/search?service=payment&lookback=1h", "/?service=payment&range=1h"),
        ("/zipkin/?serviceName=payment&lookback=15m", "/?service=payment&range=15m"),
    ],
)
def test_old_addresses_redirect(path, location):
    answer = Client().get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)


def test_what_is_no_trace_id_is_not_found():
    assert Client().get("/trace/nonsense").status_code == 404
