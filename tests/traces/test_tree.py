import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.tree_building import build_tree
from tests.costs import within
from tests.traces.build import MS, SpanSpec, as_trace, draw, random_trace, trace_of, traces_data


def outline(tree) -> str:
    return " ".join("·" * node.depth + node.span.name for node in tree.nodes)


def by_name(tree) -> dict:
    return {node.span.name: node for node in tree.nodes}


def test_children_stand_under_their_parents_in_start_order():
    tree = build_tree(
        draw("""
        web SERVER root        |[==============]
          web late             |        [==]
            web deep           |         []
          web early            |  [==]  !
    """)
    )
    assert outline(tree) == "root ·early ·late ··deep"
    nodes = by_name(tree)
    assert [nodes[name].size for name in ("root", "late", "early")] == [4, 2, 1]
    assert (nodes["root"].errors_below, nodes["early"].is_error, nodes["late"].errors_below) == (1, True, 0)
    assert tree.main_root is nodes["root"]
    assert (tree.depth, tree.errors, tree.orphans) == (3, 1, ())
    assert [node.row for node in tree.nodes] == [0, 1, 2, 3]


def test_equal_starts_keep_the_order_of_the_document():
    tree = build_tree(
        trace_of(("a", "root", None, 0, 9), ("a", "x", 0, 1, 1), ("a", "y", 0, 1, 5), ("a", "z", 0, 1, 1))
    )
    assert outline(tree) == "root ·x ·y ·z"


def test_a_span_whose_parent_is_missing_stands_at_depth_one_after_the_roots():
    tree = build_tree(
        draw("""
        mail lost parent=ff    |[===]
          mail below           | [=]
        web root               |   [==========]
          web child            |      [==]
    """)
    )
    assert outline(tree) == "root ·child ·lost ··below"
    assert [node.span.name for node in tree.orphans] == ["lost"]
    assert by_name(tree)["lost"].parent is None
    assert tree.main_root.span.name == "root"


def test_with_only_orphans_the_earliest_is_the_main_root():
    tree = build_tree(
        draw("""
        web b parent=fe        |  [==]
        web a parent=ff        |[====]
    """)
    )
    assert outline(tree) == "·a ·b"
    assert tree.main_root.span.name == "a"


def test_several_roots_all_stand_at_the_top():
    tree = build_tree(
        draw("""
        web second             |   [==]
          web child            |    []
        web first              |[==]
    """)
    )
    assert outline(tree) == "first second ·child"


def test_a_circle_is_cut_above_its_earliest_span():
    tree = build_tree(
        draw("""
        web root                   |[=========]
        web a #a parent=c          |  [====]
        web b #b parent=a          | [====]
        web c #c parent=b          |   [==]
        web leaf parent=a          |    []
    """)
    )
    assert outline(tree) == "root b ·c ··a ···leaf"
    assert [node.span.name for node in tree.nodes if node.is_cut] == ["b"]
    assert not tree.orphans


def test_without_a_root_a_lost_span_is_the_main_root_rather_than_a_circle():
    tree = build_tree(
        draw("""
        web me #a parent=a         |[==]
        web lost parent=ff         |  [==]
    """)
    )
    assert tree.main_root.span.name == "lost"


def test_a_span_that_is_its_own_parent_is_a_root():
    tree = build_tree(draw("web me #a parent=a |[==]"))
    assert outline(tree) == "me"
    assert tree.nodes[0].is_cut


def test_the_two_halves_of_a_shared_span_become_parent_and_child():
    tree = build_tree(
        draw("""
        web SERVER root              |[============]
          db SERVER half #x          |   [====]
          web CLIENT call #x         |  [======]
        db INTERNAL inside parent=x  |    [==]
        web INTERNAL retry parent=x  |      [=]
    """)
    )
    # What happened inside hangs under the half of its own service.
    assert outline(tree) == "root ·call ··half ···inside ··retry"
    nodes = by_name(tree)
    assert nodes["half"].is_shared and not nodes["half"].is_duplicate
    assert not nodes["call"].is_shared and not nodes["call"].is_duplicate
    assert nodes["half"].skew_ns == 0


def test_a_shared_root_call_keeps_both_halves():
    tree = build_tree(
        draw("""
        db SERVER half #x      | [==]
        web CLIENT call #x     |[====]
    """)
    )
    assert outline(tree) == "call ·half"


def test_spans_that_only_repeat_an_id_are_marked_and_kept():
    tree = build_tree(
        draw("""
        web root #r            |[==========]
          web one #x           | [==]
            web below          |  []
          web two #x           |     [==]
    """)
    )
    assert outline(tree) == "root ·one ··below ·two"
    assert [node.span.name for node in tree.nodes if node.is_duplicate] == ["one", "two"]


def test_odd_times_are_measured():
    nodes = by_name(
        build_tree(
            draw("""
        web root               |[==========]
          web backwards        |   <==
          web nothing          |     .
          web async            |        [======]
    """)
        )
    )
    assert nodes["backwards"].ends_before_start_ns == 3 * MS
    assert nodes["nothing"].is_zero_length and not nodes["root"].is_zero_length
    assert nodes["async"].ends_after_parent_ns == 4 * MS
    assert nodes["async"].skew_ns == 0


