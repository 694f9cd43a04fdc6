"""Spans that no sensible client sends: one of them must not keep digest from all the others of its shard."""

import random

import pytest

from apps.store.queries import list_services, list_span_names, load_trace
from apps.store.search import search
from tests.store.shop import some_trace, trace_id_of
from tests.storing import digest_all, send, window
from tests.traces.build import SpanSpec

pytestmark = pytest.mark.usefixtures("store")


@pytest.mark.parametrize("kind", [6, 70_000, -1])
def test_a_kind_without_a_meaning_is_kept_and_read_as_internal(kind):
    odd = some_trace(1, [("a", "x", None, 0, 5)])
    odd.resource_spans[0].scope_spans[0].spans[0].kind = kind
    send(odd)
    assert digest_all() == 1
    (span,) = load_trace(1, trace_id_of(1)).trace
    assert (span.pb.kind, span.kind) == (kind, "INTERNAL")
    assert [n.kind for n in list_span_names(1)] == ["INTERNAL"]


def test_names_longer_than_an_index_takes_are_listed_by_their_beginning():
    pick = random.Random(1)  # PostgreSQL compresses what repeats
    service, name = ("".join(chr(pick.randint(0x4E00, 0x9FFF)) for _ in range(600)) for _ in range(2))
    send(some_trace(1, [(service, name, None, 0, 5)]))
    assert digest_all() == 1
    assert load_trace(1, trace_id_of(1)).trace.spans[0].name == name
    assert service.startswith(list_services(1)[0].name)
    assert len(list_services(1)[0].name) == 400
    assert [row.root_name for row in search(1, window(service=service, name=name)).rows] == [name]


@pytest.mark.parametrize("value", ["", "true", "timeout", True, "false", False])
def test_an_error_attribute_means_the_same_hot_and_sealed(value):
    send(some_trace(1, [SpanSpec("a", "x", None, 0, 5, {"error": value})]))
    hot = search(1, window(status="ERROR")).rows
    digest_all()
    sealed = search(1, window(status="ERROR")).rows
    expected = [] if value in (False, "false") else [1]
    assert [row.error_count for row in hot] == [row.error_count for row in sealed] == expected


def test_a_service_name_that_is_no_text_is_read_as_its_text():
    send(some_trace(1, [("a", "x", None, 0, 5)]))
    odd = some_trace(2, [("a", "x", None, 0, 5)])
    odd.resource_spans[0].resource.attributes[0].value.bool_value = True
    send(odd)
    assert [s.name for s in list_services(1)] == ["a", "true"]
    digest_all()
    assert [row.trace_id for row in search(1, window(service="true")).rows] == [trace_id_of(2)]
