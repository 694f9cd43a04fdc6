"""What requests leave behind in circles goes when they are over, though the collector hardly ever looks by itself."""

import gc
import os
import subprocess
import sys
import time
import weakref

import pytest

from tests.product import ROOT
from tracer_ui.tidying import LATEST_S, QUIET_S, TidiedRequests


class Circle:
    def __init__(self) -> None:
        self.self = self


@pytest.fixture
def collector_at_rest():
    thresholds = gc.get_threshold()
    gc.collect()
    gc.set_threshold(0)
    yield
    gc.set_threshold(*thresholds)


def gone(circle: weakref.ref, meanwhile=lambda: None) -> bool:
    until = time.monotonic() + 10 * LATEST_S
    while circle() is not None and time.monotonic() < until:
        meanwhile()
        time.sleep(QUIET_S / 10)
    return circle() is None


def test_circles_go_when_nobody_asks_any_more(collector_at_rest):
    left = []

    def answer(environ, start_response):
        left.append(weakref.ref(Circle()))
        return [b""]

    tidied = TidiedRequests(answer)
    assert tidied({}, None) == [b""]
    assert gone(left[0])


def test_it_does_not_wait_for_an_end_that_never_comes(collector_at_rest):
    tidied, left = TidiedRequests(lambda *_: [b""]), weakref.ref(Circle())
    assert gone(left, meanwhile=lambda: tidied({}, None))


def test_the_application_of_both_ports_is_tidied():
    """In a process of its own, for the collector's settings are the process's."""
    script = """
import gc, io, sys, time
from tracer_ui.wsgi import application
from django.core.handlers.wsgi import WSGIRequest
for _ in range(30):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
               "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO(),
               "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http"}
    answer = application(environ, lambda *_: None)
    b"".join(answer)
    answer.close()
del answer, environ
until = time.monotonic() + 20
while (left := sum(type(one) is WSGIRequest for one in gc.get_objects())) > 2 and time.monotonic() < until:
    time.sleep(0.05)
print(left)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | {"TRACER_ROLE": "web"}, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) <= 2, "of thirty; the last may still be held"
