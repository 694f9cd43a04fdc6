"""Who gets in: log-in, the first administrator, and what needs no log-in."""

import logging
import re
import threading
import time
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from apps.accounts import attempts
from apps.accounts.models import Membership, Role
from apps.accounts.setup import create_admin

PASSWORD = "correct-horse-9"


def test_a_page_asks_for_a_log_in_and_comes_back_to_itself(cast):
    answer = cast.anybody.get("/settings/keys?a=b")
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/settings/keys%3Fa%3Db"
    entered = {"username": "member", "password": "member-knows-this", "next": "/settings/keys?a=b"}
    assert cast.anybody.post("/login", entered)["Location"] == "/settings/keys?a=b"


def test_logging_in_leads_to_no_other_site(cast):
    entered = {"username": "member", "password": "member-knows-this", "next": "https://evil.example/"}
    assert cast.anybody.post("/login", entered)["Location"] == "/"


def test_a_wrong_password_says_so_and_does_not_say_which_part(cast):
    unknown = cast.anybody.post("/login", {"username": "nobody", "password": "x"})
    wrong = cast.anybody.post("/login", {"username": "member", "password": "x"})
    assert b"That did not work" in unknown.content
    strip = re.compile(rb'value="(nobody|member|[\w-]{64})"')
    assert strip.sub(b"", unknown.content) == strip.sub(b"", wrong.content)


def test_passwords_can_be_guessed_at_ten_times_from_one_address(cast, monkeypatch):
    monkeypatch.setattr(attempts, "SECONDS", 2)
    name, right = f"member{uuid4().hex[:8]}", {"username": "member", "password": "member-knows-this"}
    User.objects.filter(username="member").update(username=name)

    def enter(password: str, address: str = "10.0.0.1"):
        return Client(REMOTE_ADDR=address).post("/login", {"username": name, "password": password})

    for _ in range(attempts.MOST_FROM_ONE_ADDRESS):
        assert enter("x").status_code == 200
    shut = enter(right["password"])
    assert shut.status_code == 429 and 0 < int(shut["Retry-After"]) <= 2
    assert b"Too many wrong passwords" in shut.content
    assert enter(right["password"], "10.0.0.2").status_code == 302, "the one whose name it is sits elsewhere"
    time.sleep(2.1)
    assert enter(right["password"]).status_code == 302


@pytest.mark.parametrize(
    "spell", ["{} ", "  {}", " " * 200 + "{}", "\uff4d{}"], ids=["after", "before", "many", "wide"]
)
def test_other_spellings_of_a_name_are_not_other_names(cast, spell):
    name = f"m{uuid4().hex[:8]}"
    spelt = spell.format(name[1:] if "\uff4d" in spell else name)

    def enter(entered: str) -> int:
        return Client(REMOTE_ADDR="10.0.3.1").post("/login", {"username": entered, "password": "x"}).status_code

    for _ in range(attempts.MOST_FROM_ONE_ADDRESS):
        assert enter(name) == 200
    assert enter(spelt) == 429


def test_a_log_in_forgets_the_failures_before_it(cast):
    name = f"member{uuid4().hex[:8]}"
    User.objects.filter(username="member").update(username=name)

    def enter(password: str) -> int:
        entered = {"username": name, "password": password}
        return Client(REMOTE_ADDR="10.0.4.1").post("/login", entered).status_code

    for _ in range(2):
        assert {enter("x") for _ in range(attempts.MOST_FROM_ONE_ADDRESS - 1)} == {200}
        assert enter("member-knows-this") == 302


def test_guesses_from_many_addresses_add_up(cast):
    name = f"nobody{uuid4().hex[:8]}"

    def enter(address: str) -> int:
        return Client(REMOTE_ADDR=address).post("/login", {"username": name, "password": "x"}).status_code

    assert {enter(f"10.0.1.{n}") for n in range(attempts.MOST_FOR_A_NAME)} == {200}
    assert enter("10.0.2.1") == 429


def test_a_log_in_does_not_forget_what_others_have_tried(cast):
    name = f"member{uuid4().hex[:8]}"
    User.objects.filter(username="member").update(username=name)

    def enter(address: str, password: str = "x") -> int:
        return Client(REMOTE_ADDR=address).post("/login", {"username": name, "password": password}).status_code

    assert {enter(f"10.0.5.{n}") for n in range(attempts.MOST_FOR_A_NAME - 1)} == {200}
    assert enter("10.0.6.1", "member-knows-this") == 302
    assert enter("10.0.6.2") == 200
    assert enter("10.0.6.3") == 429


