from dataclasses import replace
from datetime import UTC
from functools import partial

import pytest

from apps.traces.moments import minute_text
from apps.traces.why import judge
from apps.traces.why.ending import NOT_AS_BEFORE, OVER, STILL, ending_of, ending_text
from apps.traces.why.finding import AROUND, MEAN, Finding, Origin, Release
from apps.traces.why.judge import Judged
from apps.traces.why.next_line import next_line
from apps.traces.why.parts import Change, Part
from apps.traces.why.sentence import sentence
from apps.traces.why.since import Since
from apps.traces.why.tries import Tries
from apps.traces.why.words import STRONG, VERSION, WHERE, ns_text, text_of

S, MS, MINUTE = 10**9, 10**6, 60 * 10**9
BANK = Part("payment", "external", "bank-api", "POST /v2/authorisations")


def clock(at_ns, *, beside_ns=None):
    minutes = at_ns // MINUTE
    return f"{minutes // 60:02}:{minutes % 60:02}"


def at(text):
    return (int(text[:2]) * 60 + int(text[3:])) * MINUTE


def said(words):
    return text_of(words).replace("\u00a0", " ")


def change(part, before_ns, after_ns, calls=(1.0, 1.0), on_path=None):
    return Change(part, before_ns, after_ns, *calls, calls[1] if on_path is None else on_path)


SLOW_BANK = Finding(
    "gateway",
    "POST /checkout",
    Judged(judge.ROSE, "p95", 1.9 * S, 8.2 * S, 4118, 1094),
    (
        change(BANK, 130 * MS, 6030 * MS, (1, 12.9)),
        change(Part("payment", "own_code", "", "POST /charges"), 100 * MS, 140 * MS),
        change(Part("", "network", ""), 300 * MS, 480 * MS),
        change(Part("cart", "own_code", "", "GET"), 1370 * MS, 1550 * MS),
    ),
    AROUND,
    since=Since(at("14:05"), None, 0.9, 0.05),
    releases=(Release("payment", "4.12.0", at("14:03"), True), Release("cart", "3.7.0", at("12:10"), True)),
)


def test_the_sentence_of_the_incident():
    words = sentence(SLOW_BANK, clock)
    assert said(words) == (
        "p95 of POST /checkout rose from 1.90 s to 8.20 s since 14:05: +5.94 s in payment, all of it waiting for "
        "bank-api, called 12.9 times instead of once, 467 ms a call instead of 130 ms."
    )
    assert [word.text for word in words if word.role == WHERE] == ["payment"]
    assert "POST /checkout" in [word.text for word in words if word.role == STRONG]


def test_the_second_line_tells_calls_what_one_takes_and_which_version_came():
    assert said(next_line(SLOW_BANK, clock)) == (
        "Those are calls per POST /checkout, one after the other. The change came with payment 4.12.0, first seen at "
        "14:03."
    )
    assert [word.text for word in next_line(SLOW_BANK, clock) if word.role == VERSION] == ["payment 4.12.0"]


def test_calls_that_take_as_long_as_before():
    serial = replace(SLOW_BANK, changes=(change(BANK, 130 * MS, 1690 * MS, (1, 13)),), releases=(), since=None)
    assert said(sentence(serial, clock)).endswith("waiting for bank-api, called 13 times instead of once.")
    assert said(next_line(serial, clock)) == (
        "Those are calls per POST /checkout, one after the other. Each call takes as long as before, 130 ms."
    )
    parallel = replace(serial, changes=(change(BANK, 130 * MS, 1690 * MS, (1, 13), on_path=3),))
    assert "one after the other" not in said(next_line(parallel, clock))


def test_all_is_all_and_what_a_few_traces_move_is_told_with_how_many_there_are():
    def told(own_ns, traces=1094):
        few = replace(SLOW_BANK.judged, after_traces=traces)
        other = change(Part("payment", "own_code", "", "POST /charges"), 0, own_ns)
        return said(
            sentence(replace(SLOW_BANK, judged=few, changes=(change(BANK, 0, 6300 * MS - own_ns), other)), clock)
        )

    assert "in payment, all of it waiting" in told(50 * MS)
    assert "in payment, nearly all of it waiting" in told(250 * MS)
    assert "in payment, 5.80 s of it waiting" in told(500 * MS)
    assert " since 14:05: +" in told(0, traces=60) and " since 14:05 (n = 59): +" in told(0, traces=59)


