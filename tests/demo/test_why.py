"""The shop's troubles, told by the real product: sent over OTLP, sealed by its worker, asked through API and shell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg
import pytest

from apps.demo.diary import Told
from apps.demo.scenarios import NS_PER_MINUTE, SCENARIOS
from apps.traces.moments import utc_text
from tests.product import ROOT, Product
from tracer_ui.places import database_url

CHECKOUT = {"service": "gateway", "name": "POST /checkout"}


@dataclass
class Stretch:
    """One stretch of the shop's schedule in a workspace of its own."""

    server: Product
    slug: str
    read_key: str
    anchor_ns: int

    def at(self, minute: float) -> str:
        return utc_text(self.anchor_ns + int(minute * NS_PER_MINUTE))

    def ask(self, path: str, **params) -> dict:
        request = urllib.request.Request(
            f"{self.server.web_url}{path}?{urlencode(params)}", headers={"Authorization": f"Bearer {self.read_key}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def why(self, start: float, end: float, **params) -> dict:
        window = {"range": "custom", "start": self.at(start), "end": self.at(end)}
        return self.ask("/api/v1/why", **(CHECKOUT | window | params))


def tell(server: Product, tmp_path, slug: str, first: float, last: float, *, rate: float) -> Stretch:
    """Minutes [first, last) of the shop's schedule, sent as if they had just passed; waits until all is sealed. Of
    `rate` traces a second, some three in a hundred are checkouts."""
    code = f"""
from apps.accounts.keys import make_key
from apps.accounts.models import Workspace
workspace = Workspace.objects.create(name="{slug}", slug="{slug}")
send, read = (make_key(workspace=workspace, name=name, can_read=name == "read") for name in ("send", "read"))
print(workspace.id, send, read)
"""
    workspace_id, send_key, read_key = server.shell(code).split()
    now_ns = time.time_ns() // NS_PER_MINUTE * NS_PER_MINUTE
    anchor_ns = now_ns - int(last * NS_PER_MINUTE)
    diary = tmp_path / slug
    diary.write_text(json.dumps(Told(anchor_ns, anchor_ns + int(first * NS_PER_MINUTE), 0).__dict__))
    subprocess.run(
        [sys.executable, "manage.py", "demo_shop", "--endpoint", server.otlp_url, "--key", send_key, "--no-live",
         "--diary", str(diary), "--backfill", "4h", "--backfill-rate", str(rate), "--batch-orders", "20"],
        cwd=ROOT, env=server.environment, check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    waiting = "SELECT count(*) FROM batch WHERE workspace_id = %s AND span_count > 0"
    until = time.monotonic() + 120
    with psycopg.connect(database_url(server.data_dir), autocommit=True) as database:
        while database.execute(waiting, [workspace_id]).fetchone() != (0,):
            assert time.monotonic() < until, "the worker did not seal everything"
            time.sleep(0.5)
    return Stretch(server, slug, read_key, anchor_ns)


@pytest.fixture(scope="module")
def early(server, tmp_path_factory) -> Stretch:
    """25 minutes with failing orders (8-13) and N+1 in inventory (18-30): 60 checkouts on either side of the second, 30
    on either side of the first, which needs 20."""
    return tell(server, tmp_path_factory.mktemp("early"), "why-early", 3, 28, rate=3)


@pytest.fixture(scope="module")
def late(server, tmp_path_factory) -> Stretch:
    """Twenty minutes around the release of payment 4.12.0 (76). With fewer checkouts its minute is not found."""
    return tell(server, tmp_path_factory.mktemp("late"), "why-late", 66, 86, rate=4)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_slow_bank_is_told_with_payment_bank_api_its_minute_and_its_version(late):
    told = late.why(76, 86)
    assert told["change"] == "rose" and told["found_split"]
    assert "all of it waiting for bank-api, called " in plain(told["sentence"]).partition("in payment, ")[2]
    began = (late.at(SCENARIOS["slow_bank"].offset - 1), late.at(SCENARIOS["slow_bank"].offset + 4))
    assert began[0][:16] <= told["since"]["start"][:16] <= began[1][:16]
    assert "Those are calls per POST /checkout, one after the other." in plain(told["next"])
    assert "The change came with payment 4.12.0, first seen at " in plain(told["next"])
    first = told["parts"][0]
    assert (first["service"], first["peer"], first["kind_of_work"]) == ("payment", "bank-api", "external")
    assert 9 <= first["calls_after"] <= 18 and first["calls_before"] < 1.5
    assert first["change_ns"] > 0.7 * (told["after"]["value_ns"] - told["before"]["value_ns"])


def test_the_slow_ones_of_the_slow_bank_share_what_the_release_brought(late):
    told = late.why(76, 86, attributes=1)["attributes"]
    shared = [one for one in told["found"] if one["service"] == "payment" and one["effect_pt"] > 80]
    pairs = {(one["key"], one["value"]) for one in shared} | {
        (same["key"], same["value"]) for one in shared for same in one["same"]
    }
    assert {("payment.split", "per_line"), ("service.version", "4.12.0")} <= pairs
    assert {"order.id", "user.id"} <= {one["key"] for one in told["unique_values"]}
    assert told["elapsed_ms"] < 2_500


def test_n_plus_one_is_told_with_inventory_and_its_database(early):
    told = early.why(18, 28, look="p50", split="none")
    assert told["change"] == "rose"
    assert "in inventory, " in plain(told["sentence"]) and "waiting for postgresql · shop" in plain(told["sentence"])
    assert "times instead of 3 times" in plain(told["sentence"])
    assert "Those are calls per POST /checkout, one after the other." in plain(told["next"])


def test_failing_orders_are_told_with_where_they_began(early):
    told = early.why(8, 13, look="errors", split="none")
    assert told["change"] == "rose"
    order = r"in order POST /orders with org\.springframework\.dao\.DuplicateKeyException"
    assert re.search(rf"(began|failed as a whole, (all|\d+ of them)) {order}", plain(told["sentence"]))
    groups = early.ask(
        "/api/v1/errors", range="custom", start=early.at(8), end=early.at(13), service="order", q="DuplicateKey"
    )["groups"]
    assert groups[0]["span_name"] == "POST /orders" and groups[0]["errors"] >= 5
    assert groups[0]["change"] in ("new", "more")


def test_what_is_not_troubled_is_as_before(early):
    told = early.why(16, 28, service="storefront", name="GET /")
    assert told["change"] == "as_before" and not told["found_split"]
    assert plain(told["sentence"]).startswith("GET / is as before: p95 ")


def test_the_shell_says_the_same(late):
    told = late.why(76, 86)
    done = subprocess.run(
        [sys.executable, "manage.py", "why", "gateway", "POST /checkout", "--workspace", late.slug,
         f"--before={told['before']['start']}/{told['before']['end']}",
         f"--after={told['after']['start']}/{told['after']['end']}"],
        cwd=ROOT, env=late.server.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = plain(done.stdout)
    assert "all of it waiting for bank-api" in said.splitlines()[0].partition("in payment, ")[2]
    assert "payment external bank-api" in said
    assert "payment payment.split=per_line" in said
