import random
from collections import Counter

import pytest

from apps.traces.columns import Columns
from apps.traces.edges import difference, edges_of
from apps.traces.family import Family
from apps.traces.sampling import CALL
from tests.traces.build import MS, START_NS
from tests.traces.columns_build import BANK, CACHE, DATABASE, TOPIC, drawn_data, family_of, read_raw
from tests.traces.wild import TRACE_ID, wild_rows


def told(drawing: str, attributes=None) -> list[str]:
    return sorted(map(words, edges_of(family_of(drawing, attributes)).edges))


def words(edge) -> str:
    error = " !" if edge.is_error else ""
    duration = "" if edge.duration_ns < 0 else f" {edge.duration_ns / MS:g} ms"
    return f"{edge.caller.name} -> {edge.callee.name} {edge.kind}{duration}{error}"


def test_a_call_is_one_edge_with_the_callers_duration_and_either_sides_error():
    assert told("""
        web SERVER root            |[==========]
          web CLIENT call          | [======]
            stock SERVER serve     |   [==]       !
    """) == ["user -> web call 12 ms", "web -> stock call 8 ms !"]


def test_a_request_from_outside_comes_from_the_user_but_not_from_a_lost_parent():
    assert told("web SERVER root |[==]") == ["user -> web call 4 ms"]
    assert told("web INTERNAL job |[==]") == []
    assert told("web SERVER root parent=ff |[==]") == []


def test_the_halves_of_a_shared_span_are_one_edge():
    assert told("""
        web CLIENT call #x       |[======]
          stock SERVER serve #x  |  [==]
    """) == ["web -> stock call 8 ms"]


def test_a_service_may_call_itself():
    assert told("""
        web CLIENT call        |[======]
          web SERVER serve     |  [==]
    """) == ["web -> web call 8 ms"]


def test_a_service_may_call_itself_through_a_span_in_between():
    assert told("""
        web CLIENT call          |[======]
          web INTERNAL connect   | [====]
            web SERVER serve     |  [==]
    """) == ["web -> web call 8 ms"]


def test_a_caller_that_gave_up_makes_its_call_an_error():
    assert told("""
        web CLIENT call          |[======]   !
          stock SERVER serve     |  [======]
    """) == ["web -> stock call 8 ms !"]


def test_what_a_consumer_calls_is_not_inside_the_call_that_sent_the_message():
    drawing = """
        web CLIENT batch         |[==]
          web CONSUMER take      |    [====]
            web CLIENT select    |     [==]
    """
    assert told(drawing, {"batch": TOPIC, "select": DATABASE}) == [
        "kafka:orders -> web messaging 0 ms",
        "web -> kafka:orders messaging 4 ms",
        "web -> postgresql · shop database 4 ms",
    ]


def test_calls_three_deep_inside_a_database_call_are_that_call():
    drawing = """
        web CLIENT outer      |[========]
          web CLIENT inner    | [====]
            web CLIENT tcp    |  [==]
    """
    assert told(drawing, {"outer": DATABASE, "inner": BANK}) == ["web -> postgresql · shop database 10 ms"]


def test_a_server_span_inside_another_of_its_service_is_no_call():
    assert told("""
        web SERVER proxy        |[======]
          web SERVER app        |  [==]
    """) == ["user -> web call 8 ms"]


def test_another_service_without_a_client_span_between_is_still_called():
    assert told("""
        web SERVER root          |[======]
          stock INTERNAL work    |  [==]
    """) == ["user -> web call 8 ms", "web -> stock call 4 ms"]


def test_a_call_reaches_through_the_spans_of_its_own_service():
    assert told("""
        web CLIENT call              |[==========]
          web INTERNAL connect       | [========]
            stock SERVER serve       |   [====]
    """) == ["web -> stock call 12 ms"]


def test_each_of_several_answers_is_a_call():
    assert told("""
        web CLIENT call             |[==========]
          stock SERVER first        | [==]         !
          stock SERVER again        |      [=]
    """) == ["web -> stock call 3 ms", "web -> stock call 4 ms !"]


