import io

import pytest
from django.core.management import CommandError, call_command

from apps.api.own import verdict_view
from apps.insights.usual import forget_usual
from apps.traces.verdict.facts import CAUSES
from tests.api.test_docs import DOCS
from tests.digest.test_verdicts import checkout
from tests.storing import digest_all, send

SLOW = f"{100:032x}"


def store_slow(count: int = 40, bank_ms: float = 900) -> None:
    send(*(checkout(number) for number in range(1, count + 1)))
    digest_all()
    forget_usual()
    send(checkout(100, bank_ms=bank_ms))
    digest_all()


def test_the_verdict_of_a_trace_and_whose_time_it_was(api):
    store_slow()
    said = api.json(f"/api/v1/traces/{SLOW}/verdict")
    assert said["sentence"].startswith("web took 960 ms (100 % of 960 ms), 9.")
    assert said["sentence"].endswith(": bank-api took 900 ms instead of 39.9 ms.")
    assert (said["cause"], said["service"], said["peer"], said["share_pct"]) == ("slower_call", "web", "bank-api", 100)
    assert (said["sample_size"], said["waited_ns"], said["is_sealed"]) == (40, 960_000_000, True)
    assert sum(part["own_ns"] for part in said["contributions"]) == said["waited_ns"]
    assert said["contributions"][0] == {
        "service": "web", "span_name": "charge", "kind_of_work": "external", "own_ns": 900_000_000, "calls": 1,
        "not_broken_down_ns": 0,
    }  # fmt: skip


def test_the_parts_add_up_to_the_nanosecond_though_verdicts_are_stored_to_the_microsecond(api):
    store_slow(bank_ms=900.000127)
    said = api.json(f"/api/v1/traces/{SLOW}/verdict")
    assert said["waited_ns"] % 1_000 and sum(part["own_ns"] for part in said["contributions"]) == said["waited_ns"]


def test_beyond_the_most_parts_the_rest_is_one_more(api, monkeypatch):
    monkeypatch.setattr(verdict_view, "MOST_PARTS", 1)
    store_slow(1)
    found = api.json(f"/api/v1/traces/{SLOW}/verdict")
    first, rest = found["contributions"]
    assert first["own_ns"] + rest["own_ns"] == found["waited_ns"] and rest["calls"] > 0
    assert (rest["service"], rest["span_name"], rest["kind_of_work"]) == (None, None, None)


def test_rows_of_a_search_have_theirs(api):
    store_slow()
    rows = {row["trace_id"]: row for row in api.json("/api/v1/traces?range=1h&limit=100")["rows"]}
    assert rows[SLOW]["verdict"]["cause"] == "slower_call"
    assert rows[SLOW]["verdict"]["service"] == "web"


def test_a_trace_that_is_not_stored_has_none(api):
    api.json(f"/api/v1/traces/{'ab' * 16}/verdict", status=404)
    api.json("/api/v1/traces/zz/verdict", status=400)


def test_a_parameter_that_means_nothing_is_refused(api):
    store_slow(1)
    for address in (f"/api/v1/traces/{SLOW}?downlaod=1", f"/api/v1/traces/{SLOW}/verdict?brief=1"):
        assert "not known" in str(api.json(address, status=400))


def test_every_cause_is_documented():
    documented = DOCS.read_text()
    assert [cause for cause in CAUSES if f"`{cause}`" not in documented] == []


def test_explain_says_it_in_a_shell(api):
    store_slow()
    out = io.StringIO()
    call_command("explain", SLOW, stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("web took 960 ms")
    assert any(line.split() == ["cause", "slower_call"] for line in lines)
    assert any(line.split()[:3] == ["900", "ms", "94"] and line.endswith("charge          external") for line in lines)


@pytest.mark.parametrize("asked", ["zz", "ab" * 16])
def test_explain_says_what_it_cannot_explain(api, asked):
    with pytest.raises(CommandError):
        call_command("explain", asked)
