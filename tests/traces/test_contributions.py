"""The definitions of docs/contributions.md, drawn. One column is 1 ms; a path tells for every ms whose it is."""

from apps.traces.column_readers import columns_of
from apps.traces.contributions import ON_PATH, PARALLEL, contributions_of
from apps.traces.family import Family
from tests.traces.build import MS, trace_of
from tests.traces.columns_build import BANK, DATABASE, TOPIC, found_in, gaps_ms, left, own_ms, path


def place_of(found, name):
    return found.place[found.family.columns.name.index(name)]


def test_what_no_child_covers_is_a_spans_own():
    found = found_in("""
        web SERVER root   |[==========]
          web a           | [==]
          web b           |      [===]
            web c         |       []
    """)
    assert path(found) == "raaaarbccbbr"
    assert found.waited_ns == 12 * MS
    assert not found.beside and not found.gaps


def test_of_calls_side_by_side_the_one_that_ends_last_counts():
    found = found_in("""
        web SERVER root   |[==========]
          web a           | [====]
          web b           | [=======]
    """)
    assert path(found) == "rbbbbbbbbbrr"
    assert place_of(found, "a") == PARALLEL


def test_calls_begun_one_after_another_leave_the_beginning_to_the_parent():
    found = found_in("""
        web SERVER root   |[==========]
          web a           | [======]
          web b           |    [======]
    """)
    assert path(found) == "rrrrbbbbbbbb"


def test_of_children_that_end_together_the_longer_counts():
    found = found_in("""
        web SERVER root   |[==========]
          web short       |     [===]
          web long        | [=======]
    """)
    assert path(found) == "rlllllllllrr"


def test_a_millisecond_of_overlap_is_rounding():
    found = found_in("""
        web SERVER root   |[==========]
          web a           |[====]
          web b           |     [=====]
    """)
    assert path(found) == "aaaaabbbbbbb"


def test_half_of_a_short_span_is_not_rounding():
    found = found_in("""
        web SERVER root   |[==========]
          web a           |    .
          web b           |     [=====]
    """)
    assert path(found) == "rrrrrbbbbbbb"


def test_a_child_that_goes_on_after_its_parent_was_not_waited_for():
    found = found_in("""
        web SERVER root   |[==========]
          web a           | [==]
          web mail        |       [==============]
            web smtp      |           [====]
    """)
    assert path(found) == "raaaarrrrrrr"
    assert left(found) == {"mail": "late"}
    assert found.beside[0].span_count == 2


def test_what_outlives_its_parent_may_be_awaited_further_up():
    found = found_in("""
        web SERVER root     |[==========]
          web a             | [=======]
            web b           |  []
              web c         |   [==]
    """)
    assert path(found) == "rabccccaaarr"
    assert not found.beside


def test_nobody_waits_beyond_the_answer_of_the_service():
    found = found_in("""
        web CLIENT call         |[============]
          stock SERVER serve    | [====]
            stock log           |    [====]
    """)
    assert path(found) == "csssssscccccc" + "c"
    assert left(found) == {"log": "late"}


def test_nobody_waits_beyond_the_answer_of_a_service_that_calls_itself():
    found = found_in("""
        web CLIENT call         |[============]
          web SERVER serve      | [====]
            web log             |    [====]
    """)
    assert left(found) == {"log": "late"}


def test_a_server_of_the_same_service_that_outlives_its_call_is_cut_not_awaited_further_up():
    found = found_in("""
        web SERVER root         |[==============]
          web CLIENT call       | [===]            !
            web SERVER serve    |  [========]
    """)
    assert own_ms(found) == {"root": 11, "call": 1, "serve": 4}


def test_a_child_a_hair_longer_than_its_parent_was_waited_for():
    found = found_in("""
        web SERVER root   |[==========]
          web a           |   [========]
    """)
    assert path(found) == "rrraaaaaaaaa"
    assert not found.beside


def test_work_that_begins_after_the_answer_lies_beside():
    found = found_in("""
        web SERVER root   |[====]
          web after       |      [==]
          web later       |             [==]
    """)
    assert path(found) == "rrrrrr"
    assert left(found) == {"after": "late", "later": "late"}
    assert gaps_ms(found) == [(10, 13)]


def test_what_comes_out_of_a_queue_was_not_waited_for_even_while_the_sender_still_ran():
    drawing = """
        web SERVER root           |[=============]
          web PRODUCER send       | [=]
            mail CONSUMER take    |     [====]
              mail CLIENT call    |      [==]
    """
    found = found_in(drawing, {"send": TOPIC, "take": TOPIC})
    assert path(found) == "rsssrrrrrrrrrrr"
    assert left(found) == {"take": "queued"}
    assert found.beside[0].span_count == 2


