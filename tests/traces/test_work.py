from apps.traces.work import by_kind_of_work, by_name, by_service
from tests.traces.build import MS
from tests.traces.columns_build import BANK, CACHE, DATABASE, TOPIC, found_in


def works_ms(found) -> dict[str, float]:
    return {part.kind_of_work: part.own_ns / MS for part in by_kind_of_work(found) if part.own_ns}


def test_each_kind_of_work_has_its_time():
    drawing = """
        web SERVER root              |[======================================]
          web CLIENT select          | [==]
          web CLIENT get             |     [==]
          web CLIENT pay             |         [==]
          web PRODUCER publish       |             [==]
          web CLIENT call            |                 [==========]
            stock SERVER serve       |                   [=====]
    """
    found = found_in(drawing, {"select": DATABASE, "get": CACHE, "pay": BANK, "publish": TOPIC, "call": BANK})
    assert works_ms(found) == {"own_code": 19, "network": 5, "database": 4, "cache": 4, "external": 4, "queue": 4}


def test_a_call_around_lost_spans_is_not_broken_down():
    drawing = """
        web CLIENT call               |[==========]
        stock SERVER serve parent=ff  |   [====]
    """
    found = found_in(drawing, {"call": BANK})
    assert works_ms(found) == {"not_broken_down": 6, "own_code": 6}
    assert {part.kind_of_work: part.not_broken_down_ns / MS for part in by_kind_of_work(found)} == {
        "not_broken_down": 6, "own_code": 0,
    }  # fmt: skip


def test_a_client_library_around_its_own_http_call_is_own_code():
    drawing = """
        web CLIENT library   |[==========]
          web CLIENT http    |  [======]
    """
    assert works_ms(found_in(drawing, {"http": BANK})) == {"external": 8, "own_code": 4}


def test_a_database_with_spans_of_its_own_leaves_its_caller_the_network():
    drawing = """
        web CLIENT select     |[==========]
          db SERVER execute   |  [======]
    """
    assert works_ms(found_in(drawing, {"select": DATABASE})) == {"own_code": 8, "network": 4}


def test_a_call_answered_by_way_of_a_span_in_between_waits_for_the_network():
    drawing = """
        web CLIENT call           |[==========]
          web INTERNAL connect    | [========]
            stock SERVER serve    |   [====]
    """
    assert works_ms(found_in(drawing)) == {"own_code": 10, "network": 2}


def test_an_internal_span_that_names_a_database_is_the_database():
    found = found_in("web INTERNAL read |[====]", {"read": DATABASE})
    assert works_ms(found) == {"database": 6}


def test_a_consumer_that_polls_a_queue_kept_in_a_database_waits_for_the_queue():
    poll = DATABASE | TOPIC | {"messaging.operation.type": "receive"}
    assert works_ms(found_in("mail CONSUMER poll |[====]", {"poll": poll})) == {"queue": 6}
    assert works_ms(found_in("mail CONSUMER work |[====]", {"work": DATABASE})) == {"own_code": 6}


def test_long_own_code_is_marked_as_not_broken_down():
    long = found_in("web SERVER root |[" + "=" * 120 + "]")
    assert by_service(long)[0].not_broken_down_ns == 122 * MS
    short = found_in("web SERVER root |[" + "=" * 90 + "]")
    assert by_service(short)[0].not_broken_down_ns == 0
    small = found_in(
        "web SERVER root |[" + "=" * 2000 + "]\n  web CLIENT get  |" + " " * 150 + "[" + "=" * 1849 + "]",
        {"get": CACHE},
    )
    assert [(part.kind_of_work, part.not_broken_down_ns) for part in by_kind_of_work(small)] == [
        ("cache", 0), ("own_code", 0),
    ]  # fmt: skip


def test_groups_count_what_was_waited_for_and_come_largest_first():
    drawing = """
        web SERVER root         |[==========]
          web CLIENT get        | [=]
          web CLIENT get        |    [=]
          web CLIENT get        |    [=]
          web INTERNAL mail     |        [========]
            web CLIENT get      |          [=]
    """
    found = found_in(drawing, {"get": CACHE})
    assert [(p.service, p.span_name, p.kind_of_work, p.own_ns // MS, p.calls) for p in by_name(found)] == [
        ("web", "get", "cache", 6, 3),
        ("web", "root", "own_code", 6, 1),
    ]
    assert [(p.service, p.own_ns // MS, p.calls) for p in by_service(found)] == [("web", 12, 4)]
