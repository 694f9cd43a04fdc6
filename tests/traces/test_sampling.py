import pytest

from apps.traces.sampling import CALL, adjusted_count, weight_of


@pytest.mark.parametrize(
    ("trace_state", "count"),
    [
        ("ot=th:0", 1),
        ("ot=th:8", 2),
        ("ot=th:c", 4),
        ("ot=th:fd70a4", 100),
        ("ot=rv:abcdef01234567;th:8", 2),
        ("vendor=1, ot=th:c;rv:00000000000000 ,other=th:8", 4),
        ("ot=th:80000000000000", 2),
    ],
)
def test_the_threshold_says_how_many_spans_one_stands_for(trace_state, count):
    assert adjusted_count(trace_state) == pytest.approx(count, rel=1e-6)


@pytest.mark.parametrize(
    "trace_state",
    [
        "", "ot", "ot=", "ot=rv:8", "ot=th:", "ot=th:C", "ot=th:800000000000000", "ot=th:8g", "th:8", "not=th:8",
        "ot=p:8", "ot=th: 8", "OT=th:8",
    ],
)  # fmt: skip
def test_without_a_valid_threshold_the_sampling_is_unknown(trace_state):
    assert adjusted_count(trace_state) is None
    assert weight_of(trace_state) == CALL


def test_the_rarest_sampling_still_has_a_count():
    assert adjusted_count("ot=th:ffffffffffffff") == 2**56


def test_weights_are_thousandths():
    assert (weight_of("ot=th:8"), weight_of("ot=th:aaaaaaaaaaaaaa")) == (2 * CALL, 3 * CALL)
    assert weight_of("ot=th:4") == 1333
