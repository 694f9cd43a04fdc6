import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.tree_building import build_tree
from apps.traces.waterfall import View, lay_out
from apps.traces.waterfall_rows import guides
from tests.costs import within
from tests.traces.build import MS, SpanSpec, as_trace, draw, random_trace, trace_of, traces_data
from tests.traces.test_tree import wild_spans

SHOP = """
    web SERVER root              |[==================]
      web CLIENT call            | [========]
        stock SERVER handle      |  [======]
          stock CLIENT select    |   [==] !
      web INTERNAL render        |             [===]
    mail INTERNAL lost parent=ff |                [==]
"""


def layout(drawing=SHOP, **view):
    return lay_out(build_tree(draw(drawing)), View(**view))


def names(layout) -> str:
    return " ".join("·" * row.depth + row.span.name for row in layout.rows())


def position(name, drawing=SHOP) -> int:
    return next(span.position for span in draw(drawing) if span.name == name)


def shown(row) -> str:
    return "".join({"line": "│", "tee": "├", "elbow": "└"}[guide.shape] + "~" * guide.is_lost for guide in row.guides)


def test_rows_tell_what_they_show():
    rows = {row.span.name: row for row in layout().rows()}
    root, select = rows["root"], rows["select"]
    assert (root.state, root.children, root.hidden, root.error, root.errors_below) == ("open", 2, 0, "below", 1)
    assert (select.state, select.error, select.error_label, select.work) == ("leaf", "here", "error", "http")
    assert (select.offset_ns, select.offset_text, select.duration_text) == (3 * MS, "+3.0\u00a0ms", "4.0\u00a0ms")
    assert (select.bar.x, select.bar.width) == (15.0, 20.0)
    assert [row.index for row in layout().rows()] == list(range(6))
    assert [row.shows_service for row in layout().rows()] == [True, False, True, False, False, True]
    assert [oddity.kind for oddity in rows["lost"].oddities] == ["orphan"]


def test_a_service_calling_itself_is_named_again_behind_the_call():
    rows = layout("""
        web CLIENT call          |[====]
          web SERVER handle      | [==]
            web INTERNAL inner   | [=]
    """).rows()
    assert [row.shows_service for row in rows] == [True, True, False]


def test_guides_are_drawn_like_a_tree():
    assert [shown(row) for row in layout().rows()] == ["", "├", "│└", "│└", "└", "└~"]
    deeper = layout("""
        a root                   |[==============]
          a one                  |[]
            a two                |[]
              a three            |[]
            a four               | []
          a five                 |  []
        a lost parent=fe         |     []
          a below                |     []
        a lost2 parent=ff        |       []
    """)
    assert [shown(row) for row in deeper.rows()] == ["", "├", "│├", "││└", "│└", "└", "├~", "│~└", "└~"]


def test_a_folded_span_hides_all_below_it():
    folded = layout(folded=frozenset({position("call")}))
    assert names(folded) == "root ·call ·render ·lost"
    call = folded.rows()[1]
    assert (call.state, call.hidden, call.error, call.errors_below) == ("closed", 2, "below", 1)


def test_folding_to_a_depth_and_opening_one_span_again():
    assert names(layout(max_depth=0)) == "root ·lost"
    assert names(layout(max_depth=1)) == "root ·call ·render ·lost"
    assert names(layout(max_depth=1, opened=frozenset({position("call")}))) == "root ·call ··handle ·render ·lost"


def test_a_revealed_span_is_visible_where_all_is_folded():
    assert names(layout(max_depth=0, reveal=position("select"))) == "root ·call ··handle ···select ·render ·lost"


def test_what_a_reader_folds_by_hand_stays_folded_around_a_revealed_span():
    assert names(layout(folded=frozenset({position("call")}), reveal=position("select"))) == "root ·call ·render ·lost"


def test_a_zoomed_layout_has_the_same_rows_over_another_time():
    whole = layout()
    part = whole.zoomed(5 * MS, 10 * MS)
    assert names(part) == names(whole)
    assert (part.window.from_ns, part.window.to_ns) == (5 * MS, 10 * MS)
    assert whole.window.from_ns == 0


def test_shows_tells_a_row_of_its_own_from_a_folded_one():
    folded = layout(run_drawing(5))
    assert folded.shows(0)
    assert not folded.shows(1)


def run_drawing(count, errors=0, extra="web INTERNAL after |               []"):
    lines = ["web SERVER root |[====================]"]
    lines += [f"  web CLIENT SELECT stock |{' ' * (i % 9)}[{'=' * (i % 3)}] {'!' * (i < errors)}" for i in range(count)]
    return "\n".join([*lines, "  " + extra])