def test_unanswered_calls_lead_to_databases_caches_and_outside_peers():
    drawing = """
        web CLIENT select   |[==]
        web CLIENT get      |[==]
        web CLIENT pay      |[==] !
        web INTERNAL read   |[=]
    """
    attributes = {"select": DATABASE, "get": CACHE, "pay": BANK, "read": DATABASE}
    edges = edges_of(family_of(drawing, attributes)).edges
    assert sorted(map(words, edges)) == [
        "web -> bank-api external 4 ms !",
        "web -> postgresql · shop database 3 ms",
        "web -> postgresql · shop database 4 ms",
        "web -> redis · cache.internal database 4 ms",
    ]
    assert Counter(edge.callee.kind for edge in edges) == {"database": 2, "cache": 1, "external": 1}


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"service.peer.name": "bank", "server.address": "b.example"}, "bank"),
        ({"peer.service": "bank"}, "bank"),
        ({"rpc.system": "grpc", "rpc.service": "shop.Cart"}, "shop.Cart"),
        ({"rpc.system.name": "grpc", "rpc.method": "shop.Cart/Add"}, "shop.Cart"),
        ({"server.address": "b.example", "server.port": 8443}, "b.example:8443"),
        ({"url.full": "https://user@b.example/pay?x=1"}, "b.example"),
        ({"net.peer.name": "b.example"}, "b.example"),
        ({"network.peer.address": "10.0.0.7"}, "unnamed host"),
        ({"server.address": "10.0.0.7", "server.port": 8080}, "unnamed host"),
        ({"http.url": "http://[2001:db8::1]:80/"}, "unnamed host"),
        ({}, "unnamed host"),
    ],
)
def test_the_best_name_a_call_gives_names_its_peer(attributes, name):
    assert told("web CLIENT call |[==]", {"call": attributes}) == [f"web -> {name} external 4 ms"]


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"db.system": "mysql", "db.name": "orders", "server.address": "db-1"}, "mysql · orders"),
        ({"db.system.name": "mysql", "server.address": "db-1"}, "mysql · db-1"),
        ({"db.system.name": "redis", "db.namespace": "0", "server.address": "cache-1"}, "redis · cache-1"),
        ({"db.system.name": "mysql"}, "mysql"),
        ({"db.system.name": "mysql", "peer.service": "ledger", "db.namespace": "x"}, "ledger"),
    ],
)
def test_a_database_is_known_by_its_system_and_namespace(attributes, name):
    assert told("web CLIENT call |[==]", {"call": attributes}) == [f"web -> {name} database 4 ms"]


def test_of_calls_within_calls_one_counts():
    nested = """
        web CLIENT outer     |[======]
          web CLIENT inner   | [==]
    """
    assert told(nested, {"inner": BANK}) == ["web -> bank-api external 4 ms"]
    assert told(nested, {"outer": DATABASE, "inner": BANK}) == ["web -> postgresql · shop database 8 ms"]
    answered = nested + "            es SERVER search |  [=]"
    assert told(answered, {"outer": DATABASE, "inner": BANK}) == ["web -> es call 4 ms"]


def test_a_message_goes_to_the_queue_and_from_there_to_who_takes_it():
    drawing = """
        web PRODUCER send         |[=]
          mail CONSUMER take      |      [===]
          stock CONSUMER take     |        [=]
    """
    assert told(drawing, {"send": TOPIC, "take": {"messaging.system": "kafka"}}) == [
        "kafka:orders -> mail messaging 3 ms",
        "kafka:orders -> stock messaging 5 ms",
        "web -> kafka:orders messaging 3 ms",
    ]


def test_a_message_is_taken_once_where_receiving_and_processing_have_spans():
    drawing = """
        mail CONSUMER receive        |[=====]
          mail CONSUMER process      | [===]
            mail CONSUMER handler    | [=]
    """
    attributes = {
        "receive": TOPIC | {"messaging.operation.type": "receive"},
        "process": TOPIC | {"messaging.operation.type": "process"},
        "handler": TOPIC,
    }
    assert told(drawing, attributes) == ["kafka:orders -> mail messaging"]
    assert told("mail CLIENT receive |[=]", attributes) == ["kafka:orders -> mail messaging"]
    assert told("mail CLIENT ack |[=]", {"ack": TOPIC | {"messaging.operation.type": "settle"}}) == []


def test_a_consumer_takes_from_a_queue_even_if_that_is_kept_in_a_database():
    assert told("mail CONSUMER take |[==]", {"take": DATABASE}) == ["unknown queue -> mail messaging"]


def test_the_call_that_receives_a_message_is_not_who_sent_it():
    drawing = """
        mail CLIENT receive          |[=====]
          mail CONSUMER process      |        [===]
    """
    attributes = {"receive": TOPIC | {"messaging.operation.type": "receive"}, "process": TOPIC}
    assert told(drawing, attributes) == ["kafka:orders -> mail messaging"]


def test_a_message_taken_while_its_sender_still_ran_lay_no_time():
    assert told(
        """
        web PRODUCER send        |[====]
          mail CONSUMER take     |   [==]
    """,
        {"send": TOPIC},
    ) == ["kafka:orders -> mail messaging 0 ms", "web -> kafka:orders messaging 6 ms"]


def test_a_server_below_a_producer_answers_a_call():
    assert told("""
        web PRODUCER send        |[======]
          stock SERVER serve     |  [==]
    """) == ["web -> stock call 8 ms"]


