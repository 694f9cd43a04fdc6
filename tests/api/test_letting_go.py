"""What a request read is let go of when it is answered, without the collector."""

import gc

import pytest
from rest_framework.request import Request


@pytest.mark.parametrize("path", ["/api/v1/services", "/api/v1/traces?start=tomorrow", "/jaeger/api/services"])
def test_no_request_is_held_once_it_is_answered(api, path):
    api(path)
    gc.collect()
    gc.disable()
    try:
        api(path)
        held = [one for one in gc.get_objects() if type(one) is Request]  # isinstance would ask proxies
    finally:
        gc.enable()
    assert not held
