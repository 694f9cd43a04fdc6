import pytest

from apps.traces.why.judge import LOOKS
from tests.explorer.test_errors_page import store_errors
from tests.insights.incident import store_incident

ASK = {"service": "gateway", "name": "POST /checkout", "range": "1h"}


@pytest.fixture
def incident(api):
    return store_incident(minutes=100, slow_minutes=30)


def test_the_answer_with_its_facts(api, incident):
    told = api.json("/api/v1/why", ASK)
    assert told["change"] == "rose" and told["found_split"]
    assert "waiting for bank-api, called 13" in told["sentence"] and "payment 4.12.0" in told["next"]
    first = told["parts"][0]
    assert (first["service"], first["kind_of_work"], first["peer"]) == ("payment", "external", "bank-api")
    assert first["calls_after"] == 13 and first["calls_before"] == 1
    change = told["after"]["value_ns"] - told["before"]["value_ns"]
    assert sum(part["change_ns"] for part in told["parts"]) == change
    assert told["before"]["end"] == told["after"]["start"] == told["since"]["start"]
    assert told["after"]["traces"] == 90
    assert told["releases"][0]["version"] == "4.12.0"
    assert len(told["examples"]["after"]) >= 10
    assert told["attributes"] is None


def test_attributes_when_asked_for(api, incident):
    told = api.json("/api/v1/why", ASK | {"attributes": "1"})["attributes"]
    keys = [(one["service"], one["key"], one["value"], one["effect_pt"]) for one in told["found"]]
    assert ("payment", "payment.split", "per_line", 100.0) in keys
    assert told["group"] == "slow" and told["group_traces"] == 90 and told["is_enough"]
    assert told["unique_values"][0]["key"] == "user.id"


@pytest.mark.parametrize("look", LOOKS)
def test_every_figure_can_be_looked_at(api, incident, look):
    told = api.json("/api/v1/why", ASK | {"look": look})
    assert told["look"] == look
    assert told["change"] == ("as_before" if look == "errors" else "rose")


def test_without_a_question_the_root_span_names_by_change(api, incident):
    told = api.json("/api/v1/why", {"range": "1h"})
    (root,) = told["roots"]
    assert (root["service"], root["name"], root["change"]) == ("gateway", "POST /checkout", "slower")
    assert root["p95_ns"] > root["p95_before_ns"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"look": "p42"}, "look"),
        ({"split": "never"}, "split"),
        ({"search": "kind=ROUND"}, "search"),
        ({"search": "range=9y"}, "search"),
        ({"service": ""}, "service"),
        ({"range": "1y"}, "range"),
        ({"servise": "x"}, "servise"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(api, wrong, field):
    assert field in api.json("/api/v1/why", ASK | wrong, status=400)["fields"]


def test_a_name_without_traces_is_no_error(api, incident):
    told = api.json("/api/v1/why", ASK | {"range": "", "start": "2026-01-01", "end": "2026-01-02"})
    assert told["change"] == "nothing" and told["parts"] == [] and told["before"]["value_ns"] is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"service": "gatewya", "name": ""}, "No service gatewya was ever seen. Similar: gateway."),
        ({"service": "zzz"}, "No service zzz was ever seen."),
    ],
)
def test_a_service_that_was_never_seen_is_not_found_a_name_may_come(api, incident, wrong, says):
    assert says in str(api.json("/api/v1/why", ASK | wrong, status=404))
    assert api.json("/api/v1/why", ASK | {"name": "POST /chekout"})["change"] == "nothing"


def test_errors_by_where_they_started_and_one_group_looked_into(api):
    store_incident(minutes=100, slow_minutes=30, fails=True)
    told = api.json("/api/v1/errors", {"range": "1h"})
    (group,) = told["groups"]
    assert (group["service"], group["span_name"], group["exception_type"]) == (
        "payment",
        "INSERT charge",
        "DuplicateKey",
    )
    assert (group["message"], group["errors"], group["change"]) == ("duplicate key {n}", 90, "new")
    assert sum(group["series"]) == 90 and told["error_traces"] == 90
    one = api.json("/api/v1/errors", {"range": "1h", "group": group["id"]})
    assert one["group"]["roots"] == [{"service": "gateway", "name": "POST /checkout", "traces": 60}]
    assert one["group"]["examples"][0].keys() == {"trace_id", "span_id", "started_at"}
    assert api.json("/api/v1/errors", {"range": "1h", "service": "gateway"})["groups"] == []
    assert api.json("/api/v1/errors", {"range": "1h", "q": "duplicate"})["groups"]
    api.json("/api/v1/errors", {"group": "f" * 32}, status=404)


def test_failed_traces_by_what_they_failed_by_and_those_that_went_through(api):
    store_incident(minutes=100, slow_minutes=30, fails=True)
    told = api.json("/api/v1/why", ASK | {"look": "errors"})
    assert told["failed"] == {"side": "after", "looked_at": 24, "as_a_whole": 24, "went_through": 0, "tried_again": 0}
    (origin,) = told["origins"]
    assert (origin["exception_type"], origin["traces"], origin["failed"], origin["went_through"]) == (
        "DuplicateKey", 24, 24, 0,
    )  # fmt: skip
    store_incident(minutes=100, slow_minutes=30, seed=2, calls=2, refused="429 Too Many Requests", recovers=True)
    told = api.json("/api/v1/why", ASK | {"look": "errors"})
    failed, refused = told["failed"], told["origins"][1]
    assert failed["as_a_whole"] + failed["went_through"] == 24 and failed["tried_again"] == failed["went_through"] > 0
    assert (refused["failed"], refused["went_through"]) == (0, refused["traces"])


def test_where_fewer_fail_than_before_it_is_told_what_failed_before(api):
    store_errors(before=40, after=0)
    told = api.json("/api/v1/why", {"service": "gateway", "name": "POST /checkout", "range": "1h", "look": "errors",
                                    "split": "none"})  # fmt: skip
    assert told["change"] == "fell" and told["failed"]["side"] == "before" and told["failed"]["as_a_whole"] == 24
    assert "0 % of POST /checkout had an error" in told["sentence"].replace("\u00a0", " ")
    assert "all looked at before began in payment INSERT charge with DuplicateKey" in told["sentence"]


def test_a_search_instead_of_a_name(api, incident):
    told = api.json("/api/v1/why", {"search": "attr=payment.method=card", "range": "1h"})
    assert told["change"] == "rose" and told["service"] == "" and "waiting for bank-api" in told["sentence"]
