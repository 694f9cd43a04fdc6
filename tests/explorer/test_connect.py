"""Connecting a service: the texts are right, the line turns green, and what is copied really works."""

import html
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import expect

from apps.explorer.connect.recipes import Target, recipes
from apps.store.names import forget_written
from tests.explorer.spans import TraceMaker
from tests.look import look, problems_everywhere
from tests.product import free_ports
from tests.storing import digest_all, send

OPEN, KEYED = Target("http://localhost:4318"), Target("https://traces.example", "trc_abc")


@pytest.mark.parametrize("target", [OPEN, KEYED])
def test_every_recipe_names_the_endpoint_and_the_protocol_and_the_key_only_if_there_is_one(target):
    for recipe in recipes(target):
        text = "\n".join(step.code for step in recipe.steps)
        assert target.endpoint in text, recipe.slug
        assert ("trc_abc" in text) == bool(target.key), recipe.slug
        if recipe.slug not in ("collector", "browser"):
            assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\\n" in text
            assert ("OTEL_EXPORTER_OTLP_HEADERS=x-tracer-token=trc_abc \\\n" in text) == bool(target.key)


@pytest.mark.parametrize(("with_", "settings_", "endpoint"), [
    ({"HTTP_HOST": "localhost:8000"}, {}, "http://localhost:4318"),
    ({"HTTP_HOST": "127.0.0.1"}, {"TRACER_OTLP_PORT": 5000}, "http://127.0.0.1:5000"),
    ({"HTTP_HOST": "[::1]:8000"}, {}, "http://[::1]:4318"),
    ({"HTTP_HOST": "localhost:8000"}, {"TRACER_PUBLIC_URL": "https://t.example"}, "https://t.example"),
    ({"HTTP_HOST": "localhost:8443", "wsgi.url_scheme": "https"}, {}, "https://localhost:8443"),
])  # fmt: skip
def test_the_endpoint_is_the_one_the_viewers_machine_reaches(db, client, settings, with_, settings_, endpoint):
    settings.TRACER_OPEN, settings.TRACER_OTLP_PORT = True, 4318
    for name, value in settings_.items():
        setattr(settings, name, value)
    page = client.get("/connect", **with_)
    assert page.context["guide"].endpoint == endpoint
    assert f"<i>OTEL_EXPORTER_OTLP_ENDPOINT</i>={endpoint} " in page.content.decode()


def test_only_the_default_workspace_takes_spans_without_a_key(db, client, settings):
    settings.TRACER_OPEN = True
    assert not client.get("/connect").context["guide"].needs_key
    client.post("/settings/workspace/new", {"name": "second"})
    page = client.get("/connect")
    assert page.context["guide"].needs_key
    assert "x-tracer-token=YOUR_INGEST_KEY" in page.content.decode()
    made = client.post("/connect?with=rails")
    assert "x-tracer-token=trc_" in made.content.decode()
    assert made.context["guide"].chosen.slug == "rails"


def test_an_unknown_framework_shows_the_first(db, client, settings):
    settings.TRACER_OPEN = True
    assert client.get("/connect?with=<cobol>").context["guide"].chosen.slug == "django"


def test_a_fresh_workspace_shows_how_to_send_and_says_when_the_first_span_is_there(server, chromium):
    """The whole first minute: new workspace, a key made on Connect, a real exporter, the line turns green."""
    with look(chromium, server.web_url + "/settings/workspace/new") as page:
        page.get_by_label("Name").fill("first run")
        page.get_by_role("button", name="Make the workspace").click()
        expect(page.locator("h1.verdict")).to_have_text(re.compile(r"^\s*No span has arrived yet\."))
        assert problems_everywhere(page) == []
        page.get_by_role("link", name="FastAPI").click()
        page.wait_for_url("**/?with=fastapi")
        page.get_by_text("uvicorn main:app").wait_for()
        page.get_by_role("link", name="Open Connect to get a key").click()
        page.get_by_role("button", name="Make a key").click()
        expect(page.locator("#code-2")).to_have_text(re.compile(r"x-tracer-token=trc_[\w-]{43}"))
        raw = re.search(r"x-tracer-token=(trc_[\w-]+)", page.locator("#code-2").inner_text()).group(1)
        page.goto(server.web_url + "/")
        assert page.locator("#listening .pulse").count() == 1
        send_span(server.otlp_url, raw, "first-run-service")
        page.locator("#listening.heard").wait_for(timeout=15_000)
        assert "first-run-service is connected." in page.locator("#listening").inner_text()
        assert problems_everywhere(page) == []
        page.get_by_role("link", name="Open that trace").click()
        expect(page).to_have_url(re.compile("/t/[0-9a-f]{32}"))
        page.goto(server.web_url + "/connect")
        assert "OTel-OTLP-Exporter-Python" in page.locator("#connected").inner_text()
        assert problems_everywhere(page) == []
        send_span(server.otlp_url, raw, "second-service")
        page.get_by_text("second-service is connected.").wait_for(timeout=5_000)
        page.locator("#connected a", has_text="second-service").wait_for(timeout=5_000)


def arrive(service: str, hours_ago: int = 0) -> None:
    make = TraceMaker(secrets.token_hex(16), time.time_ns() - hours_ago * 3600 * 10**9)
    make.span("a", service=service)
    send(make.data)


def names_in(answer) -> list[str]:
    return [service.name for service in answer.context["heard"].new]


def poll_of(answer) -> str:
    return html.unescape(re.search(r'hx-get="(/connect/listening[^"]*)"', answer.content.decode()).group(1))


