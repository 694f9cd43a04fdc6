"""Each rule with a trace it holds for and traces it must not hold for; one column is 10 ms, `!` is a failed span."""

from dataclasses import replace

import pytest

from apps.traces.verdict import facts
from apps.traces.verdict.facts import Finding, Verdict
from apps.traces.verdict.judge import judge
from apps.traces.verdict.telling import telling
from apps.traces.verdict.words import also, is_told_first, sentence, with_error_first
from apps.traces.work import by_name
from tests.traces.columns_build import BANK
from tests.traces.verdict_build import found_of, judged, told, trace_in, usual_in

USUAL = """
    web SERVER root           |[==========================]
      web INTERNAL check      | []
      web CLIENT pay          |   [==]
      web CLIENT select       |       []
      web CLIENT call         |          [=========]
        stock SERVER serve    |           [=======]
          stock CLIENT update |            [==]
"""


def long(pay: str, check: str = "| []") -> str:
    """The usual trace, 290 ms longer, with other calls in its middle."""
    return f"""
    web SERVER root           |[=======================================================]
      web INTERNAL check      {check}
{pay}
      web CLIENT select       |                                      []
      web CLIENT call         |                                         [=========]
        stock SERVER serve    |                                          [=======]
          stock CLIENT update |                                           [==]
    """


SLOW_CALL = long("      web CLIENT pay |   [================================]")
MORE_CALLS = long("""
      web CLIENT pay          |   [==]
      web CLIENT pay          |       [==]
      web CLIENT pay          |           [==]
      web CLIENT pay          |               [==]
      web CLIENT pay          |                   [==]
      web CLIENT pay          |                       [==]
      web CLIENT pay          |                           [==]
      web CLIENT pay          |                               [==]""")
TWO_SLOW_CALLS = long("""
      web CLIENT pay          |   [==============]
      web CLIENT pay          |                    [===============]""")
FAILED_TRIES = long("""
      web CLIENT pay          |   [======] !
      web CLIENT pay          |              [======] !
      web CLIENT pay          |                         [==]""")
CHEAP_TRY = long("""
      web CLIENT pay          |   [] !
      web CLIENT pay          |     [==============================]""")
NOT_TRIED_AGAIN = long("      web CLIENT pay |   [================================] !")
NEW_CALL = long("""
      web CLIENT pay          |   [==]
      web CLIENT get          |       [=========================]""")
LOCK = NEW_CALL.replace("CLIENT get", "INTERNAL acquireLock")
POOL = NEW_CALL.replace("CLIENT get", "INTERNAL pool.acquire")
BLOCK = NEW_CALL.replace("CLIENT get", "INTERNAL readBlock")
CHECKOUT = NEW_CALL.replace("CLIENT get", "INTERNAL POST /checkout")
GAP = long("      web CLIENT pay |   [==]")
SLOW_STEP = long(
    "      web CLIENT pay |                                   []", check="| [================================]"
)
ON_THE_WAY = USUAL.replace("root           |[", "root           |[" + "=" * 13).replace(
    "[=========]", "[" + "=" * 22 + "]"
)
NO_ANSWER = ON_THE_WAY.split("        stock SERVER")[0]
SLOW_SERVER = ON_THE_WAY.replace("[=======]", "[" + "=" * 20 + "]")
ROUND = """
      web CLIENT call         |{0}          [=========]
        stock SERVER serve    |{0}           [=======]
          stock CLIENT update |{0}            [==]
"""
OFTEN_CALLED = USUAL.replace("root           |[", "root           |[" + "=" * 30) + "".join(
    ROUND.format(" " * (11 * n)) for n in (1, 2, 3)
)


