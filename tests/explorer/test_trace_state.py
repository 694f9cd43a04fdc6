"""The trace page's query string: every view has one, and comes back from it."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from apps.explorer.trace.state import TraceState, read_state

keys = st.from_regex(r"[0-9a-f]{16}(\.[2-9])?", fullmatch=True)
times = st.one_of(st.none(), st.integers(0, 10**17))
folds = st.sampled_from([(False, False), (True, False), (False, True)])


@given(keys, st.text(max_size=50), times, times, st.frozensets(keys), st.frozensets(keys), folds, st.integers(0, 10**6))
def test_a_view_survives_its_address(span, find, start, end, fold, opened, all_folds, first):
    if start is not None and end is not None and end <= start:
        start = end = None
    state = TraceState(
        span=span, find=find.replace("\0", "").strip(), from_ns=start, to_ns=end, fold=fold, open=opened,
        folded=all_folds[0], opened=all_folds[1], first=first, back="q=a%26b&range=1h",
    )  # fmt: skip
    assert read_state(QueryDict(state.query())) == state


@pytest.mark.parametrize(
    "asked",
    ["span=<script>", "span=" + "a" * 15, "fold=../..,%00", "first=-1", "first=9e9", "from=1", "to=1ms&from=2ms"],
)
def test_what_cannot_be_read_is_left_out(asked):
    assert read_state(QueryDict(asked)) == TraceState()


def test_ids_are_taken_in_any_case_and_the_first_of_several_needs_no_number():
    assert read_state(QueryDict("span=ABCDEF0123456789.1")).span == "abcdef0123456789"