def test_without_redis_people_get_in(cast, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    entered = {"username": "member", "password": "member-knows-this"}
    assert cast.anybody.post("/login", entered | {"password": "x"}).status_code == 200
    assert cast.anybody.post("/login", entered).status_code == 302


def test_logging_out_ends_the_session_and_needs_a_post(cast):
    assert cast.member.get("/logout").status_code == 405
    cast.member.post("/logout")
    assert cast.member.get("/settings/keys").status_code == 302


def test_every_address_but_the_open_ones_turns_a_passer_by_away(cast):
    """Parametrised over the addresses themselves, so that a new page cannot be forgotten."""
    open_names = {"login", "logout", "setup", "join", "theme", "favicon"}
    tried = 0
    for pattern in get_resolver("apps.accounts.urls").url_patterns + get_resolver("apps.explorer.urls").url_patterns:
        if pattern.name in open_names:
            continue
        path = "/" + re.sub(r"<\w+:(\w+)>|<(\w+)>", "1", str(pattern.pattern)).lstrip("^").rstrip("$")
        answer = cast.anybody.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"].startswith("/login"), path
        tried += 1
    assert tried >= 10


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/ingest/trc_x/v1/traces", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_machines_are_never_redirected(cast, path, method):
    assert getattr(cast.anybody, method)(path).status_code not in range(300, 400)


def test_programs_that_read_get_401_instead_of_a_page(cast):
    answer = cast.anybody.get("/api/v1/traces")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/json"


def test_a_part_of_a_page_sends_the_whole_page_to_the_log_in(cast):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/connect?with=rails"}
    answer = cast.anybody.get("/connect/listening", headers=headers)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == "http://testserver/connect?with=rails"


def test_where_nobody_logs_in_everybody_is_owner(db, settings, client):
    settings.TRACER_OPEN = True
    page = client.get("/settings/keys")
    assert page.status_code == 200
    assert b"Make the key" in page.content
    assert b"Log out" not in page.content


@pytest.fixture
def _fresh_token(settings, tmp_path) -> None:
    settings.TRACER_DATA_DIR = tmp_path


@pytest.mark.usefixtures("_fresh_token")
def test_the_first_administrator_needs_the_token_of_the_log(db, client, caplog):
    assert client.get("/settings/keys")["Location"] == "/setup"
    assert client.get("/login")["Location"] == "/setup"
    with caplog.at_level(logging.WARNING):
        client.get("/setup")
    token = caplog.records[-1].args[0]
    entered = {"token": "guess", "username": "jana", "password": PASSWORD}
    assert client.post("/setup", entered).status_code == 422
    assert not User.objects.exists()
    assert client.post("/setup", {**entered, "token": token}).status_code == 302
    assert Membership.objects.get(user__username="jana").role == Role.OWNER
    assert client.get("/settings/members").status_code == 200
    assert Client().get("/setup")["Location"] == "/"
    assert Client().post("/setup", {**entered, "username": "second", "token": token})["Location"] == "/"
    assert User.objects.count() == 1


@pytest.mark.usefixtures("_fresh_token")
def test_a_weak_first_password_is_refused(db, client):
    answer = client.post("/setup", {"token": "x", "username": "jana", "password": "password"})
    assert answer.status_code == 422
    assert b"too common" in answer.content


def test_the_first_administrator_can_be_made_from_the_command_line(db, monkeypatch):
    monkeypatch.setenv("TRACER_ADMIN_PASSWORD", PASSWORD)
    call_command("createadmin", "jana")
    assert User.objects.get().check_password(PASSWORD)
    with pytest.raises(CommandError, match="a user already"):
        call_command("createadmin", "second")


@pytest.mark.usefixtures("_fresh_token")
@pytest.mark.django_db(transaction=True)
def test_two_first_administrators_at_once_are_one():
    made = []

    def make(name: str) -> None:
        made.append(create_admin(username=name, password=PASSWORD))
        connection.close()

    threads = [threading.Thread(target=make, args=(name,)) for name in ("jana", "petr", "eva")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(user is not None for user in made) == 1
    assert User.objects.count() == 1