def test_five_siblings_that_do_the_same_fold_into_one_row():
    folded = layout(run_drawing(5))
    assert names(folded) == "root ·SELECT stock ·after"
    run = folded.rows()[1]
    assert (run.state, run.fold.count, run.hidden, run.duration_text) == ("run", 5, 5, "Σ\u00a014.0\u00a0ms")
    assert (run.fold.slowest_text, run.duration_ns, run.bar.x) == ("4.0\u00a0ms", 14 * MS, 0)
    assert len(run.fold.strokes) == 5
    assert names(layout(run_drawing(4))).count("SELECT") == 4


def test_an_opened_run_can_be_folded_again():
    drawing = run_drawing(6)
    run = layout(drawing).rows()[1].run_position
    opened = layout(drawing, opened=frozenset({run}))
    assert len(opened) == 8
    assert {row.run_position for row in opened.rows() if row.span.name == "SELECT stock"} == {run}
    assert opened.rows()[0].run_position is None


def test_siblings_stay_apart_when_asked_or_when_one_is_to_be_seen():
    assert len(layout(run_drawing(6), fold_siblings=False)) == 8
    assert len(layout(run_drawing(6), reveal=4)) == 8
    assert len(layout(run_drawing(6, errors=1))) == 8
    assert len(layout(run_drawing(6, errors=1), folded=frozenset({1}))) == 3
    many = layout(run_drawing(30, errors=2)).rows()[1]
    assert (many.fold.count, many.fold.errors, many.error, many.errors_below) == (30, 2, "below", 2)


def test_siblings_with_children_or_another_name_between_do_not_fold():
    lines = ["web root |[====================]"]
    for index in range(8):
        lines += [f"  web call |{' ' * index}[=]"] + [f"    web inner |{' ' * index}[]"] * (index == 3)
    assert len(layout("\n".join(lines))) == 10
    assert names(layout("\n".join([*lines[:4], "  web other |   []", *lines[6:]]))).count("call") == 7


def test_lost_siblings_fold_too():
    lines = [f"mail INTERNAL send parent=f{i} |{' ' * i}[]" for i in range(6)]
    folded = layout("\n".join(["web root |[====]", *lines]))
    assert names(folded) == "root ·send"
    assert shown(folded.rows()[1]) == "└~"


def test_a_zoom_window_cuts_bars():
    zoomed = layout(from_ns=5 * MS, to_ns=15 * MS)
    bars = {row.span.name: row.bar for row in zoomed.rows()}
    assert (bars["root"].x, bars["root"].width, bars["root"].is_cut_left, bars["root"].is_cut_right) == (
        0,
        100,
        True,
        True,
    )
    assert (bars["call"].x, bars["call"].width, bars["call"].is_cut_left, bars["call"].is_cut_right) == (
        0,
        60,
        True,
        False,
    )
    assert (bars["render"].x, bars["render"].width) == (80, 20)
    assert (bars["lost"].outside, bars["lost"].width) == ("after", 0)


@pytest.mark.parametrize("window", [(5 * MS, 5 * MS), (9 * MS, 3 * MS), (-5, -1), (10**18, None)])
def test_a_senseless_zoom_window_shows_the_whole_trace(window):
    shown = layout(from_ns=window[0], to_ns=window[1]).window
    assert (shown.from_ns, shown.to_ns) == (0, 20 * MS)


def test_the_peer_is_named_unless_it_answers_for_itself():
    trace = trace_of(
        SpanSpec("web", "root", None, 0, 9),
        SpanSpec("web", "charge", 0, 1, 2, {"peer.service": "bank-api", "http.request.method": "POST"}, "CLIENT"),
        SpanSpec("web", "reserve", 0, 4, 2, {"peer.service": "stock", "http.request.method": "POST"}, "CLIENT"),
        SpanSpec("stock", "handle", 2, 4, 2, {}, "SERVER"),
        SpanSpec("web", "SELECT", 0, 7, 1, {"db.system.name": "postgresql", "server.address": "db"}, "CLIENT"),
    )
    assert [row.peer for row in lay_out(build_tree(trace)).rows()] == ["", "bank-api", "", "", ""]


def test_events_are_marked_where_they_happened():
    events = [(2, "retry", {}), (9, "exception", {"exception.type": "X"}), (500, "far off", {})]
    trace = trace_of(SpanSpec("web", "root", None, 0, 10, {}, events=events))
    marks = lay_out(build_tree(trace)).rows()[0].events
    assert [(mark.x, mark.name, mark.is_exception) for mark in marks] == [(90, "exception", True), (20, "retry", False)]
    crowd = trace_of(SpanSpec("web", "root", None, 0, 10, {}, events=[(i / 1000, "e", {}) for i in range(10_000)]))
    assert len(lay_out(build_tree(crowd)).rows()[0].events) <= 64


