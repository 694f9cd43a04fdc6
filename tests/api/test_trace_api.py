"""`/api/v1/traces/<trace_id>`: the trace as it came."""

import json

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.api.shop import CHECKOUT_ID, OTHER_ID, PAYMENT, checkout
from tests.storing import digest_all, send

ADDRESS = f"/api/v1/traces/{CHECKOUT_ID}"


def spans_of(data: TracesData) -> dict[bytes, tuple]:
    """Every span with what stands around it, by span id."""
    return {
        span.span_id: (span, group.resource, scoped.scope, group.schema_url, scoped.schema_url)
        for group in data.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    }


@pytest.mark.parametrize("is_sealed", [False, True], ids=["hot", "sealed"])
@pytest.mark.parametrize("accept", ["application/x-protobuf", "application/protobuf"])
def test_protobuf_by_accept_holds_exactly_what_was_sent(api, is_sealed, accept):
    document = checkout()
    send(document)
    if is_sealed:
        digest_all()
    answer = api(ADDRESS, accept=accept)
    assert answer["Content-Type"] == accept
    assert spans_of(TracesData.FromString(answer.content)) == spans_of(document)


def test_json_is_otlp_with_hex_ids(api):
    send(checkout())
    for accept in ("", "application/json", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8"):
        answer = api(ADDRESS, accept=accept)
        assert answer["Content-Type"] == "application/json"
        spans = [s for g in answer.json()["resourceSpans"] for p in g["scopeSpans"] for s in p["spans"]]
        assert {span["traceId"] for span in spans} == {CHECKOUT_ID}
        assert PAYMENT in {span["spanId"] for span in spans}


def test_json_sent_back_to_ingest_stores_the_same_trace(api, client):
    document = checkout()
    send(document)
    text = api(ADDRESS).content
    from apps.traces.batch import split_batch
    from apps.traces.otlp_json import request_from_json

    request, problems, rejected = request_from_json(text)
    assert (problems, rejected) == ([], 0)
    assert split_batch(request).accepted == 3
    assert spans_of(TracesData(resource_spans=request.resource_spans)) == spans_of(document)


@pytest.mark.parametrize(("accept", "wanted"), [
    ("application/x-protobuf;q=0.5, application/json", "application/json"),
    ("application/json;q=0.5, application/x-protobuf", "application/x-protobuf"),
    ("application/x-protobuf;q=0, */*;q=0.1", "application/json"),
    ("APPLICATION/PROTOBUF", "application/protobuf"),
])  # fmt: skip
def test_the_weights_of_accept_decide(api, accept, wanted):
    send(checkout())
    assert api(ADDRESS, accept=accept)["Content-Type"] == wanted


def test_what_cannot_be_given_is_406_in_json(api):
    send(checkout())
    assert "application/json" in api.json(ADDRESS, status=406, accept="text/csv")["error"]


def test_ids_in_other_forms(api):
    document = checkout()
    short = "00f067aa0ba902b7"
    for group in document.resource_spans:
        for span in group.scope_spans[0].spans:
            span.trace_id = bytes.fromhex(short.rjust(32, "0"))
    send(document)
    for written in (short, short.upper(), short.rjust(32, "0")):
        assert api(f"/api/v1/traces/{written}").status_code == 200


def test_a_bad_id_is_400_and_an_unknown_one_404(api):
    for bad in ("zebra", "0" * 32, "ab" * 15, "ab" * 17, "a%00b", "..", "%F0%9F%A6%93"):
        assert api.json(f"/api/v1/traces/{bad}", status=400)["error"], bad
    assert api.json(f"/api/v1/traces/{OTHER_ID}", status=404) == {"error": "trace not found"}


def test_download_has_a_name_made_of_hex_digits(api):
    send(checkout())
    assert "Content-Disposition" not in api(ADDRESS)
    answer = api(ADDRESS.upper().replace("/API/V1/TRACES", "/api/v1/traces"), {"download": "1"})
    assert answer["Content-Disposition"] == f'attachment; filename="trace-{CHECKOUT_ID}.json"'
    answer = api(ADDRESS, {"download": "1"}, accept="application/x-protobuf")
    assert answer["Content-Disposition"] == f'attachment; filename="trace-{CHECKOUT_ID}.pb"'


def test_an_unchanged_trace_is_304_and_a_grown_one_is_not(api):
    document = checkout()
    late = TracesData.FromString(document.SerializeToString())
    del document.resource_spans[1]
    send(document)
    first = api(ADDRESS)
    assert api(ADDRESS, if_none_match=first["ETag"]).status_code == 304
    assert "Last-Modified" not in first  # spans may still arrive
    assert first["Cache-Control"] == "private, no-cache"
    other_wire = api(ADDRESS, accept="application/x-protobuf", if_none_match=first["ETag"])
    assert other_wire.status_code == 200
    send(late)
    grown = api(ADDRESS, if_none_match=first["ETag"])
    assert grown.status_code == 200
    assert grown["ETag"] != first["ETag"]


def test_a_sealed_trace_says_when_it_last_changed(api):
    send(checkout())
    digest_all()
    answer = api(ADDRESS)
    assert api(ADDRESS, if_modified_since=answer["Last-Modified"]).status_code == 304


def test_head_answers_as_get_without_a_body(api, client):
    send(checkout())
    answer = client.head(ADDRESS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == api(ADDRESS)["ETag"]


def test_other_addresses_and_methods_are_answered_in_json(api, client):
    for address in ("/api/", "/api/v1", "/api/v1/nothing", f"{ADDRESS}/spans", "/api/v2/spans"):
        assert api.json(address, status=404)["error"]
    for method in ("post", "put", "delete"):
        answer = getattr(client, method)(ADDRESS)
        assert (answer.status_code, answer["Content-Type"]) == (405, "application/json")
    assert client.post("/api/nothing").status_code == 404


def test_a_fault_of_ours_is_500_in_json(api, monkeypatch):
    send(checkout())

    def broken(payload):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("apps.api.own.trace_view.traces_data_to_json", broken)
    answer = api(ADDRESS)
    assert answer.status_code == 500
    assert "secret" not in json.dumps(answer.json())