def test_a_service_may_take_its_own_messages_out_of_a_queue():
    found = found_in("""
        web PRODUCER send       |[========]
          web CONSUMER take     |    [==]
    """)
    assert path(found) == "s" * 10
    assert left(found) == {"take": "queued"}
    found = found_in(
        """
        web CLIENT batch        |[========]
          web CONSUMER take     |    [==]
    """,
        {"batch": TOPIC},
    )
    assert left(found) == {"take": "queued"}


def test_any_work_of_another_service_under_a_producer_came_out_of_a_queue():
    found = found_in("""
        web PRODUCER send       |[========]
          web INTERNAL encode   | [=]
          mail INTERNAL take    |    [==]
    """)
    assert own_ms(found) == {"send": 7, "encode": 3}
    assert left(found) == {"take": "queued"}


def test_a_consumer_of_another_service_was_not_waited_for_whatever_it_hangs_from():
    found = found_in("""
        web SERVER root         |[========]
          mail CONSUMER take    |    [==]
    """)
    assert left(found) == {"take": "queued"}


def test_work_that_was_over_before_its_parent_began_lies_beside():
    found = found_in("""
        web SERVER root         |[===========]
          web second            |       [==]
            web first           | [==]
    """)
    assert path(found) == "rrrrrrrssssrr"
    assert left(found) == {"first": "early"}


def test_a_server_whose_clock_is_right_is_not_moved_with_its_caller():
    found = found_in("""
        web SERVER root              |[================]
          web CLIENT call            |   [==========]
            stock SERVER serve       |[==========]
              stock CLIENT ask       | [========]
                price SERVER quote   |    [==]
    """)
    columns = found.family.columns
    assert {columns.name[span] for span in found.shifts_ns} == {"serve", "ask"}


def test_a_server_on_its_callers_machine_is_moved_with_it():
    found = found_in("""
        web SERVER root              |                [================]
          web CLIENT call            |                 [=============]
            stock SERVER serve       |[==========]
              stock CLIENT ask       | [========]
                stock2 SERVER quote  |  [==]
                price SERVER other   |                              [==]
    """)
    columns = found.family.columns
    shifts = {columns.name[span]: shift / MS for span, shift in found.shifts_ns.items()}
    assert shifts == {"serve": 18.5, "ask": 18.5, "quote": 18.5, "other": -7.5}


def test_a_longer_server_with_an_early_clock_begins_with_its_caller():
    found = found_in("""
        web SERVER root           |      [==========]
          web CLIENT call         |       [======]
            stock SERVER serve    |[==============]
    """)
    assert path(found) == "rssssssssrrr"
    assert [*found.shifts_ns.values()] == [7 * MS]


def test_a_longer_server_under_a_span_that_is_no_call_was_not_waited_for():
    found = found_in("""
        web SERVER root           |[==========]
          stock SERVER serve      |   [=============]
    """)
    assert left(found) == {"serve": "late"}


def test_a_shorter_server_that_sticks_out_of_a_span_that_is_no_call_is_moved_into_it():
    found = found_in("""
        web SERVER root           |[==========]
          stock SERVER serve      |        [======]
    """)
    assert own_ms(found) == {"root": 4, "serve": 8}


def test_a_hundredth_of_a_long_span_is_rounding():
    for more, expected in (("=", {}), ("====", {"a": "late"})):
        long = "=" * 300
        found = found_in(f"web SERVER root |[{long}]\n  web a |  [{long}{more}]")
        assert left(found) == expected


def test_a_service_that_polls_a_queue_waits_for_it():
    found = found_in(
        """
        mail INTERNAL loop           |[========]
          mail CONSUMER receive      | [===]
    """,
        {"receive": {**TOPIC, "messaging.operation.type": "receive"}},
    )
    assert path(found) == "lrrrrrllll"


def test_a_server_with_another_clock_is_moved_to_the_middle_of_its_call():
    found = found_in("""
        web SERVER root              |[===========]
          web CLIENT call            | [=======]
            stock SERVER serve       |                [==]
              stock INTERNAL query   |                 [=]
    """)
    assert own_ms(found) == {"root": 4, "call": 5, "serve": 1, "query": 3}
    columns = found.family.columns
    shifts = {columns.name[span]: shift / MS for span, shift in found.shifts_ns.items()}
    assert shifts == {"serve": -12.5, "query": -12.5}
    (start, end) = next((start, end) for start, end, span in found.segments if columns.name[span] == "serve")
    assert ((start - found.start_ns) / MS, (end - found.start_ns) / MS) == (3.5, 4.5)