def test_calls_that_take_longer_and_are_no_more():
    slower = replace(SLOW_BANK, changes=(change(BANK, 130 * MS, 5 * S),), releases=(), since=None)
    assert said(sentence(slower, clock)).endswith("waiting for bank-api, 5.00 s a call instead of 130 ms.")
    assert said(next_line(slower, clock)) == "bank-api is called as often as before, once per POST /checkout."


def test_more_calls_that_each_take_less():
    slower = replace(SLOW_BANK, changes=(change(BANK, 400 * MS, 1600 * MS, (2, 16)),), releases=(), since=None)
    assert said(sentence(slower, clock)).endswith("waiting for bank-api, called 16 times instead of 2 times.")
    assert said(next_line(slower, clock)).endswith(" Each call takes 100 ms instead of 200 ms.")


def test_of_several_services_the_next_line_says_what_the_first_one_was_called():
    cart = change(Part("cart", "own_code", "", "x"), 0, 2 * S)
    two = replace(SLOW_BANK, changes=(change(BANK, 130 * MS, 4 * S, (1, 13)), cart), releases=(), since=None)
    assert said(sentence(two, clock)).endswith("+3.87 s in payment and +2.00 s in cart.")
    assert said(next_line(two, clock)) == (
        "bank-api is called 13 times per POST /checkout instead of once, one after the other. "
        "Each call takes 308 ms instead of 130 ms."
    )
    network = change(Part("payment", "network", "", "POST"), 130 * MS, 4 * S, (1, 13))
    assert said(next_line(replace(two, changes=(network, cart)), clock)) == ""


def test_a_call_that_is_new_or_no_longer_made():
    new = replace(SLOW_BANK, changes=(change(BANK, 0, 900 * MS, (0, 1)),), releases=(), since=None)
    assert said(sentence(new, clock)).endswith("waiting for bank-api, which was not called before.")
    assert said(next_line(new, clock)) == "bank-api is now called once per POST /checkout."
    fell = Judged(judge.FELL, "p95", 8.2 * S, 1.9 * S, 99, 99)
    gone = replace(new, judged=fell, changes=(change(BANK, 900 * MS, 0, (1, 0)),))
    assert said(next_line(gone, clock)) == "bank-api was called once per POST /checkout."
    assert said(sentence(gone, clock)).endswith(
        "fell from 8.20 s to 1.90 s: −900 ms in payment, all of it waiting for bank-api, which is no longer called."
    )


def test_a_change_spread_over_services_names_the_largest():
    parts = [change(Part(name, "own_code", "", "x"), 0, ns * MS) for name, ns in (("a", 400), ("b", 350), ("c", 100))]
    spread = replace(SLOW_BANK, changes=tuple(parts), releases=(), since=None)
    assert said(sentence(spread, clock)).endswith(": +400 ms in a and +350 ms in b.")
    assert next_line(spread, clock) == ()


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part("shop", "own_code", "", "x"), "all of it in its own code"),
        (Part("shop", "network", "", "x"), "all of it on the network"),
        (Part("shop", "database", "postgresql · shop", "x"), "all of it waiting for postgresql · shop"),
        (Part("shop", "not_broken_down", "", "x"), "all of it in spans that are missing"),
    ],
)
def test_what_a_service_did_with_the_time(part, words):
    assert words in said(sentence(replace(SLOW_BANK, changes=(change(part, 0, 5 * S),)), clock))


def test_a_mean_is_called_a_mean():
    assert said(sentence(replace(SLOW_BANK, basis=MEAN), clock)).startswith(
        "p95 of POST /checkout rose from 1.90 s to 8.20 s since 14:05 (mean +6.30 s): +5.94 s in payment"
    )