def test_a_service_that_is_new_since_the_page_was_opened_is_told_by_its_own_name(empty_store, client, settings):
    settings.TRACER_OPEN = True
    arrive("gateway")
    _age_services(hours=2)
    opened = client.get("/connect")
    assert names_in(opened) == []
    assert "1 service connected; a new one is named here." in opened.content.decode()
    arrive("gateway")
    assert client.get(poll_of(opened)).status_code == 204, "what is known already is no news"
    arrive("mine")
    told = client.get(poll_of(opened))
    assert names_in(told) == ["mine"]
    assert told["HX-Trigger"] == "connect:news"
    forget_written()  # as another process: its row says anew when it was last seen
    arrive("gateway")
    assert client.get(poll_of(told)).status_code == 204, "the name stays although another sends"
    assert names_in(client.get("/connect")) == ["mine"], "and when the page is loaded again"
    arrive("other")
    assert names_in(client.get(poll_of(told))) == ["other", "mine"]


def test_a_shop_that_began_minutes_ago_does_not_stand_beside_the_name_of_who_comes_now(empty_store, client, settings):
    settings.TRACER_OPEN = True
    for name in ("gateway", "order", "payment", "stock", "cart"):
        arrive(name)
    opened = client.get("/connect")
    assert names_in(opened) == ["cart", "stock", "payment", "order", "gateway"]
    assert "and 2 more are connected." in opened.content.decode()
    arrive("mine")
    told = client.get(poll_of(opened))
    assert names_in(told) == ["mine"]
    assert "is connected." in told.content.decode()
    assert f"/t/{told.context['heard'].newest.trace_id}" in told.content.decode()
    assert names_in(client.get("/connect"))[0] == "mine"


def test_the_first_page_turns_green_by_the_same_line(empty_store, client, settings):
    settings.TRACER_OPEN = True
    first = client.get("/")
    assert client.get(poll_of(first)).status_code == 204
    arrive("<mine>")
    told = client.get(poll_of(first))
    assert names_in(told) == ["<mine>"]
    assert "<mine>" not in told.content.decode()


@pytest.mark.parametrize("query", ["since=x&latest=y", "latest=-1", "latest=" + "9" * 400, "since=" + "9" * 19])
def test_moments_that_are_none_are_left_out(empty_store, client, settings, query):
    settings.TRACER_OPEN = True
    arrive("mine")
    assert client.get(f"/connect/listening?{query}").status_code == 200
    assert client.get(f"/connect?{query}").status_code == 200


def test_connected_services_are_listed_with_when_they_were_first_and_last_seen(empty_store, client, settings):
    settings.TRACER_OPEN = True
    arrive("gateway")
    arrive("quiet", hours_ago=3)
    _age_services(hours=3)
    # The rows say three hours, for they are written anew every ten minutes only; rollups know the minute.
    arrive("gateway")
    digest_all()
    lines = {line.name: (first, last) for line, _, first, last in client.get("/connect/services").context["lines"]}
    assert lines == {
        "gateway": ("3\u00a0h ago", "sends now"),
        "quiet": ("3\u00a0h ago", "last 2\u00a0h ago"),
    }


def _age_services(hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE service SET first_seen_at = first_seen_at - make_interval(hours => %s), "
            "last_seen_at = last_seen_at - make_interval(hours => %s)",
            [hours, hours],
        )


def send_span(otlp_url: str, key: str, service: str) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{otlp_url}/v1/traces", headers={"x-tracer-token": key})
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("tests").start_as_current_span("first"):
        pass
    provider.shutdown()


DJANGO = {
    "manage.py": """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "mysite/__init__.py": "",
    "mysite/settings.py": """
SECRET_KEY, ROOT_URLCONF, ALLOWED_HOSTS, INSTALLED_APPS, DEBUG = "x", "mysite.urls", ["*"], [], True
""",
    "mysite/urls.py": """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("hello"))]
""",
}
FASTAPI = {
    "main.py": """
from fastapi import FastAPI
app = FastAPI()

@app.get("/")
def hello():
    return "hello"
"""
}


@pytest.mark.parametrize(("slug", "files", "port_argument"), [
    ("django", DJANGO, " 127.0.0.1:{port}"), ("fastapi", FASTAPI, " --port {port}"),
])  # fmt: skip
def test_the_python_recipes_work_as_they_are_written(server, tmp_path, slug, files, port_argument):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    target = Target(server.otlp_url)
    recipe = next(recipe for recipe in recipes(target) if recipe.slug == slug)
    [port] = free_ports(1)
    service = f"recipe-{slug}-{port}"
    command = recipe.steps[1].code.replace("=my-service ", f"={service} ") + port_argument.format(port=port)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TRACER", "DJANGO"))}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**inherited, "PATH": path, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with (tmp_path / "log").open("w") as log:
        shop = subprocess.Popen(
            ["sh", "-c", f"exec env {command}"], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        assert get_until_answered(f"http://127.0.0.1:{port}/", shop) == "hello"
        seen = wait_for(lambda: 'id="row-' in page_text(f"{server.web_url}/?service={service}"))
        assert seen, (tmp_path / "log").read_text()
    finally:
        shop.terminate()
        shop.wait(20)


def get_until_answered(url: str, process: subprocess.Popen) -> str:
    for _ in range(300):
        try:
            return page_text(url).strip('"')
        except OSError:
            assert process.poll() is None, "the service ended"
            time.sleep(0.1)
    return "no answer"


def wait_for(condition, timeout_s: float = 20.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.2)
    return True


def page_text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()
