"""Who sends here: counted in memory, written once in a while, never in the way."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection

from apps.ingest import senders
from apps.ingest.queries import recent_senders
from apps.ingest.senders import SenderCounts, client_name

PROTOBUF = "application/x-protobuf"


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(senders.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(SenderCounts, "_start_timer", lambda self: None)
    return now


def test_a_new_sender_is_written_at_once_and_then_every_ten_seconds(db, clock, django_assert_num_queries):
    counts = SenderCounts()
    counts.note(7, "OTel-OTLP-Exporter-Python/1.45.1", PROTOBUF, 5)
    assert [(s.user_agent, s.spans) for s in recent_senders(7)] == [("OTel-OTLP-Exporter-Python/1.45.1", 5)]
    with django_assert_num_queries(0):
        for _ in range(10):
            counts.note(7, "OTel-OTLP-Exporter-Python/1.45.1", PROTOBUF, 2)
    clock[0] += 10
    counts.note(7, "OTel-OTLP-Exporter-Python/1.45.1", PROTOBUF, 1)
    assert [s.spans for s in recent_senders(7)] == [26]


def test_what_a_sender_sent_last_is_written_by_the_timer(db, clock):
    counts = SenderCounts()
    counts.note(7, "a", PROTOBUF, 1)
    counts.note(7, "a", PROTOBUF, 2)
    counts.flush()
    assert [s.spans for s in recent_senders(7)] == [3]


def test_programs_and_wire_formats_are_told_apart_within_a_workspace(db, clock):
    counts = SenderCounts()
    counts.note(7, "a", PROTOBUF, 1)
    counts.note(7, "a", "application/json, gzip", 2)
    counts.note(8, "a", PROTOBUF, 4)
    assert sorted((s.wire_format, s.spans) for s in recent_senders(7)) == [("application/json, gzip", 2), (PROTOBUF, 1)]
    assert [s.spans for s in recent_senders(8)] == [4]


def test_strangers_user_agents_do_not_fill_the_table(db, clock, monkeypatch):
    monkeypatch.setattr(senders, "MAX_SENDERS", 3)
    counts = SenderCounts()
    for number in range(6):
        counts.note(7, f"agent {number}", PROTOBUF, 1)
    clock[0] += 10
    counts.note(7, "agent 0", PROTOBUF, 1)
    assert sorted((s.user_agent, s.spans) for s in recent_senders(7)) == [
        ("agent 0", 2),
        ("agent 1", 1),
        ("agent 2", 1),
    ]


def test_trouble_with_counting_is_not_the_senders_trouble(db, clock, monkeypatch, caplog):
    def fail():
        raise DatabaseError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", fail)
        SenderCounts().note(7, "a", PROTOBUF, 1)
    assert "could not be counted" in caplog.text


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("OTel-OTLP-Exporter-JavaScript/0.223.0", "OTel-OTLP-Exporter-JavaScript/0.223.0"),
        (
            "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
            "browser (Chrome)",
        ),
        ("Mozilla/5.0 (Windows) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0", "browser (Edge)"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Version/19 Safari/605.1", "browser (Safari)"),
        ("Mozilla/5.0 (X11; rv:150.0) Gecko/20100101 Firefox/150.0", "browser (Firefox)"),
        ("", "(no User-Agent)"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_sender_is_called_by_its_user_agent_and_a_browser_by_its_name(user_agent, name):
    assert client_name(user_agent) == name
