"""What the list of services says first."""

from types import SimpleNamespace

import pytest

from apps.explorer.services.all_said import services_said
from apps.insights.change import FASTER, FEWER, GONE, MORE, NEW, SAME, SLOWER, UNCLEAR, UNKNOWN, Change
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.lately import Lately
from apps.insights.period import BEFORE, chosen_period
from apps.insights.service_lines import ServiceLine, sorted_lines
from apps.traces.sampling import CALL
from apps.traces.why.ending import GOES_ON, OVER
from apps.traces.why.words import STRONG, text_of

SECOND, NOW = 10**9, 1_790_000_000 * 10**9
CALLS = Figures(100 * CALL, 0, 100, 0, 0)
LATELY = 10 * 60 * 10**9
SAME_AS_BEFORE = Change(SAME, 0.0, 0.0, 100)
LONGER, SHORTER = Change(SLOWER, 0.1 * SECOND, SECOND, 100), Change(FASTER, SECOND, 0.1 * SECOND, 100)
FAILING, WELL = Change(MORE, 0.02, 0.1, 100), Change(FEWER, 0.3, 0.0, 100)
FORM = SimpleNamespace(period=chosen_period("1h", None, None, BEFORE, NOW))


def line(name: str, *, duration=SAME_AS_BEFORE, rate=SAME_AS_BEFORE, errors=SAME_AS_BEFORE, size=0.5, endings=("", ""),
         now=CALLS, first_seen_ns=0) -> ServiceLine:  # fmt: skip
    """`endings`: of its durations and its errors, by the last ten minutes or a `Lately`."""
    lately = [Lately(one, LATELY) if isinstance(one, str) and one else one or Lately() for one in endings]
    return ServiceLine(name, now, CALLS, "", False, duration, rate, errors, size, size, first_seen_ns, NOW, *lately)


def words(*lines: ServiceLine):
    return services_said(lines, sorted_lines([one for one in lines if one.stir], "change"), True, FORM)


def said(*lines: ServiceLine) -> str:
    return text_of(words(*lines)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"duration": LONGER}, "a got slower: p95 1.00 s instead of 100 ms in the hour before."),
        ({"duration": SHORTER}, "a got faster: p95 100 ms instead of 1.00 s in the hour before."),
        ({"errors": FAILING}, "a has more errors: 10 % of its calls failed instead of 2 % in the hour before."),
        ({"errors": WELL}, "a has fewer errors: 0 % of its calls failed instead of 30 % in the hour before."),
        ({"rate": Change(MORE, 3.0, 12.0, 100)}, "a gets more calls: 12.0 instead of 3.0 a minute in the hour before."),
        ({"rate": Change(FEWER, 12.0, 3.0, 100)},
         "a gets fewer calls: 3.0 instead of 12.0 a minute in the hour before."),
        ({"duration": Change(NEW), "rate": Change(NEW, None, 2.0), "first_seen_ns": NOW},
         "a is new: 2.0 calls a minute, none in the hour before."),
        ({"duration": Change(NEW), "rate": Change(NEW, None, 2.0)},
         "a is back: 2.0 calls a minute, none in the hour before."),
        ({"duration": Change(GONE), "rate": Change(GONE, 2.0)},
         "a is silent: no calls, 2.0 a minute in the hour before."),
    ],
)  # fmt: skip
def test_each_change_says_whether_it_is_better_or_worse(changes, told):
    assert said(line("a", **changes)) == told


def test_more_calls_of_most_services_are_the_traffic():
    more, less = Change(MORE, 3.0, 12.0, 100), Change(FEWER, 12.0, 3.0, 100)
    lines = [line(name, rate=more, size=size) for name, size in (("a", 0.5), ("b", 0.3), ("c", 0.2))]
    told = " 3 services get more calls, a 12.0 instead of 3.0 a minute in the hour before."
    assert said(*lines) == f"Traffic rose: All{told}"
    assert said(*lines, line("d")) == f"Traffic rose: 3 of{told.replace('3 s', '4 s', 1)}"
    assert said(*lines, *(line(name) for name in "defg")).startswith("a gets more calls: ")
    assert said(*(line(name, rate=less) for name in "abc")).startswith("Traffic fell: All 3 services get fewer calls, ")
    assert said(*lines, line("d", duration=LONGER)).startswith("d got slower: ")
    # Where some get fewer, it is not the traffic as a whole.
    assert said(*lines, line("d", rate=less, size=0.01)).startswith("a gets more calls: ")