def test_a_deep_chain_stops_indenting_and_says_its_depth():
    trace = trace_of(*(("a", f"n{i}", i - 1 if i else None, i, 1) for i in range(10_000)))
    tree = build_tree(trace)
    rows = within(0.5, lambda: lay_out(tree).rows(9_000, 100))
    assert (rows[0].depth, rows[0].indent, shown(rows[0])) == (9_000, 24, "└")
    assert [oddity.text for oddity in rows[0].oddities] == ["depth 9\u00a0000"]


def test_clock_skew_and_other_oddities_are_said():
    rows = layout("""
        web CLIENT call          |   [====]
          stock SERVER handle    |[====]
          web backwards #x       |    <==
          web twin #x            |      .
    """).rows()
    said = {row.span.name: [oddity.text.replace("\u00a0", " ") for oddity in row.oddities] for row in rows}
    assert said["handle"] == ["clock at least 3.0 ms behind its caller’s"]
    assert said["backwards"] == ["same ID as another span", "ends 3.0 ms before it starts"]
    assert rows[-1].duration_text == "0\u00a0ns"


def test_a_span_without_a_start_does_not_stretch_the_trace():
    trace = trace_of(("web", "root", None, 0, 10), ("web", "untimed", 0, None, 5), ("web", "child", 0, 5, 5))
    laid = lay_out(build_tree(trace))
    rows = {row.span.name: row for row in laid.rows()}
    assert (trace.duration_ns, laid.window.to_ns) == (10 * MS, 10 * MS)
    assert (rows["child"].bar.x, rows["child"].bar.width) == (50, 50)
    untimed = rows["untimed"]
    assert (untimed.bar.width, untimed.duration_text, untimed.offset_text) == (0, "–", "an unknown time")
    assert [oddity.text for oddity in untimed.oddities] == ["no usable start time"]


def test_an_empty_trace_has_no_rows():
    empty = lay_out(build_tree(as_trace(traces_data([]))))
    assert (len(empty), empty.rows(), empty.index_of(0)) == (0, (), None)


positions = st.frozensets(st.integers(0, 30))
views = st.builds(
    View,
    folded=positions,
    opened=positions,
    max_depth=st.one_of(st.none(), st.integers(0, 4)),
    fold_siblings=st.booleans(),
    from_ns=st.one_of(st.none(), st.integers(-5 * MS, 50 * MS)),
    to_ns=st.one_of(st.none(), st.integers(-5 * MS, 50 * MS)),
    reveal=st.one_of(st.none(), st.integers(0, 31)),
)


@given(wild_spans, views, st.integers(0, 10), st.integers(0, 10))
def test_every_span_is_in_a_row_or_counted_as_hidden_and_every_bar_is_on_the_page(specs, view, first, count):
    tree = build_tree(as_trace(traces_data(specs)))
    laid = lay_out(tree, view)
    rows = laid.rows()
    assert len(rows) == len(laid)
    assert sum(row.hidden + (row.state != "run") for row in rows) == len(specs)
    assert laid.rows(first, count) == rows[first : first + count]
    for row in rows:
        assert 0 <= row.bar.x <= row.bar.x + row.bar.width <= 100.001
        assert row.bar.outside or row.bar.width >= 0.25
        assert laid.index_of(row.span.position) == row.index
        assert [guide.level for guide in row.guides] == sorted({guide.level for guide in row.guides})
        assert not row.indent or row.guides[-1].level == row.indent
    if view.reveal is not None and view.reveal < len(specs) and not view.folded:
        assert any(row.span.position == view.reveal and row.state != "run" for row in rows)


@given(wild_spans)
def test_guides_connect_every_row_with_its_parent(specs):
    tree = build_tree(as_trace(traces_data(specs)))
    for node in tree.nodes:
        for guide in guides(node):
            if guide.shape != "elbow" and guide.level < 24:
                below = tree.nodes[node.row + 1]
                assert guide.level in {other.level for other in guides(below)}


def test_50_000_spans_are_laid_out_and_a_window_of_rows_is_cheap():
    trace = random_trace(2, 50_000)

    def draw():
        laid = lay_out(build_tree(trace))
        laid.rows(0, 100)
        return laid

    # 0.3 s and 5 ms on a quiet core; the bounds leave room for a slower one.
    laid = within(1.5, draw)
    within(0.05, lambda: laid.rows(30_000, 100))
