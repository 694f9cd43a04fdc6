"""The spans of a trace that meet a search, found by their bytes where these tell: the same as by decoding all."""

from hypothesis import given
from hypothesis import strategies as st

from apps.traces.draft import raw_scopes
from apps.traces.find import Finder
from apps.traces.match import span_matches
from apps.traces.query import SpanPredicate
from tests.traces.build import SpanSpec, as_trace, traces_data

KEYS = ("order.id", "a", "")
VALUES = ("48213", 48213, "1", 1, True, "true", 1.5, "1.5", "", ["x"], "x", "order.id", b"1")
TEXTS = ("48213", "1", "true", "1.5", "", "x", '["x"]', "MQ==", "order.id", "\ud800")

attributes = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
specs = st.lists(
    st.builds(
        SpanSpec, st.sampled_from(("web", "pay")), st.sampled_from(("GET /", "charge")), st.none(), st.integers(0, 3),
        st.integers(0, 3), attributes, st.just("SERVER"), st.sampled_from(("UNSET", "ERROR")),
    ),
    min_size=1, max_size=8,
)  # fmt: skip
predicates = st.builds(
    SpanPredicate,
    service=st.sampled_from((None, "web")),
    name=st.sampled_from((None, None, "charge")),
    status=st.sampled_from((None, None, "ERROR")),
    min_duration_ns=st.sampled_from((None, None, 2_000_000)),
    attributes=st.lists(st.tuples(st.sampled_from((*KEYS, "resource.a")), st.sampled_from(TEXTS)), max_size=2).map(
        tuple
    ),
)


@given(specs, predicates)
def test_matches_by_bytes_are_those_of_the_decoded_spans(specs, predicate):
    data = traces_data(specs, by_service=True)
    wanted = [span for span in as_trace(data) if span_matches(span, predicate)]
    found = Finder(predicate).matches(raw_scopes(data.SerializeToString()))
    assert found.count == len(wanted)
    first = min(wanted, key=lambda span: (span.start_ns, span.position), default=None)
    assert (found.first and found.first.span_id) == (first and first.span_id)


def test_an_attribute_that_only_looks_like_the_one_asked_for_is_no_match():
    """Its bytes stand within another one's text."""
    asked = SpanPredicate(attributes=(("order.id", "48213"),))
    hidden = "\x0a\x08order.id\x12\x07\x0a\x0548213"
    data = traces_data([SpanSpec("web", "GET /", None, 0, 1, {"note": hidden})])
    assert Finder(asked).matches(raw_scopes(data.SerializeToString())).count == 0


def test_each_of_several_attributes_has_to_be_there():
    asked = SpanPredicate(attributes=(("a", "1"), ("b", "1")))
    data = traces_data([SpanSpec("web", "GET /", None, 0, 1, {"a": "1", "b": "2"})])
    assert Finder(asked).matches(raw_scopes(data.SerializeToString())).count == 0