def test_what_is_over_says_from_when_to_when():
    over = replace(SLOW_BANK, since=Since(at("14:05"), at("14:20"), 0.9, 0.05))
    assert said(sentence(over, clock)).startswith(
        "p95 of POST /checkout was 8.20 s from 14:05 to 14:20, 1.90 s before: +5.94 s in payment"
    )


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (Judged(judge.AS_BEFORE, "p95", 1.9 * S, 1.95 * S, 4118, 41), " It is over: 1.95 s since."),
        (Judged(judge.FELL, "p95", 1.9 * S, 1.2 * S, 4118, 41), " It is over: 1.20 s since."),
        (Judged(judge.ROSE, "p95", 1.9 * S, 4.2 * S, 4118, 41), " Since then it is 4.20 s, not as before."),
        (Judged(judge.UNCLEAR, "p95", 1.9 * S, 2.2 * S, 4118, 41), " It is over: 2.20 s since."),
        (Judged(judge.UNCLEAR, "p95", 1.9 * S, 4.2 * S, 4118, 21),
         " Since then it is 4.20 s (n = 21), too few to say that it is over."),
        (Judged(judge.TOO_FEW, "p95", 1.9 * S, 1.9 * S, 4118, 7),
         " Since then it is 1.90 s (n = 7), too few to say that it is over."),
        (Judged(judge.GONE, "p95", 1.9 * S, None, 4118, 0), " Nothing came since."),
    ],
)  # fmt: skip
def test_what_is_over_is_as_it_was_before_and_else_it_is_not_called_so(since, words):
    over = replace(SLOW_BANK, since=Since(at("14:05"), at("14:20"), 0.9, 0.05), ending=ending_of(since, is_more=True))
    assert said(sentence(over, clock)).endswith(f"instead of 130 ms.{words}")


def test_what_came_again_and_is_over_by_now_says_how_it_is_now():
    since, latest = (Judged(word, "p95", 1.9 * S, after * S, 4118, 41) for word, after in
                     ((judge.ROSE, 4.2), (judge.AS_BEFORE, 1.95)))  # fmt: skip
    ending = ending_of(since, True, latest, replace(latest, word=judge.FELL))
    assert ending_of(since, True, latest, replace(latest, word=judge.UNCLEAR)).word == NOT_AS_BEFORE, "away by chance"
    over = replace(SLOW_BANK, since=Since(at("14:05"), at("14:20"), 0.9, 0.05), ending=ending)
    assert said(sentence(over, clock)).endswith(" By now it is as before: 1.95 s (n = 41).")
    assert ending_of(since, True, since, since).word == NOT_AS_BEFORE


def test_a_version_is_the_cause_of_its_own_services_part_alone():
    cart = change(Part("cart", "own_code", "", "x"), 0, 3 * S)
    two = replace(SLOW_BANK, changes=(change(BANK, 130 * MS, 4 * S, (1, 13)), cart))
    assert said(next_line(two, clock)).endswith(" The part of payment came with payment 4.12.0, first seen at 14:03.")


def test_the_day_is_told_once_where_a_change_began_and_ended_on_it():
    told = partial(minute_text, now_ns=at("14:05") + 3 * 24 * 60 * MINUTE, zone=UTC)
    over = replace(SLOW_BANK, since=Since(at("14:05"), at("14:20"), 0.9, 0.05))
    assert " from 1 Jan 14:05 to 14:20" in said(sentence(over, told))
    over = replace(SLOW_BANK, since=Since(at("14:05"), at("24:20"), 0.9, 0.05))
    assert " from 1 Jan 14:05 to 2 Jan 00:20" in said(sentence(over, told))
    left = replace(SLOW_BANK, releases=tuple(replace(one, left_ns=at("14:20")) for one in SLOW_BANK.releases))
    assert "first seen at 1 Jan 14:03, gone since 14:20." in said(next_line(left, told))


def test_what_was_quicker_for_a_while_is_over_when_it_is_as_slow_again():
    slow_again = Judged(judge.AS_BEFORE, "p95", 1.9 * S, 1.95 * S, 4118, 41)
    assert ending_of(slow_again, is_more=False).word == OVER
    assert ending_of(replace(slow_again, word=judge.FELL), is_more=False).word == NOT_AS_BEFORE
    slower = ending_of(Judged(judge.ROSE, "p95", 20 * MS, 926 * MS, 900, 120), is_more=False)
    assert ending_text(slower, ns_text, is_more=False) == "Since then it is 926\u00a0ms (n\u00a0=\u00a0120)."