def test_other_work_below_a_producer_takes_its_message():
    assert told(
        """
        web PRODUCER send        |[==]
          stock INTERNAL work    |      [==]
    """,
        {"send": TOPIC},
    ) == ["kafka:orders -> stock messaging 2 ms", "web -> kafka:orders messaging 4 ms"]


def test_a_call_without_usable_times_lasts_as_long_as_its_server():
    assert told("""
        web CLIENT call          |  <==
          stock SERVER serve     |  [==]
    """) == ["web -> stock call 4 ms"]


def linked(trace_id: bytes, span_id: bytes):
    data = drawn_data(
        """
        web PRODUCER send #p      |[=]
        mail CONSUMER take        |      [===]
    """,
        {"send": TOPIC},
    )
    data.resource_spans[1].scope_spans[0].spans[0].links.add(trace_id=trace_id, span_id=span_id)
    return edges_of(Family(read_raw(data.SerializeToString())))


def test_a_link_to_a_producer_of_the_same_trace_is_as_good_as_a_parent():
    found = linked(TRACE_ID, (0xA0000).to_bytes(8, "big"))
    assert sorted(map(words, found.edges)) == [
        "kafka:orders -> mail messaging 3 ms", "web -> kafka:orders messaging 3 ms",
    ]  # fmt: skip
    assert found.halves == []


def test_a_link_to_another_trace_is_half_an_edge():
    other = bytes(15) + b"\x07"
    found = linked(other, b"producer")
    assert sorted(map(words, found.edges)) == [
        "unknown queue -> mail messaging", "web -> kafka:orders messaging 3 ms",
    ]  # fmt: skip
    (half,) = found.halves
    assert (half.callee.name, half.kind, half.trace_id, half.span_id) == ("mail", "messaging", other, b"producer")


def test_a_server_whose_caller_is_missing_is_half_an_edge():
    found = edges_of(family_of("stock SERVER serve parent=ff |[==]"))
    (half,) = found.halves
    assert (half.callee.name, half.kind, half.span_id) == ("stock", "call", bytes(7) + b"\xff")


def test_sampled_calls_count_for_those_left_out():
    data = drawn_data("""
        web CLIENT call         |[======]
          stock SERVER serve    |  [==]
    """)
    first, second = (group.scope_spans[0].spans[0] for group in data.resource_spans)
    first.trace_state, second.trace_state = "ot=th:8", "ot=th:c"
    (edge,) = edges_of(Family(read_raw(data.SerializeToString()))).edges
    assert edge.weight == 4 * CALL
    second.trace_state = ""
    (edge,) = edges_of(Family(read_raw(data.SerializeToString()))).edges
    assert edge.weight == 2 * CALL


def test_times_that_cannot_be_used_leave_an_edge_without_duration():
    (edge,) = edges_of(family_of("web SERVER root |  <==")).edges
    assert (edge.start_ns, edge.duration_ns) == (0, -1)
    (edge,) = edges_of(family_of("web SERVER root |  [=]")).edges
    assert edge.start_ns == START_NS + 2 * MS


def test_an_answer_that_comes_late_takes_back_what_stood_in_for_it():
    before = edges_of(family_of("web CLIENT call #c |[======]", {"call": BANK})).edges
    both = """
        web CLIENT call #c      |[======]
          stock SERVER serve    |  [==]
    """
    after = edges_of(family_of(both, {"call": BANK})).edges
    added, taken_back = difference(after, before)
    assert [*map(words, added)] == ["web -> stock call 8 ms"]
    assert [*map(words, taken_back)] == ["web -> bank-api external 8 ms"]


@pytest.mark.parametrize("seed", range(200))
def test_a_trace_in_parts_counts_each_edge_once(seed):
    pick = random.Random(seed)
    rows = wild_rows(pick, 30)
    pick.shuffle(rows)
    counted: Counter = Counter()
    before: list = []
    for upto in sorted({pick.randrange(1, 31) for _ in range(4)} | {30}):
        after = edges_of(Family(Columns(TRACE_ID, rows[:upto]))).edges
        added, taken_back = difference(after, before)
        counted.update(added)
        counted.subtract(taken_back)
        assert min(counted.values(), default=0) >= 0
        before = after
    assert +counted == Counter(edges_of(Family(Columns(TRACE_ID, list(rows)))).edges)


@pytest.mark.parametrize("seed", range(200))
def test_every_call_is_in_at_most_one_edge_unless_answered_more_often(seed):
    family = Family(Columns(TRACE_ID, wild_rows(random.Random(seed), 30)))
    kinds = Counter(family.columns.kind)
    entries = len(family.calls.entries)
    edges = edges_of(family).edges
    assert len(edges) <= family.columns.n + entries
    assert sum(edge.caller.kind == "user" for edge in edges) <= kinds[2]
    assert all(edge.caller != edge.callee or edge.caller.kind == "service" for edge in edges)
