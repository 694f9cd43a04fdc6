"""The whole product as `make up` runs it, and that nothing is left behind. What comes back when it is killed is told
by tests/digest/test_killed.py."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from contextlib import suppress

import httpx
import psutil
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from tests.product import Product, free_ports


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


def test_on_a_full_machine_the_worker_stands_back_for_pages_and_ingest(server):
    def niceness(*words: str) -> set[int]:
        found = set()
        for process in psutil.Process(server.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # PostgreSQL's come and go
                if all(word in process.cmdline() for word in words):
                    found.add(process.nice())
        return found

    mine = os.nice(0)
    assert niceness("tracer_ui.serve", "web") == niceness("tracer_ui.serve", "otlp") == {mine}
    wait_for(lambda: niceness("celery", "worker") == {min(mine + 5, 19)})


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
    idle = server.idle
    idle.join(45)
    assert idle.pause_s > 30
    assert idle.answers == [b"ok\n"] * 2
    assert idle.sockets[0] is idle.sockets[1]


def test_two_instances_run_side_by_side_and_each_stops_alone(server, tmp_path):
    other = Product(tmp_path, *free_ports(2))
    other.start()
    try:
        trace_id = send_one(other.otlp_url)
        assert stored_spans(other, [trace_id]) == [1]
        assert stored_spans(server, [trace_id]) == [0]
        family = psutil.Process(other.process.pid).children(recursive=True)
        assert len(family) > 10
        assert other.stop() == 0
    finally:
        other.stop(signal.SIGKILL)
    assert not [one for one in family if one.is_running()]
    assert send_one(server.otlp_url)


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
