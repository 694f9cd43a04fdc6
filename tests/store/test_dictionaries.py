"""Compression dictionaries: learned, used, changed, and never in the way of reading what was packed before."""

import pytest
from django.db import connection

from apps.store import dictionaries
from apps.store.queries import load_trace
from apps.store.search import search
from tests.store.shop import random_traces, trace_id_of
from tests.storing import digest_all, send, window

pytestmark = pytest.mark.usefixtures("store")


def packed_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(length(payload)) FROM trace")
        return cursor.fetchone()[0]


def test_traces_packed_before_with_and_after_a_dictionary_are_all_readable(monkeypatch):
    monkeypatch.setattr(dictionaries, "MIN_SAMPLES", 50)
    monkeypatch.setattr(dictionaries, "WORTH_IT", 2.0)
    traces = random_traces(1, 240)
    send(*traces[:120])
    digest_all()
    without = packed_bytes()
    assert dictionaries.workspaces_without_dictionary() == [1]
    assert dictionaries.learn(1)
    dictionaries.forget_dictionaries()
    assert dictionaries.workspaces_without_dictionary() == []
    send(*traces[120:180])
    digest_all()
    assert packed_bytes() - without < 0.4 * without
    assert dictionaries.learn(1)
    dictionaries.forget_dictionaries()
    send(*traces[180:], *traces[:10])
    digest_all()
    for number, document in enumerate(traces):
        sent = {s.span_id.hex() for g in document.resource_spans for c in g.scope_spans for s in c.spans}
        assert set(load_trace(1, trace_id_of(number)).trace.by_id) == sent
    assert len(search(1, window(kind="SERVER", limit=300)).rows) == 240


def test_too_few_traces_teach_nothing():
    send(*random_traces(1, 5))
    digest_all()
    assert not dictionaries.learn(1)


def test_a_dictionary_no_better_than_the_present_one_is_not_kept(monkeypatch):
    monkeypatch.setattr(dictionaries, "MIN_SAMPLES", 50)
    send(*random_traces(1, 200))
    digest_all()
    assert dictionaries.learn(1)
    dictionaries.forget_dictionaries()
    assert not dictionaries.learn(1)