def test_the_next_service_keeps_its_own_clock_where_that_fits():
    found = found_in("""
        web SERVER root              |[=============]
          web CLIENT call            | [===========]
            stock SERVER serve       |                  [=========]
              stock CLIENT ask       |                   [=======]
                price SERVER quote   |    [=====]
    """)
    assert own_ms(found) == {"root": 2, "call": 2, "serve": 2, "ask": 2, "quote": 7}
    assert {found.family.columns.name[span] for span in found.shifts_ns} == {"serve", "ask"}


def test_a_server_that_works_on_after_its_caller_gave_up_is_cut_there():
    found = found_in("""
        web SERVER root           |[==========]
          web CLIENT call         | [======]      !
            stock SERVER serve    |   [=============]
              stock late          |            [==]
              stock soon          |    [=]
    """)
    assert own_ms(found) == {"root": 4, "call": 2, "serve": 3, "soon": 3}
    assert place_of(found, "late") == PARALLEL


def test_a_server_that_begins_after_its_caller_gave_up_lies_beside():
    found = found_in("""
        web SERVER root           |[==========]
          web CLIENT call         | [==]            !
            stock SERVER serve    |      [=============]
    """)
    assert own_ms(found) == {"root": 8, "call": 4}
    assert left(found) == {"serve": "late"}


def test_the_two_halves_of_a_shared_span_are_caller_and_server():
    found = found_in("""
        web CLIENT call #x         |[======]
          stock SERVER serve #x    |  [==]
    """)
    assert own_ms(found) == {"call": 4, "serve": 4}


def test_an_orphan_belongs_to_the_call_that_nobody_answered():
    drawing = """
        web SERVER root             |[==============]
          web INTERNAL handle       | [============]
            web CLIENT call         |  [==========]
        stock INTERNAL lost parent=ff |     [====]
    """
    found = found_in(drawing, {"call": BANK})
    assert own_ms(found) == {"root": 2, "handle": 2, "call": 6, "lost": 6}
    assert not found.beside


def test_an_orphan_belongs_to_its_own_service_when_that_runs_around_it():
    found = found_in("""
        web SERVER root             |[==============]
          web INTERNAL handle       | [============]
        web INTERNAL lost parent=ff |     [====]
    """)
    assert own_ms(found) == {"root": 2, "handle": 8, "lost": 6}


def test_a_lost_servers_caller_is_the_innermost_span_around_it():
    found = found_in("""
        web SERVER root               |[==============]
          web INTERNAL handle         | [============]
        stock SERVER serve parent=ff  |     [====]
    """)
    assert own_ms(found) == {"root": 2, "handle": 8, "serve": 6}


def test_an_orphan_of_a_service_that_nobody_called_lies_beside():
    found = found_in("""
        web SERVER root                  |[==============]
        mail INTERNAL render parent=ff   |     [====]
        mail CONSUMER take parent=fe     |     [====]
    """)
    assert own_ms(found) == {"root": 16}
    assert left(found) == {"render": "orphan", "take": "orphan"}


def adopters(found):
    names = found.family.columns.name
    return {names[orphan]: names[parent] for orphan, parent in found.adopted.items()}


def test_an_orphan_does_not_belong_to_a_call_of_its_own_service():
    drawing = """
        web SERVER root               |[==============]
          web CLIENT call             | [============]
        web INTERNAL lost parent=ff   |     [====]
    """
    assert adopters(found_in(drawing, {"call": BANK})) == {"lost": "root"}


def test_an_orphan_may_end_with_the_call_around_it():
    drawing = """
        web CLIENT call               |[========]
        stock INTERNAL lost parent=ff |[========]
    """
    assert adopters(found_in(drawing, {"call": BANK})) == {"lost": "call"}
    assert adopters(found_in(drawing.replace("lost parent=ff |[=", "lost parent=ff |[=="), {"call": BANK})) == {}


def test_an_orphan_does_not_belong_to_a_call_that_was_answered():
    drawing = """
        web CLIENT call               |[==============]
          stock SERVER serve          | [============]
        price SERVER lost parent=ff   |     [====]
    """
    assert adopters(found_in(drawing, {"call": BANK})) == {"lost": "serve"}


