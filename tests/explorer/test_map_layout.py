"""The layout of the service map: what holds for every graph, and how long it takes at most."""

import random
from itertools import pairwise
from math import dist

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apps.demo.topology import EDGES
from apps.explorer.map import chains
from apps.explorer.map.layers import columns_of, forward
from apps.explorer.map.layout import Layout, lay_out
from apps.explorer.map.ordering import crossings, ordered
from apps.explorer.map.part import forget_shapes
from tests.costs import within

SHOP = sorted({(edge.source, edge.target) for edge in EDGES})


def sizes_of(keys):
    return {key: (40.0 + 7 * len(str(key)), 44.0) for key in keys}


def laid_out(links, alone=()) -> Layout:
    return lay_out(sizes_of({*alone, *(end for link in links for end in link)}), links)


@st.composite
def graphs(draw):
    """(names, links) of any shape: circles, self-calls, both ways between two, parts, nodes without links."""
    names = [f"n{number:02d}" for number in range(draw(st.integers(1, 24)))]
    ends = st.sampled_from(names)
    return names, draw(st.lists(st.tuples(ends, ends), max_size=60, unique=True))


def assert_sound(drawn: Layout, links) -> None:
    boxes = drawn.boxes
    for box in boxes.values():
        assert box.x >= 0 and box.y >= 0
        assert box.x + box.width <= drawn.width + 0.01 and box.y + box.height <= drawn.height + 0.01
    ranked = sorted(boxes.values())
    for place, box in enumerate(ranked):
        for other in ranked[place + 1 :]:
            if other.x >= box.x + box.width:
                break
            assert box.y + box.height <= other.y or other.y + other.height <= box.y, (box, other)
    assert set(drawn.routes) == set(links)
    for (caller, callee), route in drawn.routes.items():
        assert_ends(boxes[caller], boxes[callee], route)


def assert_ends(caller, callee, route) -> None:
    (x1, y1), (x2, y2) = route.points[0], route.points[-1]
    if route.is_loop:
        assert caller == callee and y1 == y2 == caller.y and caller.x < x1 < x2 < caller.x + caller.width
        return
    to_the_right = caller.x < callee.x
    assert x1 == pytest.approx(caller.x + caller.width if to_the_right else caller.x)
    assert x2 == pytest.approx(callee.x if to_the_right else callee.x + callee.width)
    assert caller.y < y1 < caller.y + caller.height and callee.y < y2 < callee.y + callee.height
    steps = [b[0] - a[0] for a, b in pairwise(route.points)]
    assert all(step > 0 for step in steps) if to_the_right else all(step < 0 for step in steps)


def assert_clear(drawn: Layout) -> None:
    """Where a link passes a column straight, it passes beside the column's nodes."""
    for route in drawn.routes.values():
        for (x1, y), (x2, same) in zip(route.points[1::2], route.points[2::2], strict=False):
            assert y == same
            left, right = min(x1, x2), max(x1, x2)
            for box in drawn.boxes.values():
                assert box.x >= right or box.x + box.width <= left or not box.y <= y <= box.y + box.height


@given(graphs())
def test_nothing_overlaps_and_every_link_ends_at_its_nodes(graph):
    names, links = graph
    drawn = laid_out(links, names)
    assert set(drawn.boxes) == set(names)
    assert_sound(drawn, links)
    assert_clear(drawn)


@given(graphs(), st.randoms(use_true_random=False))
def test_the_same_graph_is_drawn_the_same_in_whatever_order_it_comes(graph, shuffled):
    names, links = graph
    mixed_names, mixed_links = [*names], [*links]
    shuffled.shuffle(mixed_names)
    shuffled.shuffle(mixed_links)
    assert lay_out(sizes_of(mixed_names), mixed_links) == lay_out(sizes_of(names), links)


@given(graphs())
def test_links_turned_round_leave_no_circle_and_columns_leave_none_empty(graph):
    names, links = graph
    pairs = [(names.index(a), names.index(b)) for a, b in links if a != b]
    kept = forward(len(names), pairs)
    flow = [pair if keep else pair[::-1] for pair, keep in zip(pairs, kept, strict=True)]
    columns = columns_of(len(names), flow)
    assert all(columns[left] < columns[right] for left, right in flow)
    assert set(columns) == set(range(max(columns) + 1))


@given(graphs())
def test_a_graph_without_circles_keeps_all_its_directions(graph):
    names, links = graph
    pairs = [(names.index(a), names.index(b)) for a, b in links if a < b]
    assert all(forward(len(names), pairs))


@given(graphs())
@example(  # a walk from the left crosses what the given order does not
    (
        [f"n0{number}" for number in range(7)],
        [(f"n0{a}", f"n0{b}") for a, b in ((0, 3), (0, 4), (1, 5), (2, 4), (2, 6), (4, 5), (4, 6))],
    )
)
def test_sorting_never_makes_more_crossings_than_there_were(graph):
    names, links = graph
    pairs = [(names.index(a), names.index(b)) for a, b in links if a < b]
    made = chains.chains_of(columns_of(len(names), pairs), pairs, [False] * len(pairs))

    def crossed(columns):
        places = [0] * len(made.left)
        for column in columns:
            for place, vertex in enumerate(column):
                places[vertex] = place
        return crossings(columns, made.right, places)

    found = ordered([list(column) for column in made.columns], made.left, made.right)
    assert [sorted(column) for column in found] == [sorted(column) for column in made.columns]
    assert crossed(found) <= crossed(made.columns)


