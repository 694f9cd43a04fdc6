import re
import time

import pytest

from tests.api.conftest import make_workspace
from tests.insights.incident import store_incident
from tests.store.shop import now_shifted
from tests.storing import digest_all, send
from tests.traces.build import SpanSpec, traces_data


def test_what_got_slower_and_the_longest_spans(api):
    store_incident(minutes=130, slow_minutes=30)
    told = api.json("/api/v1/slow", {"range": "1h"})
    first = told["slower"][0]
    assert (first["service"], first["span_name"], first["peer"]) == ("payment", "POST /v2/authorisations", "bank-api")
    assert (first["change"], first["is_cause"]) == ("more_calls", True)
    assert all(not one["is_cause"] and one["change"] == "slower" for one in told["slower"][1:])
    assert told["longest"][0]["duration_ns"] >= told["longest"][-1]["duration_ns"] > 0
    assert (told["compared"], told["too_few"], told["most_samples"]) == (5, 0, 0)
    assert "bank-api" in told["longest"][0]["verdict"]["sentence"]


def test_a_silent_time_is_empty_and_nothing_crosses_workspaces(api):
    store_incident(minutes=60, slow_minutes=10)
    silent = api.json("/api/v1/slow", {"start": "2026-01-01", "end": "2026-01-02"})
    assert (silent["slower"], silent["longest"], silent["compared"]) == ([], [], 0)
    make_workspace(2, "Other")
    spans = traces_data([SpanSpec("secret", "secret", None, 0, 99_000, {}, "SERVER")])
    send(now_shifted(spans, time.time_ns() - 200 * 10**9), workspace_id=2)
    digest_all()
    told = api.json("/api/v1/slow", {"range": "1h"})
    assert told["longest"] and "secret" not in str(told)


def test_what_cannot_be_read_is_said(api):
    assert "kind" in api.json("/api/v1/slow", {"kind": "SIDEWAYS"}, status=400)["fields"]
    assert "servise" in api.json("/api/v1/slow", {"servise": "x"}, status=400)["fields"]


@pytest.mark.parametrize(
    ("wrong", "choices"),
    [
        ({"range": "7d", "against": "yesterday"}, "longer than a day, and .* Choose one of: before, last_week."),
        ({"range": "30d", "against": "last_week"}, "longer than a week, and .* Choose one of: before."),
    ],
)
def test_a_comparison_with_part_of_itself_is_refused(api, wrong, choices):
    fields = api.json("/api/v1/slow", wrong, status=400)["fields"]
    assert re.search(choices, fields["against"]) and list(fields) == ["against"]
    assert api.json("/api/v1/slow", {"range": "24h", "against": "yesterday"})["period"]["against"] == "yesterday"
