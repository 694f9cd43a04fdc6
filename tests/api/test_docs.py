"""Every example of docs/api.md, run against the real server: it works, and answers in the shape that is shown."""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from django.conf import settings as django_settings
from django.db import connection
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.accounts.keys import make_key
from tests.api.conftest import make_workspace
from tests.api.shop import CHECKOUT_ID, checkout
from tests.ingest.real_server import start
from tests.insights.incident import store_incident
from tests.storing import send

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
EXAMPLE = re.compile(r"```sh\n(.*?)\n```(?:\n```json\n(.*?)\n```)?", re.DOTALL)


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes


def test_every_example_works_and_answers_in_the_shape_shown(server):
    examples = EXAMPLE.findall(DOCS.read_text())
    assert len(examples) >= 11
    for command, shown in examples:
        answer = run(command.replace("http://localhost:8000", server.url).replace("$TRACE_ID", CHECKOUT_ID)
                     .replace("$KEY", server.words["key"]))  # fmt: skip
        assert answer.status == 200, command
        if "x-protobuf" in command:
            assert len(TracesData.FromString(answer.body).resource_spans) == 2
            continue
        told = json.loads(answer.body)
        assert told, command
        if "-OJ" in command:
            assert CHECKOUT_ID in answer.headers["Content-Disposition"]
        if shown:
            assert_shape(json.loads(shown), told, command)


def assert_shape(shown: object, told: object, where: str) -> None:
    """The same names in objects, down to the first element of lists; in values the same type."""
    if isinstance(shown, dict) and shown:
        assert isinstance(told, dict), where
        assert set(shown) <= set(told), where
        assert set(told) <= set(shown) or "resourceSpans" in where, (where, set(told) - set(shown))
        for name, value in shown.items():
            assert_shape(value, told[name], f"{where} > {name}")
    elif isinstance(shown, list) and shown:
        assert told, f"{where}: nothing was found"
        assert_shape(shown[0], told[0], where)
    else:
        assert isinstance(told, type(shown)) or {type(told), type(shown)} <= {int, float}, (where, told)


def run(command: str) -> Answer:
    """The answer that curl would get: the options the page uses, without needing curl."""
    words = iter(shlex.split(command)[1:])
    headers, fields, address = {}, [], ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(":")
            headers[name] = value.strip()
        elif word == "-u":
            headers["Authorization"] = "Basic " + b64encode(next(words).encode()).decode()
        elif word == "--data-urlencode":
            fields.append(tuple(next(words).split("=", 1)))
        elif word == "-o":
            next(words)
        elif not word.startswith("-"):
            address = word
        else:
            assert word in ("-G", "-OJ"), f"teach this test the option {word}"
    address += "?" + urlencode(fields) if fields else ""
    with urlopen(Request(address, headers=headers), timeout=30) as answer:
        return Answer(answer.status, answer.headers, answer.read())


@pytest.fixture
def server(store, tmp_path):
    """The web server as it is deployed, with people logging in, on the database of this test."""
    key = make_key(workspace=make_workspace(1, "Default"), name="docs", can_read=True)
    send(checkout())
    store_incident(minutes=100, slow_minutes=30, calls=13, version="4.12.0", fails=True)
    url = django_settings.DATABASE_URL.rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    environment = {"DATABASE_URL": url, "TRACER_SECRET_KEY": "tests", "TRACER_OPEN": "0"}
    running = start(environment, tmp_path / "web.log", role="web")
    running.words["key"] = key
    yield running
    running.stop()
