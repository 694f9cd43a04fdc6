"""The OpenTelemetry SDK for browsers, bundled with esbuild, in Chromium, on a page of another origin."""

from __future__ import annotations

import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.accounts.keys import make_key
from apps.accounts.models import Workspace
from tests.ingest.compare import differences, from_script, kept
from tests.ingest.spans import new_trace_id


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def site(sdk_scripts: Path, tmp_path_factory) -> Iterator[str]:
    """The origin of a page that has the bundled SDK."""
    root = tmp_path_factory.mktemp("site")
    esbuild = sdk_scripts / "node_modules" / ".bin" / "esbuild"
    command = [
        str(esbuild),
        str(sdk_scripts / "page.mjs"),
        "--bundle",
        "--log-level=error",
        f"--outfile={root}/page.js",
    ]
    subprocess.run(command, check=True, timeout=60)
    (root / "index.html").write_text('<!doctype html><meta charset="utf-8"><script src="page.js"></script>')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(site, chromium):
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(site)
        yield page


SEND = "([url, headers, trace]) => window.sendEverything(url, headers, trace)"


def test_every_span_of_a_page_arrives_with_every_attribute(page, servers, ways_out):
    trace_id = new_trace_id()
    said = page.evaluate(SEND, [servers("open").url + "/v1/traces", {}, trace_id])
    assert said["results"] == [[0, ""]]
    sent = [from_script(span) for span in said["spans"]]
    for way, found in ways_out(trace_id).items():
        assert differences([kept(span) for span in found], sent) == [], way


@pytest.mark.parametrize("way", ["header", "address"])
def test_a_page_sends_with_a_public_key_bound_to_its_origin(
    way, page, site, servers, stored_spans, on_servers_database
):
    with on_servers_database():
        key = make_key(workspace=Workspace.objects.get(id=1), name="page", is_public=True, origins=(site,))
    server = servers("keyed")
    headers = {"x-tracer-token": key} if way == "header" else {}
    url = server.url + ("/v1/traces" if way == "header" else f"/ingest/{key}/v1/traces")
    trace_id = new_trace_id()
    said = page.evaluate(SEND, [url, headers, trace_id])
    assert said["results"] == [[0, ""]]
    assert len(stored_spans(trace_id)) == len(said["spans"]) == 6


def test_a_page_hears_why_it_was_refused(page, site, servers, on_servers_database):
    with on_servers_database():
        make_key(workspace=Workspace.objects.get(id=1), name="page", is_public=True, origins=(site,))
    url = servers("keyed").url + "/v1/traces"
    script = """async (url) => {
        const answer = await fetch(url, {method: "POST", body: "{}", headers: {"content-type": "application/json"}});
        return [answer.status, await answer.json()];
    }"""
    status, said = page.evaluate(script, url)
    assert status == 401
    assert "key is needed" in said["message"]