@pytest.mark.parametrize(
    ("drawing", "cause", "reason"),
    [
        (SLOW_CALL, "slower_call", "bank-api took 340 ms instead of 39.9 ms."),
        (TWO_SLOW_CALLS, "slower_call", "2 calls to bank-api took 330 ms instead of 39.9 ms."),
        (MORE_CALLS, "more_calls", "8 calls to bank-api instead of 1."),
        (OFTEN_CALLED, "more_calls", "web called it 4 times instead of once."),
        (FAILED_TRIES, "retries", "it asked bank-api 3 times; 2 tries failed and cost 220 ms."),
        (CHEAP_TRY, "slower_call", "2 calls to bank-api took 340 ms instead of 39.9 ms."),
        (NEW_CALL, "new_call", "get took 270 ms, which it usually does not do."),
        (LOCK, "lock_wait", "it waited 270 ms for a lock (acquireLock)."),
        (POOL, "connection_wait", "it waited 270 ms for a connection (pool.acquire)."),
        (BLOCK, "new_call", "readBlock took 270 ms, which it usually does not do."),
        (CHECKOUT, "new_call", "POST /checkout took 270 ms, which it usually does not do."),
        (GAP, "not_broken_down", "no span says what it did for 380 ms in root, most of it before select."),
        (SLOW_STEP, "slower_code", "check took 340 ms instead of 20.5 ms."),
        (ON_THE_WAY, "slow_network", "the call to stock spent 150 ms on the way instead of 20.5 ms."),
        (SLOW_SERVER, "not_broken_down", "no span says what it did for 180 ms in serve."),
        (NO_ANSWER, "missing_spans", "whoever answered call sent no spans of what it did for 240 ms."),
    ],
)
def test_the_reason_is_found_and_told(drawing, cause, reason):
    verdict, said = judged(drawing, USUAL), told(drawing, USUAL)[0]
    assert verdict.main.cause == cause, said
    assert said.split(": ", 1)[1] == reason


def test_the_sentence_says_who_added_how_much_against_what():
    assert told(MORE_CALLS, USUAL) == [
        "web took 480 ms (84 % of 570 ms), 2.6 × its usual 183 ms: 8 calls to bank-api instead of 1."
    ]


def cause_of(drawing: str, *usual: str, **more) -> str:
    return judged(drawing, usual_in(*usual), **more).main.cause


# -- when nothing is said


@pytest.mark.parametrize(
    "drawing",
    [
        USUAL,
        "web SERVER root |[==]",
        USUAL.replace("root           |[", "root           |[==").replace(
            "pay          |   [==]", "pay          |   [====]"
        ),
        long("      web CLIENT pay |   [==]").replace("=" * 28, "=" * 2),
    ],
)
def test_what_is_as_usual_or_little_more_is_nothing_unusual(drawing):
    assert judged(drawing, USUAL).main.cause == "nothing_unusual"
    assert told(drawing, USUAL)[0].startswith("Nothing unusual: ")


def test_durations_that_vary_widely_are_usual():
    usual = [USUAL, *(SLOW_CALL for _ in range(2))]
    assert cause_of(SLOW_CALL, *usual) == "nothing_unusual"
    assert cause_of(SLOW_CALL, *[USUAL] * 30, SLOW_CALL) == "slower_call"


def test_few_traces_are_not_compared_with():
    assert told(SLOW_CALL, usual_in(USUAL, times=4)) == [
        "Not enough traffic to compare (n = 4). web took 480 ms, 84 % of 570 ms."
    ]
    assert told(GAP)[0] == "Not enough traffic to compare (n = 0). web took 480 ms, 84 % of 570 ms."
    assert judged(SLOW_CALL, usual_in(USUAL, times=30)).main.cause == "slower_call"


def test_many_calls_are_worth_a_word_without_a_comparison():
    many = "".join(f"\n      web CLIENT pay |{' ' * 3 * n}[=]" for n in range(1, 12))
    assert told(f"""
    web SERVER root |[=====================================]{many}
    """) == [
        "Not enough traffic to compare (n = 0). web took 390 ms, 100 % of 390 ms, most of it in 11 calls to bank-api."
    ]


def test_a_longer_one_that_is_nothing_unusual_says_by_what():
    usual = usual_in(*[USUAL] * 8, SLOW_CALL, SLOW_CALL)
    assert told(USUAL, usual)[0] == "Nothing unusual: 280 ms, usually 268 ms (n = 1 000)."
    slow = "Slow, but nothing unusual: 570 ms, 2.1 × the usual 268 ms, as 1 in 20 take over 575 ms; 480 ms of it in web"
    assert told(SLOW_CALL, usual)[0] == f"{slow} (n = 1 000)."
    assert judged(SLOW_CALL, USUAL).usual_most_ns == 0