def test_of_many_nothing_is_too_few():
    between = ending_of(Judged(judge.UNCLEAR, "p95", 114 * MS, 295 * MS, 900, 2534), is_more=True)
    assert ending_text(between, ns_text) == "Since then it is 295\u00a0ms (n\u00a0=\u00a02\u00a0534)."


def test_what_was_quicker_for_a_while_is_not_called_over():
    fell = replace(SLOW_BANK.judged, word=judge.FELL, before=8.2 * S, after=1.9 * S)
    again = ending_of(Judged(judge.AS_BEFORE, "p95", 8.2 * S, 8.1 * S, 4118, 41), is_more=False)
    quicker = replace(SLOW_BANK, judged=fell, since=Since(at("14:05"), at("14:20"), 0.1, 0.9), ending=again)
    assert said(sentence(quicker, clock)).startswith(
        "p95 of POST /checkout was 1.90 s from 14:05 to 14:20, 8.20 s before"
    )
    assert said(sentence(quicker, clock)).endswith(" Since then it is 8.10 s, as before.")


def test_what_goes_on_says_so():
    assert said(sentence(replace(SLOW_BANK, ending=STILL), clock)).endswith("130 ms. It goes on.")
    assert said(sentence(replace(FAILING, ending=STILL), clock)).endswith("DuplicateKeyException. It goes on.")
    fewer = replace(FAILING, judged=replace(FAILING.judged, word=judge.FELL), ending=STILL)
    assert "goes on" not in said(sentence(fewer, clock))
    ended = ending_of(Judged(judge.AS_BEFORE, "errors", 0.003, 0.004, 4118, 400), is_more=True)
    assert said(sentence(replace(FAILING, ending=ended), clock)).endswith("Exception. It is over: 0.4 % since.")


def test_a_version_that_went_again_says_when():
    left = replace(SLOW_BANK, releases=(Release("payment", "4.12.0", at("14:03"), True, at("14:19")),))
    assert said(next_line(left, clock)).endswith("payment 4.12.0, first seen at 14:03, gone since 14:19.")


def test_a_version_far_from_the_change_did_not_bring_it():
    early = replace(SLOW_BANK, releases=(Release("payment", "4.12.0", at("12:00"), True),))
    assert "4.12.0" not in said(next_line(early, clock))
    undated = replace(early, since=None)
    assert said(next_line(undated, clock)).endswith("In these times came payment 4.12.0, first seen at 12:00.")
    back = replace(SLOW_BANK, releases=(Release("payment", "4.12.0", at("14:03"), False),))
    assert said(next_line(back, clock)).endswith("payment 4.12.0, seen again at 14:03.")


@pytest.mark.parametrize(
    ("judged", "words", "after"),
    [
        (Judged(judge.AS_BEFORE, "p95", 612 * MS, 605 * MS, 4118, 1094),
         "POST /checkout is as before: p95 605 ms, 612 ms before.",
         "n = 1 094 after, 4 118 before. A change of less than 10 % is not told from none."),
        (Judged(judge.TOO_FEW, "p95", 612 * MS, 605 * MS, 123, 7),
         "Not enough traces to compare POST /checkout: n = 7 after, 123 before; p95 needs 20 on either side.", ""),
        (Judged(judge.UNCLEAR, "p95", 612 * MS, 1200 * MS, 41, 43),
         "p95 of POST /checkout is 1.20 s, 612 ms before: with n = 43 and 41 that is within the usual spread.", ""),
        (Judged(judge.UNCLEAR, "errors", 0.0, 0.05, 41, 43),
         "Errors of POST /checkout were 5 %, 0 % before: with n = 43 and 41 that is within the usual spread.", ""),
        (Judged(judge.NEW, "p95", None, 1200 * MS, 0, 80),
         "POST /checkout is new: p95 1.20 s over n = 80, no trace of it before.", ""),
        (Judged(judge.FIRST, "p95", None, 1200 * MS, 0, 80),
         "There is nothing to compare POST /checkout with, no trace at all came before: p95 1.20 s over n = 80.", ""),
        (Judged(judge.GONE, "p95", 612 * MS, None, 312, 0),
         "POST /checkout is gone: no trace of it after, n = 312 before, p95 612 ms.", ""),
        (Judged(judge.NOTHING, "p95", None, None, 0, 0), "No trace of POST /checkout began in these times.", ""),
        (Judged(judge.AS_BEFORE, "errors", 0.003, 0.004, 4118, 1094),
         "POST /checkout is as before: 0.4 % with an error, 0.3 % before.",
         "n = 1 094 after, 4 118 before. A change of less than 0.5 points is not told from none."),
        (Judged(judge.TOO_FEW, "errors", 0, 0, 123, 7), "Not enough traces to compare POST /checkout: n = 7 after, "
         "123 before; a share of errors needs 20 on either side.", ""),
    ],
)  # fmt: skip
def test_answers_that_are_no_change(judged, words, after):
    finding = Finding("gateway", "POST /checkout", judged)
    assert said(sentence(finding, clock)) == words
    assert said(next_line(finding, clock)) == after


