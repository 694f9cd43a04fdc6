from tests.insights.incident import store_incident


def test_what_got_slower_and_the_longest_spans(api):
    store_incident(minutes=130, slow_minutes=30)
    told = api.json("/api/v1/slow", {"range": "1h"})
    first = told["slower"][0]
    assert (first["service"], first["span_name"], first["peer"]) == ("payment", "POST /v2/authorisations", "bank-api")
    assert (first["change"], first["is_cause"]) == ("more_calls", True)
    assert all(not one["is_cause"] and one["change"] == "slower" for one in told["slower"][1:])
    assert told["longest"][0]["duration_ns"] >= told["longest"][-1]["duration_ns"] > 0
    assert told["compared"] == 5


def test_what_cannot_be_read_is_said(api):
    assert "kind" in api.json("/api/v1/slow", {"kind": "SIDEWAYS"}, status=400)["fields"]
    assert "servise" in api.json("/api/v1/slow", {"servise": "x"}, status=400)["fields"]