@pytest.mark.parametrize(
    ("waited_ms", "usual_ms", "said"),
    [(399, 200, "Nothing unusual: 399 ms, usually 200 ms, 1 in 20 over 380 ms"), (400, 200, "Slow, but"),
     (6, 2, "Nothing unusual: 6.0 ms, usually 2.0 ms")],
)  # fmt: skip
def test_what_took_twice_the_usual_is_slow_for_whoever_waited(waited_ms, usual_ms, said):
    waited, usual, most = (ms * 10**6 for ms in (waited_ms, usual_ms, 380))
    verdict = Verdict(waited, usual, 1_000, Finding("nothing_unusual", "web", added_ns=waited), usual_most_ns=most)
    assert sentence(verdict).replace("\u00a0", " ").startswith(said)


# -- calls in number


def test_more_calls_where_many_are_usual_are_no_reason():
    assert cause_of(MORE_CALLS.replace("[==]", "[===]", 1), MORE_CALLS) == "nothing_unusual"


def test_a_call_that_half_of_the_traces_make_is_not_new():
    assert cause_of(NEW_CALL, USUAL, USUAL + "      web CLIENT get |                       []") == "slower_call"


SIDE_BY_SIDE = """
    web SERVER root           |[======================]
      web CLIENT call         | [============]
        stock SERVER serve    |  [==========]
      web CLIENT ask          | [================]
        price SERVER quote    |  [==============]
"""
IN_SERIES = """
    web SERVER root           |[====================================]
      web CLIENT call         | [============]
        stock SERVER serve    |  [==========]
      web CLIENT ask          |               [================]
        price SERVER quote    |                [==============]
"""
STILL_TOGETHER = """
    web SERVER root           |[====================================]
      web CLIENT call         | [================================]
        stock SERVER serve    |  [==============================]
      web CLIENT ask          | [================]
        price SERVER quote    |  [==============]
"""


def test_calls_that_used_to_run_side_by_side():
    verdict = judged(IN_SERIES, SIDE_BY_SIDE)
    assert verdict.main.cause == "serial_calls"
    assert told(IN_SERIES, SIDE_BY_SIDE)[0].endswith(
        ": 2 calls by web ran one after the other instead of side by side."
    )
    assert cause_of(STILL_TOGETHER, SIDE_BY_SIDE) == "not_broken_down"


HIDDEN = """
    web SERVER root           |[======================]
      web CLIENT pay          | [===]
      web CLIENT select       | [===================]
"""


def test_a_call_that_usually_hides_behind_a_longer_one_is_told_by_how_long_it_was_waited_for():
    shown = HIDDEN.replace("pay          | [===]", "pay          | [=====================================]").replace(
        "root           |[", "root           |[" + "=" * 16
    )
    assert told(shown, HIDDEN)[0].endswith(
        ": bank-api was waited for 390 ms; usually nobody waits for it: what runs beside it takes longer."
    )


# -- failed tries

REFUSED = {"pay": BANK | {"http.response.status_code": 429}}


def tries(*lines: str) -> str:
    """Calls to the bank one after the other: `x` one that failed, `o` one that went through; a step for each line."""
    drawn, at = [], 3
    for line in lines:
        step, start = [], at
        for outcome in line:
            step.append(f"        web CLIENT pay          |{' ' * at}[==]{' !' if outcome == 'x' else ''}")
            at += 5
        drawn += [f"      web INTERNAL line       |{' ' * start}[{'=' * (at - start - 3)}]", *step]
    return "\n".join([f"web SERVER root |[{'=' * at}]", *drawn])


LINE = tries("o")
TRIES = [("xo",) * 6, ("xoxoxoxoxoxo",), ("xo", "o", "xxo", "o", "xo", "o"), ("xo", "o", "xo", "o", "o", "xxx")]


