"""Tokens of serialised attributes are those of their text, by whichever way they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from apps.traces.tokens import AttributeTokens, attribute_token, text_token
from apps.traces.values import any_value, value_text
from tests.traces.build import any_value as any_value_message

VALUES = st.one_of(
    st.text(max_size=200), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(), st.binary(max_size=40),
    st.lists(st.text(max_size=5), max_size=4),
)  # fmt: skip


def tokens_of(tokens: AttributeTokens, *raws: bytes) -> set[int]:
    into: set[int] = set()
    tokens.add_all(raws, into)
    return into


@given(st.text(max_size=150), VALUES)
def test_an_attribute_has_the_token_of_its_text(key, value):
    pair = KeyValue(key=key, value=any_value_message(value))
    tokens = AttributeTokens()
    expected = attribute_token(key, value_text(any_value(pair.value)))
    assert tokens_of(tokens, pair.SerializeToString()) == {expected}
    assert tokens.keys == {key}


@pytest.mark.parametrize("raw", [
    b"\x12\x03\x0a\x01v\x0a\x01k",  # value before key
    b"\x0a\x01k\x12\x03\x0a\x01v\x0a\x01q",  # the key twice, the last counts
    b"\x0a\x01k\x12\x06\x0a\x01v\x0a\x01w",  # the value twice
    b"\x0a\x01k\x12\x04\x0a\x81\x00v",  # a length of more bytes than it needs
])  # fmt: skip
def test_an_attribute_written_in_an_unusual_way_has_the_token_of_what_it_means(raw):
    pair = KeyValue.FromString(raw)
    assert tokens_of(AttributeTokens(), raw) == {attribute_token(pair.key, value_text(any_value(pair.value)))}


@given(st.lists(st.tuples(st.text(max_size=9), VALUES), max_size=6))
def test_the_texts_of_attributes_are_those_of_their_values(pairs):
    tokens, into = AttributeTokens(with_texts=True), set()
    messages = [KeyValue(key=key, value=any_value_message(value)) for key, value in pairs]
    tokens.add_all([m.SerializeToString() for m in messages], into)
    assert tokens.texts_of(into) == {text_token(value_text(any_value(m.value))) for m in messages}


def test_two_values_with_one_token_keep_both_texts(monkeypatch):
    tokens = AttributeTokens(with_texts=True)
    monkeypatch.setattr("apps.traces.tokens.attribute_token", lambda *_: 1)
    raws = [KeyValue(key="error", value=any_value_message(v)).SerializeToString() for v in ("a", "b")]
    assert tokens.texts_of(tokens_of(tokens, *raws)) == {text_token("a"), text_token("b")}