@pytest.mark.parametrize(
    ("client", "server", "skew_ms"),
    [
        ("   [======]", "    [====]", 0),
        ("   [======]", "[====]    ", -3),
        ("   [======]", "      [====]", 1),
        ("   [======]", "[=============]", 4),
        ("   [======]", "              [==]", 7),
    ],
)
def test_a_server_outside_its_clients_time_suggests_clock_skew(client, server, skew_ms):
    tree = build_tree(
        draw(f"""
        web CLIENT call        |{client}
          db SERVER half       |{server}
    """)
    )
    assert by_name(tree)["half"].skew_ns == skew_ms * MS
    assert len(tree.skewed) == bool(skew_ms)


def test_a_consumer_may_be_late_but_not_early():
    def skew(consumer):
        return (
            build_tree(
                draw(f"""
            web PRODUCER publish   |    [==]
              mail CONSUMER take   |{consumer}
        """)
            )
            .nodes[1]
            .skew_ns
        )

    assert skew("               [==]") == 0
    assert skew("  [==]") == -2 * MS


def test_guides_say_where_lines_run_on():
    tree = build_tree(
        draw("""
        web root               |[===========]
          web a                | []
            web aa             | []
          web b                |   []
            web bb             |   []
        web lost parent=ff     |     []
          web below            |     []
        web lost2 parent=fe    |       []
    """)
    )
    lines = {node.span.name: (node.lines, node.lost_lines, node.is_last) for node in tree.nodes}
    assert lines["a"] == (0b10, 0, False)
    assert lines["aa"] == (0b10, 0, True)
    assert lines["b"] == lines["bb"] == (0, 0, True)
    assert lines["lost"] == (0b10, 0b10, False)
    assert lines["below"] == (0b10, 0b10, True)
    assert lines["lost2"] == (0, 0, True)


def test_an_empty_trace_has_an_empty_tree():
    tree = build_tree(as_trace(traces_data([])))
    assert (tree.nodes, tree.main_root, tree.depth) == ([], None, 0)


def test_a_span_is_found_by_its_id():
    tree = build_tree(
        draw("""
        web root #r            |[==========]
          web one #x           | [==]
    """)
    )
    assert tree.find(tree.nodes[1].span.span_id.upper()) is tree.nodes[1]
    assert tree.find("ff" * 8) is None


ids = st.sampled_from([f"{n:016x}" for n in range(1, 9)])
wild_spans = st.lists(
    st.builds(
        SpanSpec,
        service=st.sampled_from(["a", "b"]),
        name=st.just("n"),
        parent=st.one_of(st.none(), ids),
        start_ms=st.one_of(st.integers(0, 20), st.none()),
        duration_ms=st.integers(-5, 20),
        kind=st.sampled_from(["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]),
        status=st.sampled_from(["UNSET", "OK", "ERROR"]),
        span_id=ids,
    ),
    max_size=30,
)


@given(wild_spans)
def test_every_span_comes_out_exactly_once_under_a_node_above_it(specs):
    trace = as_trace(traces_data(specs))
    tree = build_tree(trace)
    assert sorted(node.position for node in tree.nodes) == list(range(len(specs)))
    assert [node.row for node in tree.nodes] == list(range(len(specs)))
    for node in tree.nodes:
        below = tree.nodes[node.row : node.row + node.size]
        assert all(child.parent is node and child.depth == node.depth + 1 for child in node.children)
        assert sum(child.size for child in node.children) + 1 == node.size == len(below)
        assert node.errors_below == sum(other.is_error for other in below[1:])
        assert [(c.span.start_ns, c.position) for c in node.children] == sorted(
            (c.span.start_ns, c.position) for c in node.children
        )
        if node.parent is None:
            assert node in tree.roots
            assert node.is_cut or node.is_orphan or not node.span.parent_id
        elif not node.is_shared:
            assert node.parent.span.span_id == node.span.parent_id
    assert tree.errors == sum(span.is_error for span in trace)


@given(wild_spans, st.randoms())
def test_the_order_of_arrival_does_not_change_what_is_odd(specs, random):
    shuffled = list(specs)
    random.shuffle(shuffled)
    one, other = (build_tree(as_trace(traces_data(s))) for s in (specs, shuffled))
    assert len(one.orphans) == len(other.orphans)
    assert sum(n.is_duplicate for n in one.nodes) == sum(n.is_duplicate for n in other.nodes)


def test_a_chain_of_10_000_spans_and_a_fan_of_100_000_are_built():
    chain = build_tree(trace_of(*(("a", "n", i - 1 if i else None, i, 1) for i in range(10_000))))
    assert chain.depth == chain.main_root.size == 10_000
    fan = build_tree(trace_of(*(("a", "n", 0 if i else None, i, 1) for i in range(100_000))))
    assert (fan.depth, fan.main_root.size) == (2, 100_000)


def test_one_id_100_000_times_is_not_quadratic():
    trace = trace_of(*(SpanSpec("a", "n", "ab", i, 1, span_id="ab".rjust(16, "0")) for i in range(20_000)))
    assert len(within(5, lambda: build_tree(trace)).nodes) == 20_000


def test_50_000_spans_are_built_quickly():
    trace = random_trace(1, 50_000)
    # 0.2 s on a quiet core; the bound leaves room for a slower one.
    within(1.5, lambda: build_tree(trace))
