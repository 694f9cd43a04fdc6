"""The whole product as `make up` runs it: what dies comes back, and nothing is left behind."""

import http.client
import json
import signal
import time
import urllib.error
import urllib.request
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from tests.product import Product, free_ports

# How each process is recognised among the supervisor's children.
WORDS = {
    "postgres": "postgres -D",
    "redis": "redis-server",
    "web": "tracer_ui.serve web",
    "otlp": "tracer_ui.serve otlp",
    "worker": "tracer_ui worker",
    "beat": "tracer_ui beat",
}


class Remembering(SpanExporter):
    """Passes spans on and remembers how that went."""

    def __init__(self, inner):
        self.inner, self.results = inner, []

    def export(self, spans):
        self.results.append(self.inner.export(spans))
        return self.results[-1]


def send_one(url):
    """Sends one span with the unmodified SDK; its trace id, or an empty string when it was not acknowledged."""
    exporter = Remembering(OTLPSpanExporter(url + "/v1/traces", timeout=10))
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("one") as span:
        trace_id = format(span.get_span_context().trace_id, "032x")
    return trace_id if exporter.results == [SpanExportResult.SUCCESS] else ""


def wait_for(condition, timeout_s=60):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.2)


def get(url):
    """Status and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""


def is_ready(product):
    return get(product.otlp_url + "/readyz")[0] == 200


def child(product, name):
    """The leader process of one program, None while there is none."""
    for one in psutil.Process(product.process.pid).children():
        with suppress(psutil.Error):
            if WORDS[name] in " ".join(one.cmdline()):
                return one
    return None


def stored_spans(product, trace_ids):
    """How many spans the instance has of each trace."""
    loaded = f"[load_trace(1, trace_id) for trace_id in {trace_ids!r}]"
    code = f"from apps.store.queries import load_trace; print([len(t.trace.spans) if t else 0 for t in {loaded}])"
    return json.loads(product.shell(code))


def test_both_ports_are_live_and_ready_without_a_login(server):
    for url in (server.web_url, server.otlp_url):
        assert get(url + "/healthz") == (200, b"ok\n")
        wait_for(lambda url=url: get(url + "/readyz")[0] == 200)
        assert json.loads(get(url + "/readyz")[1]) == {"ready": True, "reasons": []}


def test_health_answers_whatever_host_name_a_probe_uses_and_pages_only_to_ours(server):
    strange = {"Host": "10.1.2.3:8000"}
    assert httpx.get(server.web_url + "/healthz", headers=strange).status_code == 200
    assert httpx.get(server.web_url + "/", headers=strange).status_code == 400


def test_metrics_count_what_both_ports_answered(server):
    assert send_one(server.otlp_url) and send_one(server.web_url)
    for port in ("otlp", "web"):
        wait_for(
            lambda port=port: (
                f'tracer_answers_total{{port="{port}",kind="traces",status="200"}}'
                in get(server.web_url + "/metrics")[1].decode()
            )
        )
    text = get(server.otlp_url + "/metrics")[1].decode()
    assert "tracer_database_up 1\n" in text and "tracer_redis_up 1\n" in text
    accepted = next(line for line in text.splitlines() if line.startswith("tracer_spans_accepted_total{"))
    assert float(accepted.split()[-1]) >= 1


def test_every_page_forbids_inline_code_and_other_hosts(server):
    policy = httpx.get(server.web_url + "/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_a_connection_idle_for_longer_than_granians_default_is_still_open(server):
    connection = http.client.HTTPConnection(urlsplit(server.otlp_url).netloc)
    for pause_s in (32, 0):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        used = connection.sock
        time.sleep(pause_s)
    assert connection.sock is used
    connection.close()


@pytest.fixture
def products(tmp_path):
    """Starts instances of their own; afterwards none is left running."""
    started = []

    def start(name, **environment):
        home = tmp_path / name
        home.mkdir()
        product = Product(home, *free_ports(2), {"TRACER_QUIET_SECONDS": "1", **environment})
        started.append(product)
        product.start()
        return product

    yield start
    for product in started:
        product.stop(signal.SIGKILL if product.process.poll() is None else signal.SIGTERM)


def test_two_instances_run_side_by_side_and_each_stops_alone(products):
    first, second = products("first"), products("second")
    trace_id = send_one(first.otlp_url)
    assert stored_spans(first, [trace_id]) == [1]
    assert stored_spans(second, [trace_id]) == [0]
    family = psutil.Process(first.process.pid).children(recursive=True)
    assert len(family) > 10
    assert first.stop() == 0
    assert not [one for one in family if one.is_running()]
    assert send_one(second.otlp_url)


def test_whatever_is_killed_comes_back_and_no_acknowledged_span_is_lost(products):
    product = products("killed")
    wait_for(lambda: is_ready(product))
    acknowledged = []
    for name in WORDS:
        before = child(product, name)
        before.kill()
        wait_for(lambda name=name, before=before: child(product, name) not in (None, before))
        wait_for(lambda: is_ready(product))
        wait_for(lambda: acknowledged.append(send_one(product.otlp_url)) or acknowledged[-1])
    trace_ids = [trace_id for trace_id in acknowledged if trace_id]
    assert stored_spans(product, trace_ids) == [1] * len(trace_ids)


def test_a_taken_port_is_named_with_its_setting(server, tmp_path):
    taken = int(server.otlp_url.rsplit(":", 1)[1])
    with pytest.raises(RuntimeError, match=f"port {taken} is taken; set TRACER_OTLP_PORT to a free one"):
        Product(tmp_path, *free_ports(1), taken).start()


def test_a_data_directory_in_use_is_refused(server):
    with pytest.raises(RuntimeError, match="another instance runs on .*; set TRACER_DATA_DIR"):
        Product(server.home, *free_ports(2)).start()


def test_chromium_opens_the_first_page_without_a_complaint(server, chromium):
    page = chromium.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = page.goto(server.web_url + "/")
    assert answer.status == 200
    assert complaints == []
    page.close()