@pytest.mark.parametrize(
    ("period", "told"),
    [
        (chosen_period("3h", None, None, BEFORE, NOW).up_to(0),
         "Nothing of the last 3 hours is digested yet; 2 services are known."),
        (chosen_period("", NOW - 7200 * SECOND, NOW, BEFORE, NOW).up_to(NOW - 7100 * SECOND),
         "Nothing of this time is digested yet; 2 services are known."),
        (chosen_period("30d", None, None, BEFORE, NOW).up_to(NOW - 3600 * SECOND),
         "No spans in what has been read of this time; 2 services are known."),
        (FORM.period, "No spans in this time; 2 services are known."),
    ],
)  # fmt: skip
def test_where_nothing_came_the_services_that_are_listed_all_the_same_are_said_to_be_known(period, told):
    lines = [line(name, now=NO_FIGURES) for name in "ab"]
    assert text_of(services_said(lines, [], True, SimpleNamespace(period=period))).replace("\u00a0", " ") == told


def test_where_no_service_is_known_none_is_counted():
    assert text_of(services_said([], [], False, FORM)) == "No spans in this time."


def test_what_is_as_before_does_not_speak_for_what_was_not_there():
    new = ServiceLine("new", CALLS, NO_FIGURES, "", False, UNKNOWN, UNKNOWN, UNKNOWN, 0.1, 0.1, NOW, NOW)
    assert said(line("a")) == "All services are as in the hour before."
    assert said(line("a"), new) == ("All other services are as in the hour before. 1 has nothing to compare with.")
    assert said(line("a", duration=Change(UNCLEAR, 0.1 * SECOND, 0.12 * SECOND, 100))) == (
        "All services are within their usual spread against the hour before."
    )


def test_what_got_worse_is_told_before_what_got_better_however_large():
    small, large = line("small", duration=LONGER, size=0.01), line("large", duration=SHORTER, size=0.9)
    assert said(small, large).startswith("small got slower: ") and said(small, large).endswith(" 1 got better.")
    assert said(line("small", duration=SHORTER, size=0.01), large).startswith("large got faster: ")
    hardly = line("small", duration=Change(SLOWER, 0.1 * SECOND, 0.115 * SECOND, 100), size=0.01)
    assert said(hardly, large).startswith("large got faster: ")
    assert said(hardly) == "small got slower: p95 115 ms instead of 100 ms in the hour before."


def test_what_goes_on_is_told_before_what_may_and_that_before_what_is_over():
    large = {ending: line("large", duration=LONGER, size=0.9, endings=(ending, "")) for ending in (GOES_ON, "", OVER)}
    small = {ending: line("small", errors=FAILING, size=0.01, endings=("", ending)) for ending in (GOES_ON, "", OVER)}
    now = "small has more errors: 10 % of its calls failed instead of 2 % in the hour before. It was still so in "
    assert said(large[OVER], small[GOES_ON]) == now + "the last 10 minutes. 1 was worse for a while."
    assert said(large[""], small[GOES_ON]) == now + "the last 10 minutes. 1 more got worse."
    assert said(large[OVER], small[""]).startswith("small has more errors")
    assert said(large[GOES_ON], small[GOES_ON]).startswith("large got slower: ")
    assert said(large[""], small[OVER]).startswith("large got slower: ")


def test_where_all_is_over_that_is_said_and_is_no_alarm():
    over = line("a", duration=LONGER, errors=FAILING, endings=(OVER, OVER))
    told = "p95 1.00 s instead of 100 ms, 10 % of its calls failed instead of 2 % in the hour before."
    first = f"a was slower and had more errors, and that is over: {told} In the last 10 minutes it is as before."
    assert said(over, line("b", duration=SHORTER)) == first + " 1 got better."
    assert STRONG not in [word.role for word in words(over)]
    assert STRONG in [word.role for word in words(line("a", duration=LONGER))]
    assert said(over, line("b", duration=Change(GONE), rate=Change(GONE, 2.0))).startswith("a was slower")


def test_of_one_service_what_goes_on_is_told_before_what_is_over_and_what_got_better():
    mixed = line("a", duration=LONGER, errors=FAILING, endings=(OVER, GOES_ON))
    rest = " It was still so in the last 10 minutes. It also was slower for a while: p95 1.00 s instead of 100 ms."
    assert said(mixed) == f"a has more errors: 10 % of its calls failed instead of 2 % in the hour before.{rest}"
    shorter = line("a", duration=LONGER, errors=FAILING, endings=(Lately(GOES_ON, 3 * 60 * 10**9), GOES_ON))
    assert said(shorter) == (
        "a got slower and has more errors: p95 1.00 s instead of 100 ms, 10 % of its calls failed instead of 2 % in "
        "the hour before. It was still so in the last 10 minutes."
    )
    better = said(line("a", duration=LONGER, errors=WELL))
    assert better.startswith(
        "a got slower: p95 1.00 s instead of 100 ms in the hour before. It also has fewer errors: 0 %"
    )


def test_a_service_that_is_silent_is_told_before_one_that_got_better():
    silent = line("a", duration=Change(GONE), rate=Change(GONE, 2.0), size=0.01, now=NO_FIGURES)
    assert said(line("b", duration=SHORTER), silent).startswith("a is silent: ")
    assert said(line("b", duration=LONGER), silent) == (
        "b got slower: p95 1.00 s instead of 100 ms in the hour before. 1 is silent."
    )