@pytest.mark.parametrize("lines", TRIES)
def test_a_loop_is_told_before_the_failed_tries_in_it_and_both_count_what_the_spans_are(lines):
    drawing, outcomes = tries(*lines), "".join(lines)
    calls, failed = len(outcomes), outcomes.count("x")
    verdict = judged(drawing, LINE, attributes=REFUSED)
    assert (verdict.main.cause, verdict.main.calls, verdict.main.usual_calls) == ("more_calls", calls, 1)
    said, second, *more = told(drawing, LINE, attributes=REFUSED)
    assert said.endswith(f": {calls} calls to bank-api instead of 1.")
    again = "" if outcomes.endswith("x") else " and were tried again"
    # A failed try takes 40 ms and the pause after it 10 ms; nothing comes after the last.
    cost = f"{failed * 50 - (10 if outcomes.endswith('x') else 0)} ms"
    assert second == f"{failed} of the {calls} calls to bank-api failed with 429 Too Many Requests{again}: {cost}."
    assert bool(more) == outcomes.endswith("x") and verdict.also[0].cause == "retries"


@pytest.mark.parametrize("lines", [("xxxxo",), ("xxxxxxxx", "oo"), ("xx", "xx", "o")])
def test_failed_tries_of_hardly_more_calls_than_usual_are_no_loop(lines):
    outcomes = "".join(lines)
    [said, *_] = told(tries(*lines), LINE, attributes=REFUSED)
    tried, failed = len(outcomes), outcomes.count("x")
    assert f": it asked bank-api {tried} times; {failed} tries failed (429 Too Many Requests) and cost " in said


def test_as_many_calls_as_usual_are_no_loop_however_many_fail():
    usual = tries(*["o"] * 4)
    assert cause_of(tries("xxxo", "xxxo", "xxxo", "o"), usual) == "retries"
    assert cause_of(tries(*["xo"] * 9), usual) == "more_calls"


def test_tries_that_all_failed_are_all_counted():
    drawing = tries("xxx").replace("]", "] !", 1)
    said = told(drawing, LINE, attributes=REFUSED)
    assert said[0] == "Failed in web: bank-api answered 429 Too Many Requests, 3 times."
    assert said[1].endswith(": it asked bank-api 3 times; all 3 tries failed (429 Too Many Requests) and cost 140 ms.")


# -- errors

TIMEOUT = {"pay": ("TimeoutError", "no answer from bank-api within 5000 ms")}
FAILED = """
    web SERVER root           |[==========================] !
      web INTERNAL check      | []
      web CLIENT pay          |   [==] !
"""
ON_THE_SIDE = USUAL.replace("select       |       []", "select       |       [] !")


def test_a_failed_request_is_told_of_by_where_the_error_started():
    verdict = judged(FAILED, USUAL, events=TIMEOUT)
    assert (verdict.main.cause, verdict.main.service, verdict.main.span_name) == ("error", "web", "pay")
    assert verdict.main.origin == bytes.fromhex("0000000000000003")
    assert told(FAILED, USUAL, events=TIMEOUT) == ["Failed in web: no answer from bank-api within 5000 ms."]


@pytest.mark.parametrize(
    ("attributes", "events", "said"),
    [
        ({"http.response.status_code": 429}, TIMEOUT, "bank-api answered 429 Too Many Requests"),
        ({}, None, "pay failed"),
        ({"error.type": "timeout"}, None, "timeout"),
    ],
)
def test_an_error_is_told_by_the_best_that_is_known(attributes, events, said):
    attributes = {"pay": attributes | ({"service.peer.name": "bank-api"} if "http" in str(attributes) else {})}
    assert told(FAILED, USUAL, events=events, attributes=attributes) == [f"Failed in web: {said}."]


DUPLICATE = (
    'PreparedStatementCallback; ERROR: duplicate key value violates unique constraint "order_number_key"\n'
    "  Detail: Key (id)=(48213) already exists."
)


def test_a_duplicate_key_is_told_with_the_key():
    events = {"pay": ("org.springframework.dao.DuplicateKeyException", DUPLICATE)}
    assert told(FAILED, USUAL, events=events) == [
        'Failed in web: duplicate key value violates unique constraint "order_number_key" '
        "Detail: Key (id)=(48213) already exists."
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("(psycopg.errors.UniqueViolation) duplicate key", "duplicate key"),
        ("FATAL: too many connections", "too many connections"),
        ("PreparedStatementCallback; SQL [insert ?]; ERROR: no", "no"),
        ("PreparedStatementCallback; ", "PreparedStatementCallback;"),
        ("card declined (code 51) ERROR: no", "card declined (code 51) ERROR: no"),
        ("w" * 100, "w" * 59 + "…"),
        ("duplicate key value violates a constraint DETAIL: Key (order_id)=(48213).",
         "duplicate key value violate… DETAIL: Key (order_id)=(48213)."),
        ("duplicate key Detail: " + "k" * 60, "duplicate key Detail: " + "k" * 37 + "…"),
    ],
)  # fmt: skip
def test_a_message_says_what_tells_most_in_the_room_there_is(message, said):
    assert telling(message, 60) == said
    assert len(said) <= 60


