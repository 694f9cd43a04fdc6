"""What a search that finds nothing may have been meant to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.doubts import MOST, doubts
from apps.traces.query_string import read_box


def doubts_of(text: str) -> tuple[str, ...]:
    return doubts(read_box(text, as_text=False), text)


@pytest.mark.parametrize(("text", "says"), [
    ("duration>abc", "“duration>” belongs a duration with its unit, such as duration>300ms; “abc” is none"),
    ("duration>=300", "such as duration>=300ms; “300” is none"),
    ("service=payment duration>", "such as duration>300ms; nothing stands there"),
    ("duration > 300ms", "without spaces: duration>300ms"),
    ("duration=300ms", "A duration is compared by > or <"),
    ("duration!=300ms", "A duration is compared by > or <"),
    ("http.response.status_code>=500", "“http.response.status_code>=500” was taken literally"),
    ("a!=b", "“a!=b” was taken literally"),
    ("user.id=~u_.*", "“user.id=~u_.*” was taken literally"),
    ("order.id==48213", "“order.id==48213” was taken literally"),
    ("order.id = 48213", "without spaces: order.id=48213"),
    ('name = "a b"', 'without spaces: name="a b"'),
    ("order.id=", "“order.id=” asks for order.id with an empty value"),
    ("order.id= user.id=ada", "“order.id=” asks for order.id with an empty value"),
    ("order.id= 48213", "without spaces: order.id=48213"),
    ("7f3a1c0d", "IDs are looked up whole, 32 hex digits for a trace and 16 for a span"),
    ("7f3a1c0d", "These are 8."),
    ("0x7F3A1C", "These are 6."),
    ("7f3a1c0d9be24e5f8a6b52d1c4e9037", "These are 31."),
])  # fmt: skip
def test_what_is_doubtful_is_told(text, says):
    assert says in " ".join(doubts_of(text))


@pytest.mark.parametrize("text", [
    "", "48213", "order.id=48213", 'note=""', 'note="a > b"', "duration>300ms", "duration<=2s error=true", "facade",
    "482131", "7f3a1", "7f3a1c0d9be24e5f", "7f3a1c0d9be24e5f8a6b52d1c4e90377", "a->b", "user 18842 paid",
    "GET /products?sku=1&x>2",
])  # fmt: skip
def test_what_is_written_as_it_should_be_raises_no_doubt(text):
    assert doubts_of(text) == ()


def test_a_text_that_is_searched_for_as_one_value_raises_no_doubt():
    assert doubts(read_box("9" * 2_000 + " a > b", as_text=False), "9" * 2_000 + " a > b") == ()


@given(st.text(alphabet='ab1=<>!~ ."\\\x00', max_size=60) | st.text(max_size=60))
def test_any_text_gets_few_sentences(text):
    assert len(doubts_of(text)) <= MOST
