import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.draft import raw_scopes
from apps.traces.why.attributes import LEAST_GROUP, LEAST_PRESENT, MOST_CUTS, compare_attributes, cuts
from apps.traces.why.facts import LONGEST, FactReader, Facts
from tests.costs import within
from tests.traces.build import SpanSpec, traces_data


def facts_of(texts, numbers=None):
    """{"key": value or list of values}, all of service `shop`."""
    found = Facts()
    for key, values in texts.items():
        for value in values if isinstance(values, list) else [values]:
            found.texts.add((("shop", key), str(value)))
    for key, number in (numbers or {}).items():
        found.texts.add((("shop", key), str(number)))
        found.numbers["shop", key] = float(number)
    return found


def noise(dice, keys=40):
    """A trace with attributes that have nothing to do with anything."""
    found = {f"noise.{n}": dice.choice("abcdefgh"[: 2 + n % 6]) for n in range(keys)}
    found["user.id"] = f"u_{dice.getrandbits(40)}"
    return facts_of(found, {"cart.lines": dice.randrange(1, 15)})


def group(count, seed, share=None):
    """`count` traces; `share` of them have `feature=new`."""
    dice = random.Random(seed)
    made = [noise(dice) for _ in range(count)]
    for facts in made:
        if share is not None:
            facts.texts.add((("shop", "feature"), "new" if dice.random() < share else "old"))
    return made


def test_what_was_planted_is_found_and_nothing_else():
    found = compare_attributes(group(200, 1, 0.6), group(200, 2, 0.2))
    assert [(a.key, a.value) for a in found.found] == [("feature", "new")]
    (only,) = found.found
    assert 30 < only.effect_pt < 50
    assert only.q < 0.001
    assert only.effect_pt == pytest.approx(only.slow / 2 - only.rest / 2)


def test_what_follows_from_failing_is_no_reason_for_it():
    failed, rest = group(100, 1, 0.9), group(100, 2, 0.1)
    keys = ("http.response.status_code", "http.status_code", "rpc.grpc.status_code", "error.type", "error")
    for facts in failed:
        facts.texts |= {(("shop", key), "500") for key in keys}
        facts.numbers |= {("shop", key): 500.0 for key in keys}
    for facts in rest:
        facts.texts |= {(("shop", key), "200") for key in keys} | {(("shop", "db.operation"), "DEL")}
    found = compare_attributes(failed, rest, is_failing=True)
    assert [(a.key, a.value) for a in found.found] == [("feature", "new")]
    assert len(compare_attributes(failed, rest).found) > 1


def test_power_a_planted_attribute_is_found_among_forty():
    """55 % of 120 against 20 % of 120, among some 200 tests: found in nine of ten comparisons."""
    found = [compare_attributes(group(120, seed, 0.55), group(120, seed + 1000, 0.2)).found for seed in range(50)]
    assert sum(any((a.key, a.value) == ("feature", "new") for a in each) for each in found) >= 45


def test_nothing_planted_nothing_found():
    """A hundred comparisons of alike groups, each of some 170 tests: at q < 1 % about one may find something."""
    wrong = [compare_attributes(group(120, seed, 0.4), group(120, seed + 5000, 0.4)).found for seed in range(100)]
    assert sum(map(bool, wrong)) <= 3


def test_a_larger_number_is_found_as_a_number_or_more():
    dice = random.Random(3)
    slow = [facts_of({}, {"cart.lines": dice.randrange(6, 15)}) for _ in range(80)]
    rest = [facts_of({}, {"cart.lines": dice.randrange(1, 8)}) for _ in range(80)]
    (only,) = compare_attributes(slow, rest).found
    assert only.is_cut and only.value.endswith(" or more")
    assert 6 <= int(only.value.split()[0]) <= 8


def test_few_values_of_a_number_are_told_as_values():
    slow = [facts_of({}, {"status": 500}) for _ in range(40)]
    rest = [facts_of({}, {"status": 200}) for _ in range(40)]
    (only,) = compare_attributes(slow, rest).found
    assert only.value == "500"


def test_keys_that_name_every_trace_are_said_and_not_compared():
    found = compare_attributes(group(60, 1), group(60, 2))
    assert [(u.key, u.traces) for u in found.unique] == [("user.id", 120)]


def test_a_numbered_id_is_not_cut_into_small_and_large():
    slow = [facts_of({}, {"order.id": 5000 + n, "amount": 90 + n / 7}) for n in range(60)]
    rest = [facts_of({}, {"order.id": 1000 + n, "amount": 10 + n / 7}) for n in range(60)]
    found = compare_attributes(slow, rest)
    assert [a.key for a in found.found] == ["amount"]
    assert [u.key for u in found.unique] == ["order.id"]