def test_a_slow_failure_is_a_failure_first():
    drawing = SLOW_CALL.replace("=" * 55 + "]", "=" * 55 + "] !").replace("=" * 32 + "]", "=" * 32 + "] !")
    said = told(drawing, USUAL, events=TIMEOUT)
    assert said[0] == "Failed in web: no answer from bank-api within 5000 ms."
    assert said[1].endswith("2.6 × its usual 183 ms: bank-api took 340 ms instead of 39.9 ms.")


def test_an_error_the_request_survived_comes_second_or_alone():
    assert told(ON_THE_SIDE, USUAL) == ["An error on the way, in web: select failed."]
    assert told(NOT_TRIED_AGAIN, USUAL)[1] == "1 error in web: pay failed."
    again = told(CHEAP_TRY, USUAL)
    assert again[1] == "1 error in web: pay failed; it was tried again and went through."


def test_who_looks_for_errors_is_told_of_them_before_what_took_the_time():
    def brief(drawing, *usual, errors=1, **more):
        said = with_error_first(judged(drawing, usual_in(*usual), **more), errors)
        return "".join(phrase.text for phrase in said).replace("\u00a0", " ")

    looped = brief(tries(*TRIES[0]), LINE, attributes=REFUSED)
    assert looped.startswith(
        "6 of the 12 calls to bank-api failed with 429 Too Many Requests and were tried again: 300"
    )
    assert ". web took " in looped and looped.endswith(": 12 calls to bank-api instead of 1")
    assert brief(NOT_TRIED_AGAIN, USUAL).startswith("1 error in web: pay failed. web took ")
    assert brief(ON_THE_SIDE, USUAL) == "An error on the way, in web: select failed"
    assert brief(ON_THE_SIDE, USUAL, ON_THE_SIDE).startswith("1 error on the way. Nothing unusual: ")
    assert brief(USUAL, USUAL, errors=0).startswith("Nothing unusual: ")


def test_errors_that_are_usual_on_the_way_are_nothing_unusual():
    assert cause_of(ON_THE_SIDE, USUAL, ON_THE_SIDE) == "nothing_unusual"
    assert cause_of(ON_THE_SIDE, *[USUAL] * 9, ON_THE_SIDE) == "error"


def test_of_several_errors_the_last_that_came_up_highest_is_told_of_and_how_often():
    drawing = """
    web SERVER root           |[==========================] !
      web CLIENT get          | [] !
      web CLIENT call         |    [==================] !
        stock SERVER serve    |     [================] !
          stock CLIENT update |      [] !
          stock CLIENT update |         [] !
    """
    verdict = judged(drawing, USUAL)
    assert (verdict.main.service, verdict.main.failed) == ("stock", 2)
    assert told(drawing, USUAL)[0] == "Failed in stock: update failed, twice."


# -- queues

IN_TRACE = """
    web SERVER root           |[==========================]
      web PRODUCER publish    |   [==]
        mail CONSUMER take    |       {0}[==]
"""


def queue_usual(*lays: str):
    from tests.traces.usual_build import UsualSum
    from tests.traces.verdict_build import by_name, edges_of, found_of, trace_in, waits_in

    made = UsualSum()
    for lay in lays:
        found = found_of(trace_in(IN_TRACE.format(lay)))
        for _ in range(100):
            made.add(found, by_name(found), waits_in(edges_of(found.family).edges))
    return made.usual()


