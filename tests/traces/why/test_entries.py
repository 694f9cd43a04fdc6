from hypothesis import given
from hypothesis import strategies as st

from apps.traces.contributions import contributions_of
from apps.traces.family import Family
from apps.traces.why.entries import entries_of
from tests.traces.build import MS
from tests.traces.columns_build import family_of
from tests.traces.wild import wild

CHECKOUT = """
    shop SERVER checkout    |[==================]
      shop CLIENT charge    |  [=====]
        pay SERVER charges  |   [===]
          pay CLIENT bank   |    [=]
      shop CLIENT charge    |         [======]
        pay SERVER charges  |          [====]
          pay refund        |           [=]
"""


def told(family, service, name=""):
    return [(sub.name[0], sub.n, (sub.end[0] - sub.start[0]) / MS) for sub in entries_of(family, service, name)]


def test_each_time_a_service_was_entered_is_a_trace_of_its_own():
    family = family_of(CHECKOUT)
    assert told(family, "pay") == [("charges", 2, 5), ("charges", 2, 6)]
    assert told(family, "shop") == [("checkout", 7, 20)]
    assert told(family, "pay", "refund") == [("refund", 1, 3)]
    assert told(family, "none") == []


@given(st.integers(0, 100_000), st.sampled_from(("", "span-1")))
def test_what_lies_below_an_entry_sums_to_its_duration(seed, name):
    family = Family(wild(seed))
    subs = entries_of(family, "service-1", name)
    assert sum(sub.n for sub in subs) <= family.columns.n
    for sub in subs:
        below = Family(sub)
        found = contributions_of(below)
        assert sum(found.own_ns) == found.waited_ns
        assert below.columns.service[below.main] == "service-1"