def test_crossings_are_counted_pair_by_pair():
    columns, right = [[0, 1, 2], [3, 4]], [[4], [3, 4], [3], [], []]
    assert crossings(columns, right, [0, 1, 2, 0, 1]) == 3
    assert crossings([[2, 1, 0], [3, 4]], right, [2, 1, 0, 0, 1]) == 0


def test_a_tree_is_drawn_without_a_crossing():
    links = [(f"n{parent:03d}", f"n{child:03d}") for child in range(1, 80) for parent in [(child - 1) // 3]]
    drawn = laid_out(links)
    spots = [(drawn.boxes[a], drawn.boxes[b]) for a, b in links]
    for parent, child in spots:
        for other, grandchild in spots:
            if parent.x == other.x and child.x == grandchild.x and parent.y < other.y:
                assert child.y < grandchild.y


def test_callers_stand_left_of_callees_where_there_is_no_circle():
    drawn = laid_out(SHOP)
    back = [link for link, route in drawn.routes.items() if route.points[0][0] > route.points[-1][0]]
    assert len(back) == 1, "one link closes the circle order -> fulfilment -> order"
    assert drawn.boxes["users"].x == 0
    assert drawn.boxes["gateway"].x < drawn.boxes["checkout"].x < drawn.boxes["payment"].x < drawn.boxes["bank-api"].x


def test_a_caller_with_one_callee_stands_right_before_it():
    drawn = laid_out([("a", "b"), ("b", "c"), ("c", "store"), ("nightly", "store")])
    assert drawn.boxes["nightly"].x == drawn.boxes["c"].x


def test_what_is_new_leaves_the_rest_of_the_map_where_it_was():
    before = laid_out(SHOP)
    for caller, callee in (("inventory", "redis"), ("payment", "fraud-api"), ("catalog", "redis")):
        after = laid_out([*SHOP, (caller, callee)])
        moved = sorted(dist(after.boxes[key][:2], box[:2]) for key, box in before.boxes.items())
        assert moved[len(moved) // 2] <= 40, (caller, callee, moved)


@given(graphs(), st.randoms(use_true_random=False))
def test_a_shape_that_is_kept_serves_every_width(graph, pick):
    names, links = graph
    sizes = {name: (pick.choice((88.0, 120.0, 208.0)), 44.0) for name in names}
    lay_out(sizes_of(names), links)  # other widths
    again = lay_out(sizes, links)
    forget_shapes()
    assert again == lay_out(sizes, links)
    assert all(box.width >= sizes[name][0] for name, box in again.boxes.items())


def test_parts_and_lonely_nodes_stand_beside_each_other():
    drawn = laid_out([("a", "b"), ("c", "d"), ("e", "e")], alone=["x", "y", "z"])
    assert_sound(drawn, [("a", "b"), ("c", "d"), ("e", "e")])
    assert drawn.boxes["x"].y == drawn.boxes["y"].y == drawn.boxes["z"].y


def test_nothing_is_drawn_of_nothing():
    assert lay_out({}, []) == Layout(0.0, 0.0, {}, {})


def test_a_link_to_an_unknown_node_is_an_error():
    with pytest.raises(KeyError):
        lay_out({"a": (10.0, 10.0)}, [("a", "b")])


def random_system(services=350, stores=150, links=1_500, seed=1):
    """Services in seven rough tiers that call each other and stores, some against the flow."""
    chance = random.Random(seed)
    names = [f"service-{number:03d}" for number in range(services)]
    tier = {name: chance.choice([1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7]) for name in names}
    found = {("user", name) for name in names if tier[name] == 1 and chance.random() < 0.5}
    while len(found) < links:
        caller = chance.choice(names)
        if chance.random() < 0.35:
            found.add((caller, f"store-{int(chance.random() ** 3 * stores):03d}"))
        else:
            callee = names[int(chance.random() ** 2 * services)]
            if tier[callee] > tier[caller] or chance.random() < 0.04:
                found.add((caller, callee))
    return sorted(found)


LARGE = {
    "a system of 500": random_system(),
    "one caller of 500": [("hub", f"n{n:03d}") for n in range(500)],
    "500 callers of one": [(f"n{n:03d}", "hub") for n in range(500)],
    "500 in a row": [(f"n{n:03d}", f"n{n + 1:03d}") for n in range(500)],
    "500 in a circle": [(f"n{n:03d}", f"n{(n + 1) % 500:03d}") for n in range(500)],
    "a row with short cuts": sorted(
        {(f"n{n:03d}", f"n{n + 1:03d}") for n in range(499)}
        | {(f"n{a:03d}", f"n{b:03d}") for a in range(0, 500, 3) for b in range(a + 2, 500, 83)}
    ),
    "everybody calls everybody": [(f"n{a:02d}", f"n{b:02d}") for a in range(40) for b in range(40)],
    "250 pairs": [(f"a{n:03d}", f"b{n:03d}") for n in range(250)],
}


@pytest.mark.parametrize("name", LARGE)
def test_500_nodes_are_laid_out_in_bounded_time(name):
    links = LARGE[name]

    def draw():
        forget_shapes()
        return laid_out(links)

    assert_sound(within(1.0, draw), links)


def test_long_links_of_a_large_map_are_bundled():
    links = random_system()
    drawn = laid_out(links)
    assert_clear(drawn)
    passing = {point for route in drawn.routes.values() for point in route.points[1:-1]}
    assert len(passing) < sum(len(route.points) - 2 for route in drawn.routes.values()) / 2