def test_a_message_that_lay_long_is_told_of_although_nobody_waited():
    usual = queue_usual(" " * 60)
    verdict = judged(IN_TRACE.format(" " * 200), usual)
    assert (verdict.main.cause, verdict.main.service, verdict.main.peer) == ("queue_wait", "mail", "kafka:orders")
    [said] = told(IN_TRACE.format(" " * 200), usual)
    assert said == "The message to mail lay 2.00 s in kafka:orders, usually 575 ms."
    assert judged(IN_TRACE.format(" " * 100), usual).main.cause == "nothing_unusual"
    unknown = replace(usual, parts={})
    assert judged(IN_TRACE.format(" " * 200), unknown).main.cause == "nothing_unusual"


def test_a_message_that_lay_long_as_others_do_is_told_beside_what_is_nothing_unusual():
    usual = queue_usual(*[" " * 60] * 8, " " * 400)
    first, second = told(IN_TRACE.format(" " * 400), usual)
    lay = "The message to mail lay 4.00 s in kafka:orders, usually 575 ms."
    assert first == f"{lay} Nothing else is unusual: 280 ms, usually 268 ms (n = 900)."
    assert second == lay
    verdict = judged(IN_TRACE.format(" " * 400), usual)
    assert verdict.main.cause == "nothing_unusual" and is_told_first(verdict.also[0], verdict)
    assert len(told(IN_TRACE.format(" " * 200), usual)) == 1


# -- what is missing or off


def test_a_second_service_that_answered_without_spans_is_told_as_one_and_not_as_lost_spans():
    main = Finding(facts.MORE_CALLS, service="web", added_ns=10**9, calls=8, usual_calls=1, peer="bank")
    silent = Finding(facts.MISSING_SPANS, service="pay", span_name="call", added_ns=10**8, part_ns=10**8)
    lost = Finding(facts.MISSING_SPANS, failed=3)
    verdict = Verdict(waited_ns=2 * 10**9, usual_waited_ns=10**9, sample_size=100, main=main, also=(silent, lost))
    (first, _), (second, _) = also(verdict)
    assert "whoever answered call sent no spans" in first
    assert second == "3 spans have lost their parent: not everything arrived."


def test_lost_parents_come_second_and_a_lost_beginning_first():
    lost = USUAL + "    mail INTERNAL render parent=ffff |   [==]"
    assert told(lost, USUAL)[1:] == ["1 span has lost its parent: not everything arrived."]
    rootless = USUAL.replace("web SERVER root           |", "web SERVER root parent=ffff |")
    assert judged(rootless).main.cause == "missing_spans"
    assert told(rootless) == [
        "The first span has not come: it still runs, or was lost. "
        "The earliest part here took 280 ms, 190 ms of it in web."
    ]
    alone = "web INTERNAL page parent=ffff |[=========]"
    assert told(alone)[0].endswith(" The earliest part here took 110 ms, all of it in web.")


def test_parents_in_a_circle_are_no_missing_spans_of_whoever_answered():
    circle = "web INTERNAL page |[=========]"
    trace = trace_in(circle)
    for span in trace.spans:
        span.pb.parent_span_id = span.pb.span_id
    found = found_of(trace)
    verdict = judge(found, by_name(found))
    assert sentence(verdict).replace("\u00a0", " ") == (
        "No span here is the first: their parents go round in a circle. "
        "The earliest part here took 110 ms, all of it in web."
    )


def test_a_clock_that_is_off_comes_second():
    ahead = USUAL.replace("[=======]", " " * 300 + "[=======]").replace(
        "update |            [==]", "update |" + " " * 312 + "[==]"
    )
    said = told(ahead, USUAL)
    assert said[0].startswith("Nothing unusual")
    assert said[1:] == ["The clock of stock is about 3.00 s ahead."]


def test_a_trace_without_usable_times_says_so():
    assert told("web SERVER root |<===") == [
        "Its times cannot be used: the first span has no start, or an end before it."
    ]


# -- several services


def test_a_second_service_that_stands_out_is_told_of_second():
    both = SLOW_CALL.replace("[" + "=" * 55, "[" + "=" * 85).replace("[=========]", "[" + "=" * 40 + "]").replace(
        "[=======]", "[" + "=" * 38 + "]"
    ).replace("[==]", "[" + "=" * 34 + "]")  # fmt: skip
    said = told(both, USUAL)
    assert said[0].startswith("stock took") and said[1].startswith("web took")
    verdict = judged(OFTEN_CALLED, USUAL)
    assert verdict.also == ()
