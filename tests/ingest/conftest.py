"""Real servers on a database of their own, and what they stored."""

from __future__ import annotations

import contextlib
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from apps.accounts.keys import make_key
from apps.accounts.models import Workspace
from apps.store import queries
from apps.traces.model import Span
from apps.traces.otlp import read_trace
from apps.traces.otlp_json import request_from_json
from tests.ingest import npm, real_server
from tests.ingest.odd_requests import SMALL_LIMIT_BYTES
from tests.ingest.real_server import RealServer
from tests.ingest.wire_http import JSON, PROTOBUF

DATABASE = "ingest_tests"
WORKSPACE_ID = 1


@pytest.fixture(scope="session")
def database_url() -> str:
    """A migrated database that the servers write to and no other test empties."""
    url = settings.DATABASE_URL
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {DATABASE}")
    return url.replace("/tracer", f"/{DATABASE}") if "host=" in url else url.rsplit("/", 1)[0] + f"/{DATABASE}"


@pytest.fixture(scope="session")
def on_servers_database(database_url, django_db_blocker) -> Callable[[], contextlib.AbstractContextManager]:
    """Within `with on_servers_database():` Django speaks to the servers' database."""

    @contextlib.contextmanager
    def switched() -> Iterator[None]:
        with django_db_blocker.unblock():
            connection.close()
            usual = connection.settings_dict["NAME"]
            connection.settings_dict["NAME"] = DATABASE
            try:
                yield
            finally:
                connection.close()
                connection.settings_dict["NAME"] = usual

    with switched():
        call_command("migrate", verbosity=0)
    return switched


@pytest.fixture(scope="session")
def keys(on_servers_database) -> dict[str, str]:
    """One secret and one public key of the default workspace."""
    with on_servers_database():
        workspace = Workspace.objects.get(id=WORKSPACE_ID)
        return real_server.key_words(
            secret=make_key(workspace=workspace, name="tests"),
            public=make_key(workspace=workspace, name="page", is_public=True, origins=("https://shop.example",)),
        )


@pytest.fixture(scope="session")
def servers(database_url, keys, tmp_path_factory) -> Iterator[Callable[[str], RealServer]]:
    """Servers by name, started when first asked for: open, keyed, full and broken OTLP ports, and an open web port."""
    logs: Path = tmp_path_factory.mktemp("servers")
    common = {"DATABASE_URL": database_url, "TRACER_SECRET_KEY": "tests", "TRACER_OPEN": "1"}
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    environments = {
        "open": common,
        "keyed": common | {"TRACER_OPEN": "0", "TRACER_MAX_BODY_BYTES": str(SMALL_LIMIT_BYTES)},
        "full": common | {"TRACER_MAX_BACKLOG_SPANS": "1"},
        "broken": common | {"DATABASE_URL": nowhere},
        "web": common,
    }
    running: dict[str, RealServer] = {}

    def server(name: str) -> RealServer:
        if name not in running:
            running[name] = real_server.start(
                environments[name], logs / f"{name}.log", role="web" if name == "web" else "otlp"
            )
            running[name].words = keys
        return running[name]

    yield server
    for one in running.values():
        one.stop()


@pytest.fixture
def stored_spans(on_servers_database) -> Iterator[Callable[[str], tuple[Span, ...]]]:
    """The spans found under a trace id, as the trace page would load them."""
    with on_servers_database():

        def load(trace_id: str) -> tuple[Span, ...]:
            stored = queries.load_trace(WORKSPACE_ID, trace_id)
            return tuple(stored.trace) if stored else ()

        yield load


@pytest.fixture(scope="session")
def sdk_scripts(tmp_path_factory) -> Path:
    """The scripts of tests/sdk beside the installed JavaScript SDKs they import."""
    place = tmp_path_factory.mktemp("sdk")
    (place / "node_modules").symlink_to(npm.installed() / "node_modules")
    for script in npm.SOURCES.glob("*.mjs"):
        shutil.copy(script, place)
    return place


@pytest.fixture
def ways_out(stored_spans, servers) -> Callable[[str], dict[str, tuple[Span, ...]]]:
    """The spans of a trace by the way they come out: the trace page's loader, and the query API's two encodings."""

    def download(trace_id: str, accept: str) -> bytes:
        asked = urllib.request.Request(f"{servers('web').url}/api/v1/traces/{trace_id}", headers={"Accept": accept})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.read()

    def out(trace_id: str) -> dict[str, tuple[Span, ...]]:
        from_json = request_from_json(download(trace_id, JSON))[0].SerializeToString()
        return {
            "loaded": stored_spans(trace_id),
            "downloaded as JSON": tuple(read_trace(trace_id, from_json)),
            "downloaded as protobuf": tuple(read_trace(trace_id, download(trace_id, PROTOBUF))),
        }

    return out