def test_a_key_on_few_traces_is_not_enough_data():
    slow, rest = group(60, 1), group(60, 2)
    for facts in slow[: LEAST_PRESENT - 1]:
        facts.texts.add((("shop", "feature.one_click"), "on"))
    found = compare_attributes(slow, rest)
    assert [(u.key, u.traces) for u in found.too_few] == [("feature.one_click", LEAST_PRESENT - 1)]


def test_few_traces_are_not_compared():
    found = compare_attributes(group(LEAST_GROUP - 1, 1, 1), group(200, 2, 0))
    assert (found.is_enough, found.found, found.slow, found.tests) == (False, (), LEAST_GROUP - 1, 0)


def test_what_all_have_is_no_test():
    slow, rest = ([facts_of({"host": "a", "zone": "x"}) for _ in range(50)] for _ in range(2))
    assert compare_attributes(slow, rest).tests == 0


def test_attributes_of_the_very_same_traces_stand_together():
    slow = [facts_of({"host.name": "b", "version": "2"}) for _ in range(50)]
    rest = [facts_of({"host.name": "a", "version": "1"}) for _ in range(50)]
    (only,) = compare_attributes(slow, rest).found
    assert (only.key, only.value, only.same) == ("version", "2", (("shop", "host.name", "b"),))


def test_a_trace_may_have_many_values_of_a_key():
    slow = [facts_of({"table": ["stock", "price"]}) for _ in range(50)]
    rest = [facts_of({"table": ["price"]}) for _ in range(50)]
    (only,) = compare_attributes(slow, rest).found
    assert (only.value, only.effect_pt) == ("stock", 100)


def test_what_the_group_lacks_is_told_with_a_minus():
    slow = [facts_of({}) for _ in range(60)]
    rest = [facts_of({"cached": "yes"} if n % 2 else {}) for n in range(60)]
    (only,) = compare_attributes(slow, rest).found
    assert only.effect_pt == -50


small_facts = st.builds(
    facts_of,
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["x", "y", "z", ""]), max_size=5),
    st.dictionaries(st.sampled_from("nm"), st.integers(-5, 5), max_size=2),
)


@given(st.lists(small_facts, min_size=20, max_size=40), st.lists(small_facts, min_size=20, max_size=40))
def test_any_two_groups_get_figures_that_can_be(slow, rest):
    found = compare_attributes(slow, rest)
    for attribute in (*found.found, *found.weak):
        assert 0 <= attribute.slow_share <= 1 and 0 <= attribute.rest_share <= 1
        assert attribute.slow == round(attribute.slow_share * len(slow))
        assert 0 <= attribute.q <= 1
        has = [((attribute.service, attribute.key), attribute.value) in facts.texts for facts in slow]
        assert attribute.is_cut or sum(has) == attribute.slow
    again = compare_attributes(rest, slow)
    assert {(a.key, round(abs(a.effect_pt), 6)) for a in found.found} == {
        (a.key, round(abs(a.effect_pt), 6)) for a in again.found
    } or found.found != again.found  # the value that is told of a key may differ, the tests do not
    assert found.tests == again.tests


@given(st.lists(st.floats(-1e6, 1e6), max_size=80))
def test_cuts_lie_within_the_numbers(numbers):
    found = cuts(numbers)
    assert len(found) <= MOST_CUTS
    assert all(min(numbers) < cut <= max(numbers) for cut in found)


def test_facts_are_read_from_spans_and_resources_by_service():
    data = traces_data(
        [
            SpanSpec("shop", "GET /", None, 0, 10, {"cart.lines": 3, "ok": True, "long": "x" * 900}),
            SpanSpec("shop", "SELECT", 0, 1, 2, {"cart.lines": 9, "ratio": 0.5}),
            SpanSpec("pay", "charge", 0, 1, 2, {"cart.lines": 1}),
        ]
    )
    facts = FactReader().read(raw_scopes(data.SerializeToString()))
    assert (("shop", "service.name"), "shop") in facts.texts
    assert {text for key, text in facts.texts if key == ("shop", "cart.lines")} == {"3", "9"}
    assert (("shop", "long"), "x" * LONGEST) in facts.texts
    assert facts.numbers == {("shop", "cart.lines"): 9, ("shop", "ratio"): 0.5, ("pay", "cart.lines"): 1}


def test_a_trace_failed_when_any_span_is_an_error_in_either_way_of_saying_so():
    def is_failed(**more):
        specs = [SpanSpec("shop", "GET /", None, 0, 10), SpanSpec("shop", "SELECT", 0, 1, 2, **more)]
        return FactReader().read(raw_scopes(traces_data(specs).SerializeToString())).is_failed

    assert not is_failed()
    assert is_failed(status="ERROR")
    assert is_failed(attributes={"error": "timeout"}), "as Zipkin and OpenTracing clients have it"


def test_a_comparison_of_four_hundred_traces_each_takes_well_under_a_second():
    slow, rest = group(400, 1, 0.6), group(400, 2, 0.2)
    within(0.7, lambda: compare_attributes(slow, rest))
