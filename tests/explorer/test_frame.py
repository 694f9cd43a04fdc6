"""The frame of every page, as the server sends it."""

import re

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_logs_in(settings) -> None:
    settings.TRACER_OPEN = True


def test_pages_vary_on_what_htmx_asks_and_programs_answers_do_not(client):
    assert "HX-Request" in client.get("/connect")["Vary"]
    assert "HX-Request" not in client.get("/healthz").get("Vary", "")


def test_the_policy_allows_nothing_inline_and_nothing_foreign(client):
    policy = client.get("/components")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = client.get("/components").content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page


@pytest.mark.parametrize(("cookie", "written"), [
    ("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("", ""), ('"><script>', ""),
])  # fmt: skip
def test_the_server_writes_the_chosen_theme(client, cookie, written):
    client.cookies["theme"] = cookie
    assert f'<html lang="en"{written}>' in client.get("/connect").content.decode()


@pytest.mark.parametrize(("back", "goes_to"), [
    ("/connect?with=rails", "/connect?with=rails"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("", "/"),
])  # fmt: skip
def test_choosing_a_theme_goes_back_to_the_page_and_nowhere_else(client, back, goes_to):
    answer = client.post("/theme", {"theme": "dark", "next": back})
    assert answer.status_code == 302
    assert answer["Location"] == goes_to
    assert answer.cookies["theme"].value == "dark"


def test_a_theme_nobody_has_is_refused(client):
    assert client.post("/theme", {"theme": "pink"}).status_code == 400
    assert client.get("/theme").status_code == 405


def test_no_page_of_the_bar_leads_nowhere(client):
    page = client.get("/components")
    for address in ("/", "/connect", "/settings/keys"):
        assert f'href="{address}"' in page.content.decode()
        assert client.get(address).status_code == 200


def test_the_icon_is_found_where_browsers_look_for_it(client, settings):
    settings.TRACER_OPEN = False
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert re.fullmatch(r"/static/img/mark\.\w+\.svg", answer["Location"])
    assert client.post("/favicon.ico").status_code == 405


def test_a_mistake_of_ours_has_a_page_that_needs_no_database(client, monkeypatch):
    client.raise_request_exception = False
    client.cookies["theme"] = "dark"
    monkeypatch.setattr("apps.explorer.views.connect.listening", lambda *_: 1 / 0)
    answer = client.get("/connect")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "our mistake" in page
    assert 'data-theme="dark"' in page
    assert "ZeroDivisionError" not in page


def test_a_form_from_another_site_is_refused_with_a_page(settings):
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/settings/keys/new", {"name": "x"})
    assert answer.status_code == 403
    assert b"This form is too old" in answer.content
