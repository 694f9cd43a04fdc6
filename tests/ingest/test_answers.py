"""Answers by themselves: bounded, and an answer for every exception."""

from __future__ import annotations

import json

import pytest
from django.db import DataError, IntegrityError, InternalError, OperationalError, ProgrammingError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from apps.ingest import answers
from apps.ingest.answers import JSON, PROTOBUF, reasons, refusal_answer, taken_answer, wire_format
from apps.ingest.refusal import Refusal
from apps.ingest.signals import LOGS, METRICS, TRACES, Taken
from apps.ingest.views import refusal_for
from apps.store.writer import BacklogFull, StoreUnavailable
from apps.traces.batch import Batch


def test_many_long_reasons_make_one_text_of_bounded_length():
    text = reasons([f"{number} " + "x" * 1000 for number in range(500)] + ["0 " + "x" * 1000])
    assert len(text) < (answers.MAX_REASONS + 1) * (answers.MAX_REASON_CHARS + 1)
    assert text.endswith("And 492 more.")


@pytest.mark.parametrize(
    ("signal", "name"), [(TRACES, "rejectedSpans"), (LOGS, "rejectedLogRecords"), (METRICS, "rejectedDataPoints")]
)
def test_a_partial_success_counts_in_the_words_of_its_signal(signal, name):
    taken = Taken(Batch(), rejected=2, problems=["two were bad"])
    assert json.loads(taken_answer(JSON, signal, taken).content) == {
        "partialSuccess": {name: "2", "errorMessage": "two were bad"}
    }
    said = signal.response.FromString(taken_answer(PROTOBUF, signal, taken).content).partial_success
    assert (getattr(said, signal.rejected_field), said.error_message) == (2, "two were bad")


def test_full_success_leaves_partial_success_unset():
    assert taken_answer(PROTOBUF, LOGS, Taken(Batch())).content == b""
    assert ExportLogsServiceResponse.FromString(b"") == ExportLogsServiceResponse()
    assert taken_answer(JSON, LOGS, Taken(Batch())).content == b"{}"


def test_a_refusal_carries_a_status_in_the_requests_encoding():
    refusal = Refusal(429, "Too much \ud800.", {"Retry-After": "3"})
    as_json = refusal_answer(JSON, refusal)
    assert json.loads(as_json.content)["code"] == 8
    assert as_json["Retry-After"] == "3"
    plain = Refusal(401, "No.")
    assert Status.FromString(refusal_answer(PROTOBUF, plain).content) == Status(code=16, message="No.")
    assert refusal_answer(None, plain)["Content-Type"] == JSON


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BacklogFull(retry_after_s=7), 503),
        (StoreUnavailable("gone"), 503),
        (OperationalError("deadlock"), 503),
        (InternalError("cannot execute in a read-only transaction"), 503),
        (ProgrammingError("relation does not exist: not migrated yet"), 503),
        (IntegrityError("duplicate"), 503),
        (MemoryError(), 503),
        (DataError("invalid byte sequence"), 500),
        (KeyError("a defect of ours"), 500),
    ],
)
def test_what_a_retry_could_cure_is_503_and_what_it_could_not_is_500(error, status):
    refusal = refusal_for(error)
    assert refusal.status == status
    assert ("Retry-After" in refusal.headers) == (status == 503)
    assert refusal.headers.get("Retry-After", "1").isdigit()
    assert str(error) not in refusal.message or not str(error)


def test_the_stores_own_waiting_time_is_handed_on():
    assert refusal_for(BacklogFull(retry_after_s=7)).headers == {"Retry-After": "7"}


@pytest.mark.parametrize(
    ("content_type", "wire"),
    [
        ("application/json", JSON),
        ("application/json ; charset=utf-8", JSON),
        ("APPLICATION/X-PROTOBUF", PROTOBUF),
        ("application/json, application/json", None),
        ("application/protobuf", None),
        ("", None),
    ],
)
def test_the_media_type_decides(content_type, wire):
    assert wire_format(content_type) == wire