FAILING = Finding(
    "gateway", "POST /checkout", Judged(judge.ROSE, "errors", 0.003, 0.052, 4118, 1094),
    since=Since(at("14:05"), None, 0.05, 0.003), failed_looked_at=48, failed_whole=48,
    origins=(Origin("order", "POST /orders", "DuplicateKeyException", "duplicate key", 41, 41),),
    releases=(Release("order", "9.5.0", at("14:04"), True),),
)  # fmt: skip


def test_failing_names_where_failures_began():
    assert said(sentence(FAILING, clock)) == (
        "5 % of POST /checkout had an error since 14:05, 0.3 % before: 41 of 48 looked at began in order POST /orders "
        "with DuplicateKeyException."
    )
    assert said(next_line(FAILING, clock)).endswith(" The change came with order 9.5.0, first seen at 14:04.")


def test_failing_in_a_part_of_the_window_is_told_with_the_share_of_that_part():
    part = replace(FAILING, since=Since(at("14:05"), at("14:11"), 0.98, 0.003))
    assert said(sentence(part, clock)).startswith(
        "98 % of POST /checkout had an error from 14:05 to 14:11 (5 % of the whole window), 0.3 % before: 41 of 48 "
        "looked at began in order"
    )
    assert said(sentence(part, clock)).endswith(" with DuplicateKeyException.")


def test_what_went_the_other_way_is_told_when_the_parts_named_are_more_than_the_whole():
    own = Part("checkout", "own_code", "", "x")
    parts = (change(BANK, 0, 1380 * MS), change(own, 300 * MS, 76 * MS))
    rose = replace(SLOW_BANK, changes=parts, releases=(), since=None)
    assert said(sentence(rose, clock)).endswith(
        ": +1.38 s in payment, all of it waiting for bank-api, but −224 ms in checkout."
    )
    spread = (*parts[:1], *(change(own._replace(service=name), 120 * MS, 0) for name in "ab"))
    assert said(sentence(replace(rose, changes=spread), clock)).endswith("waiting for bank-api, but −240 ms in others.")
    little = (*parts[:1], change(own, 60 * MS, 0))
    assert said(sentence(replace(rose, changes=little), clock)).endswith("waiting for bank-api.")


def test_pauses_between_tries_and_the_tries():
    pause, calls = Part("payment", "pause", "bank-api", "POST"), replace(SLOW_BANK, releases=(), since=None)
    tried = replace(
        calls, changes=(change(pause, 0, 2450 * MS, (0, 2)), change(BANK, 130 * MS, 520 * MS, (1, 3))),
        tries=(Tries("payment", "bank-api", 3, 3, "503 Service Unavailable", 24),), looked_at=24,
    )  # fmt: skip
    assert ": +2.84 s in payment, 2.45 s of it in pauses between tries at bank-api." in said(sentence(tried, clock))
    told = "Per POST /checkout, all 3 tries at bank-api failed with 503 Service Unavailable."
    assert said(next_line(tried, clock)) == told
    some = replace(tried, tries=(Tries("payment", "bank-api", 26.6, 12, "", 20),))
    assert (
        said(next_line(some, clock)) == "In 20 of 24 traces looked at, on average 12 of 26.6 tries at bank-api failed."
    )


def test_a_search_has_no_name():
    search = Finding("", "", Judged(judge.NOTHING, "p95", None, None, 0, 0))
    assert said(sentence(search, clock)) == "No trace of what you searched for began in these times."
    assert said(sentence(replace(search, service="payment"), clock)).startswith("No trace of payment")
