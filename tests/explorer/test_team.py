"""A team's installation, in the browser: the first administrator, a colleague, logging in and out."""

import os
import re
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import expect

from tests.ingest import real_server
from tests.look import look, problems_everywhere
from tests.product import ROOT
from tracer_ui.places import database_url


@pytest.fixture(scope="module")
def team_server(tmp_path_factory):
    """The web server of an instance on which people log in, on a database without users."""
    url = database_url(settings.TRACER_DATA_DIR, "team_tests")
    environment = {"DATABASE_URL": url, "TRACER_SECRET_KEY": "tests", "TRACER_OPEN": "0"}
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as admin:
        admin.execute("CREATE DATABASE team_tests")
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=ROOT, env=os.environ | environment, check=True, timeout=60)
    log = tmp_path_factory.mktemp("team") / "web.log"
    server = real_server.start(environment, log, role="web")
    server.log = log
    yield server
    server.stop()


def test_a_team_sets_itself_up(team_server, chromium):
    url = team_server.url
    with look(chromium, url + "/") as page:
        assert page.url == url + "/setup"
        assert problems_everywhere(page) == []
        token = re.search(r"enter this token: (\S+)", team_server.log.read_text()).group(1)
        page.get_by_label("Setup token").fill("guess")
        page.get_by_label("User name").fill("jana")
        page.get_by_label("Password").fill("correct-horse-9")
        page.get_by_role("button", name="Make the administrator").click()
        page.get_by_text("That is not the token").wait_for()
        assert problems_everywhere(page) == []
        page.get_by_label("Setup token").fill(token)
        page.get_by_label("Password").fill("correct-horse-9")
        page.get_by_role("button", name="Make the administrator").click()
        page.get_by_role("link", name="Open Connect to get a key").click()
        page.get_by_role("button", name="Make a key").click()
        expect(page.locator("#code-2")).to_have_text(re.compile(r"x-tracer-token=trc_[\w-]{43} "))
        assert problems_everywhere(page) == []
        page.goto(url + "/settings/members")
        page.get_by_label("User name").fill("petr")
        page.get_by_role("button", name="Add").click()
        link = page.locator("#made").inner_text()
        assert problems_everywhere(page) == []
        page.locator(".who-menu summary").click()
        assert problems_everywhere(page) == []
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        assert problems_everywhere(page) == []
    with look(chromium, link) as page:
        assert page.locator("h1").inner_text() == "Welcome, petr. Choose a password."
        assert problems_everywhere(page) == []
        page.get_by_label("New password", exact=True).fill("battery-staple-7")
        page.get_by_label("New password confirmation").fill("battery-staple-7")
        page.get_by_role("button", name="Join").click()
        page.wait_for_url(url + "/")
        assert page.locator(".who-menu").count() == 1
    with look(chromium, url + "/connect?with=rails") as page:
        assert page.url == url + "/login?next=/connect%3Fwith%3Drails"
        page.get_by_label("User name").fill("petr")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("That did not work.").wait_for()
        assert problems_everywhere(page) == []
        page.get_by_label("Password").fill("battery-staple-7")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(url + "/connect?with=rails")
