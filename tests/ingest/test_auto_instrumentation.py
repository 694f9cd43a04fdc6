"""`opentelemetry-instrument` on a FastAPI and a Django application, nothing added to either.

The console exporter beside the OTLP one says what was made; the two must agree on every attribute.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.ingest import real_server
from tests.ingest.compare import differences, kept, plain

APPS = Path(__file__).resolve().parent / "apps"
BIN = Path(sys.executable).parent
SHOPS = {"fastapi": "fastapi_shop:app", "django": "django_shop:application"}
SHOWN = ("trace_id", "span_id", "parent_id", "name", "kind", "status", "attributes", "resource")
PATHS = ("/orders/48213", "/orders/48214", "/missing", "/broken")


@pytest.mark.parametrize("shop", SHOPS)
def test_every_span_of_an_instrumented_application_arrives(shop, servers, ways_out, tmp_path):
    port = real_server.free_port()
    out, err = tmp_path / "out", tmp_path / "err"
    uvicorn = [str(BIN / "uvicorn"), SHOPS[shop], "--log-level", "warning", "--port", str(port)]
    command = [str(BIN / "opentelemetry-instrument"), *uvicorn]
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            command, cwd=APPS, env=instrumented(shop, servers("open").url), stdout=stdout, stderr=stderr
        )
    try:
        answers = visit(port, process)
    finally:
        process.send_signal(signal.SIGINT)  # exporters flush at exit
        process.wait(30)

    assert answers == [200, 200, 404, 500], err.read_text()
    assert "Failed to export" not in err.read_text()
    sent = console_spans(out.read_text())
    assert len({span["trace_id"] for span in sent}) >= len(PATHS)
    by_trace = [ways_out(trace_id) for trace_id in {span["trace_id"] for span in sent}]
    for way in by_trace[0]:
        shown = [as_the_console_shows(kept(span)) for ways in by_trace for span in ways[way]]
        assert differences(shown, sent) == [], way


def instrumented(shop: str, url: str) -> dict[str, str]:
    """The environment a team would set, and the console exporter for us."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRACER_", "DJANGO_"))}
    return environment | {
        "OTEL_SERVICE_NAME": f"shop-{shop}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp,console",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        "PYTHONPATH": str(APPS),
        "DJANGO_SETTINGS_MODULE": "django_shop_settings" if shop == "django" else "",
    }


def visit(port: int, process: subprocess.Popen) -> list[int]:
    """The statuses of PATHS, asked for once the application listens."""
    deadline = time.monotonic() + 30
    statuses = []
    for path in PATHS:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                    statuses.append(answer.status)
                break
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    return statuses
                time.sleep(0.1)
    return statuses


def as_the_console_shows(span: dict) -> dict:
    """It rounds times to microseconds, sometimes up; they are compared with the SDK's own in test_python_sdk.py."""
    events = [(name, attributes) for name, _time_ns, attributes in span["events"]]
    return {key: span[key] for key in SHOWN} | {"events": events}


def console_spans(text: str) -> list[dict]:
    """The spans among what the console exporter printed, in the form of `compare.kept`."""
    decoder, spans, position = json.JSONDecoder(), [], text.find("{")
    while position != -1:
        document, position = decoder.raw_decode(text, position)
        if "context" in document:
            spans.append(_console_span(document))
        position = text.find("{", position)
    return spans


def _console_span(document: dict) -> dict:
    return {
        "trace_id": document["context"]["trace_id"].removeprefix("0x"),
        "span_id": document["context"]["span_id"].removeprefix("0x"),
        "parent_id": (document["parent_id"] or "").removeprefix("0x"),
        "name": document["name"],
        "kind": document["kind"].removeprefix("SpanKind."),
        "status": (document["status"]["status_code"], document["status"].get("description", "")),
        "attributes": plain(document["attributes"]),
        "resource": plain(document["resource"]["attributes"]),
        "events": [(e["name"], plain(e["attributes"])) for e in document["events"]],
    }
