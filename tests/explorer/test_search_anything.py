"""Whatever stands in the address, the answer is a page that means something."""

import time

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.explorer.search.form import ORDER
from tests.explorer.stored import S_NS, order, store

pytestmark = pytest.mark.django_db(transaction=True)

SAMPLES = [
    "48213", "order.id=48213", 'a="\\u0000"', '"\\u0000"', "\x00", '"', "=", "a=", "-1", "1e9", "9" * 40, "300ms",
    "2026-11-23T14:05", "0001-01-01", "9999-12-31T23:59:59.999999999", "2026-11-23T14:05+99:99", "1795438800", "custom",
    "all", "1h", "SERVER", "ERROR", "1", "Europe/Prague", "Europe", "Etc/GMT+12", "UTC", "0", "ﬀ" * 16, "٤" * 16, "½",
    "00f067aa0ba902b7", "7f3a1c0d9be24e5f8a6b52d1c4e90377", "0" * 32, "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    "http://testserver/?q=http://testserver/?q=1", "http://[", "http://x/search?tags={", "/t/1", "\u202e", "%",
    "\\", "💥", "0ns",
]  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.dictionaries(st.sampled_from(ORDER), st.sampled_from(SAMPLES) | st.text(max_size=20), max_size=5))
def test_no_address_breaks_the_page(empty_store, asked):
    client = Client()
    if client.get("/").content.count(b"No span has arrived yet"):
        store(order(48213), "7f3a1c0d9be24e5f8a6b52d1c4e90377", time.time_ns() - S_NS)
    assert client.get("/", asked).status_code in (200, 302, 404, 422)
    assert client.get("/search/chart", asked).status_code in (200, 422)
    assert client.get("/search/newer", asked).status_code in (200, 422)
    assert client.get("/search/names", asked).status_code == 200
    assert client.get("/search", asked).status_code == 302