def test_an_orphan_does_not_belong_to_a_call_around_another_to_a_database_or_to_a_queue():
    for attributes in ({"outer": BANK, "inner": DATABASE}, {"outer": DATABASE}, {"outer": TOPIC}):
        drawing = """
            web SERVER root               |[==============]
              web CLIENT outer            | [============]
                web CLIENT inner          |  []
            stock SERVER lost parent=ff   |     [====]
        """
        assert adopters(found_in(drawing, attributes)) == {"lost": "root"}
    sent = """
        web SERVER root               |[==============]
          web PRODUCER send           | [============]
          web INTERNAL read           | [============]
        stock SERVER lost parent=ff   |     [====]
    """
    assert adopters(found_in(sent, {"read": DATABASE})) == {"lost": "root"}


def test_a_lost_consumer_of_the_own_service_lies_beside():
    found = found_in("""
        web SERVER root               |[==============]
        web CONSUMER take parent=fe   |     [====]
    """)
    assert left(found) == {"take": "orphan"}


def test_the_innermost_span_still_running_adopts():
    found = found_in("""
        web SERVER root               |[================]
          web INTERNAL over           | [=]
          web INTERNAL around         |    [=========]
            web INTERNAL short        |     [=]
        web INTERNAL lost parent=ff   |      [====]
    """)
    assert adopters(found) == {"lost": "around"}


def test_orphans_of_two_lost_spans_in_a_row_nest():
    drawing = """
        web SERVER root               |[==============]
          web CLIENT first            | [============]
        stock CLIENT second parent=fe |   [========]
        price SERVER quote parent=ff  |     [====]
    """
    found = found_in(drawing, {"first": BANK, "second": BANK})
    assert own_ms(found) == {"root": 2, "first": 4, "second": 4, "quote": 6}


def test_an_orphan_outside_the_waited_time_lies_beside():
    found = found_in("""
        web SERVER root               |      [====]
        web INTERNAL before parent=ff |[==]
        web INTERNAL after parent=fe  |                [==]
        web INTERNAL over parent=fd   |          [========]
    """)
    assert path(found) == "rrrrrr"
    assert left(found) == {"before": "orphan", "after": "orphan", "over": "orphan"}
    assert gaps_ms(found) == [(4, 6)]


def test_without_a_root_the_earliest_orphan_is_waited_for():
    found = found_in("""
        web INTERNAL a parent=ff   |[====]
        web INTERNAL b parent=ff   |        [====]
    """)
    assert path(found) == "aaaaaa"
    assert left(found) == {"b": "orphan"}
    assert gaps_ms(found) == [(6, 8)]


def test_another_root_lies_beside():
    found = found_in("""
        web SERVER root    |[=======]
        web SERVER other   |  [=======]
          web below        |    [==]
    """)
    assert path(found) == "rrrrrrrrr"
    assert left(found) == {"other": "root"}
    assert found.beside[0].span_count == 2


def test_a_circle_lies_beside_unless_there_is_nothing_else():
    circle = """
        web b #b parent=c        |  [====]
        web c #c parent=b        |   [==]
    """
    assert left(found_in("        web SERVER root |[=====]\n" + circle)) == {"b": "circle"}
    assert own_ms(found_in(circle)) == {"b": 2, "c": 4}


def test_a_span_without_usable_times_is_passed_through():
    found = found_in("""
        web SERVER root    |[==========]
          web broken       |       <==
            web below      |  [====]
    """)
    assert path(found) == "rrbbbbbbrrrr"


def test_a_main_root_without_usable_times_was_waited_for_no_time():
    found = found_in("""
        web SERVER root    |   <==
          web below        |  [====]
    """)
    assert (found.waited_ns, found.segments) == (0, [])
    assert left(found) == {"root": "untimed"}
    assert found.beside[0].span_count == 2


def test_a_root_of_no_length_has_no_contributions():
    found = found_in("""
        web SERVER root    |.
          web below        |[====]
    """)
    assert (found.waited_ns, found.own_ns) == (0, [0, 0])
    assert left(found) == {"below": "late"}


def test_ten_thousand_levels_are_as_good_as_any():
    deep = [("web", "root", None, 0, 30_000)]
    deep += [("web", f"s{n}", n - 1, n, 30_000 - 2 * n) for n in range(1, 10_000)]
    found = contributions_of(Family(columns_of(trace_of(*deep))))
    assert sum(found.own_ns) == 30_000 * MS
    assert sum(place == ON_PATH for place in found.place) == 10_000


def test_a_database_call_is_one_block():
    found = found_in(
        """
        web SERVER root        |[=====]
          web CLIENT select    | [==]
    """,
        {"select": DATABASE},
    )
    assert path(found) == "rssssrr"
