"""Words in the box that mean a span's own fields."""

import pytest

from apps.traces.known_words import conditions_of, is_known_word
from apps.traces.query import SpanPredicate
from apps.traces.query_string import BadQuery, read_query_string

NOW = 1_795_000_000 * 10**9
MS = 10**6


def read(**params: str):
    return read_query_string(params.items(), now_ns=NOW, retention_days=14, default_limit=20, most=1000).query.span


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("service=payment", SpanPredicate(service="payment")),
        ("service.name=payment", SpanPredicate(service="payment")),
        ('name="POST /charges"', SpanPredicate(name="POST /charges")),
        ("span.name=charge", SpanPredicate(name="charge")),
        ("error=true", SpanPredicate(status="ERROR")),
        ("status=error", SpanPredicate(status="ERROR")),
        ("status=ERROR", SpanPredicate(status="ERROR")),
        ("kind=server span.kind=SERVER", SpanPredicate(kind="SERVER", attributes=(("span.kind", "SERVER"),))),
        ("duration>300ms", SpanPredicate(min_duration_ns=300 * MS)),
        ("duration>=300ms duration<2s", SpanPredicate(min_duration_ns=300 * MS, max_duration_ns=2_000 * MS)),
        ("status=shipped", SpanPredicate(attributes=(("status", "shipped"),))),
        ("error=timeout", SpanPredicate(attributes=(("error", "timeout"),))),
        ("kind=book", SpanPredicate(attributes=(("kind", "book"),))),
        ("duration>soon", SpanPredicate(values=("duration>soon",))),
        ("duration>=soon", SpanPredicate(values=("duration>=soon",))),
        ("service=a service=b", SpanPredicate(service="a", attributes=(("service", "b"),))),
        (
            "order.id=48213 service=payment eva",
            SpanPredicate(service="payment", attributes=(("order.id", "48213"),), values=("eva",)),
        ),
    ],
)
def test_what_people_write_as_if_it_were_an_attribute_is_the_field(text, predicate):
    assert read(q=text) == predicate


def test_the_attribute_of_that_name_is_found_by_the_attributes_field_and_as_text():
    assert read(attrs="status=ERROR").attributes == (("status", "ERROR"),)
    assert read(q="status=ERROR", **{"as": "text"}).values == ("status=ERROR",)
    assert is_known_word("status", "ERROR")
    assert not is_known_word("status", "shipped")


def test_box_and_fields_hold_together():
    assert read(q="service=payment", service="payment") == SpanPredicate(service="payment")
    assert read(q="service=payment", service="mail").attributes == (("service", "payment"),)
    assert read(q="duration>1s", min="300ms").min_duration_ns == 1_000 * MS


def test_equal_predicates_count_once_and_too_many_are_refused():
    assert read(q="a=1 a=1 b b", attrs="a=1 a=1").attributes == (("a", "1"),)
    assert read(q=" ".join(["word"] * 2_000)).values == ("word",)
    for params in ({"q": " ".join(f"w{n}" for n in range(33))}, {"attrs": " ".join(f"a{n}=1" for n in range(33))}):
        with pytest.raises(BadQuery) as caught:
            read(**params)
        assert caught.value.fields.keys() == params.keys()
        assert "a search takes 32" in str(caught.value)
    assert len(read(q=" ".join(f"w{n}" for n in range(32))).values) == 32


def test_each_condition_keeps_what_was_written():
    (condition,) = conditions_of([("Service.Name", "shop")])
    assert (condition.key, condition.text, condition.field, condition.value) == (
        "Service.Name", "shop", "service", "shop",
    )  # fmt: skip
