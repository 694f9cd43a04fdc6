import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.ids import fill_trace_id, parse_span_id, parse_trace_id, trace_id_from_decimal

ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.upper(),
        f"  {ID}\n",
        f"0x{ID}",
        "7F3A1C0D-9BE2-4E5F-8A6B-52D1C4E90377",
        "{7f3a1c0d-9be2-4e5f-8a6b-52d1c4e90377}",
        base64.b64encode(bytes.fromhex(ID)).decode(),
    ],
)
def test_every_spelling_of_a_trace_id_is_the_same_id(text):
    assert parse_trace_id(text) == ID


def test_a_64_bit_trace_id_is_filled_with_zeros():
    assert parse_trace_id("8A6B52D1C4E90377") == "0" * 16 + "8a6b52d1c4e90377"
    assert parse_trace_id(base64.b64encode(bytes.fromhex("8a6b52d1c4e90377")).decode()) == "0" * 16 + "8a6b52d1c4e90377"


@pytest.mark.parametrize(
    "text", ["", "0" * 32, "0" * 16, ID[:-1], ID + "0", "g" + ID[1:], "48213", "x" * 10_000, "٣" * 32]
)
def test_what_is_no_trace_id_is_refused(text):
    assert parse_trace_id(text) is None


def test_span_ids_have_sixteen_digits():
    assert parse_span_id("00F067AA0BA902B7") == "00f067aa0ba902b7"
    assert parse_span_id("0x00f067aa0ba902b7") == "00f067aa0ba902b7"
    assert parse_span_id("0" * 16) is None
    assert parse_span_id(ID) is None


def test_a_link_may_leave_leading_zeros_away():
    assert fill_trace_id("a1b2") == "a1b2".rjust(32, "0")
    assert fill_trace_id("0") is None
    assert parse_trace_id("a1b2") is None


def test_datadog_writes_decimal_numbers():
    assert trace_id_from_decimal("18446744073709551615") == "0" * 16 + "f" * 16
    assert trace_id_from_decimal("18446744073709551616") is None
    assert trace_id_from_decimal(ID) == ID


@given(st.binary(min_size=16, max_size=16).filter(any))
def test_an_id_reads_the_same_in_hex_and_base64(raw):
    assert parse_trace_id(raw.hex()) == parse_trace_id(base64.b64encode(raw).decode()) == raw.hex()


@given(st.text())
def test_no_text_makes_the_parsers_fail(text):
    assert parse_trace_id(text) is None or len(parse_trace_id(text)) == 32
    assert parse_span_id(text) is None or len(parse_span_id(text)) == 16
