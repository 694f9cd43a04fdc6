import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.logfmt import LogfmtError, format_logfmt, parse_logfmt


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("order.id=48213", [("order.id", "48213")]),
        ('a=1  b="two words"\tc=', [("a", "1"), ("b", "two words"), ("c", "")]),
        ("48213 ada@example.com", [("", "48213"), ("", "ada@example.com")]),
        ('"a phrase"', [("", "a phrase")]),
        ('"odd key"="odd \\"value\\""', [("odd key", 'odd "value"')]),
        ("url=http://x/?a=b", [("url", "http://x/?a=b")]),
        (r"path=C:\temp\new", [("path", r"C:\temp\new")]),
        (r'line="a\nb\u00e9\\"', [("line", "a\nbé\\")]),
        ("", []),
        ("   ", []),
    ],
)
def test_pairs_are_read(text, pairs):
    assert parse_logfmt(text) == pairs


@pytest.mark.parametrize(
    ("text", "column"),
    [('a="open', 3), ('"open', 1), ('ok=1 a="x"y', 11), ('"x"y', 4), ("ok =1", 4), ("=1", 1), ('""=1', 1)],
)
def test_errors_say_the_column(text, column):
    with pytest.raises(LogfmtError) as refused:
        parse_logfmt(text)
    assert refused.value.column == column
    assert str(refused.value).startswith(f"Column {column}: ")


text = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(text, text)))
def test_what_is_written_reads_back_the_same(pairs):
    assert parse_logfmt(format_logfmt(pairs)) == pairs


@given(st.text(alphabet='ab="\\ \nu0'))
def test_parsing_gives_pairs_or_a_logfmt_error(text):
    try:
        parse_logfmt(text)
    except LogfmtError as refused:
        assert 1 <= refused.column <= len(text) + 1
