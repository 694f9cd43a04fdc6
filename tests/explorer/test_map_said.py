"""What a map says first."""

from dataclasses import replace

from apps.explorer.map.heading import leading, map_said
from apps.explorer.map.said import edge_said
from apps.insights.change import FASTER, MORE, SLOWER, Change
from apps.insights.figures import NO_FIGURES, Figures
from apps.insights.lasting import Endings, Place
from apps.insights.lately import Lately
from apps.insights.map_change import (
    FASTER_EDGE,
    FIRST,
    GONE_EDGE,
    MORE_CALLS,
    MORE_ERRORS,
    NEW_EDGE,
    SLOWER_EDGE,
    EdgeChange,
    Sides,
    edge_words,
)
from apps.insights.seen import Held
from apps.insights.service_map import MapEdge, MapNode, ServiceMap
from apps.traces.histogram import Histogram
from apps.traces.peers import Node
from apps.traces.sampling import CALL
from apps.traces.why.ending import GOES_ON, OVER
from apps.traces.why.words import STRONG, text_of

SHOP = Node("service", "shop")
SECOND, LATELY = 10**9, 10 * 60 * 10**9
LONGER, SHORTER = Change(SLOWER, 0.1 * SECOND, SECOND, 100), Change(FASTER, SECOND, 0.1 * SECOND, 100)


def calls(count: int) -> Figures:
    return Figures(count * CALL, 0, count, 0, 0)


def lasting(seconds: float) -> Figures:
    return calls(100)._replace(histogram=Histogram.of([round(seconds * SECOND)] * 100))


def fanned(callee: str, callers: int, before: int, now: int) -> MapEdge:
    """`before` and `now`: calls for each of the caller's."""
    sides = Sides(calls(callers * before), calls(callers * now), calls(callers), calls(callers))
    change = EdgeChange(sides, ALL, 60.0)
    return MapEdge(SHOP, Node("service", callee), "call", sides.now, sides.before, (MORE_CALLS,), change, ())


def changed(callee: str, *words: str, count: int = 100, latency: Change = LONGER) -> MapEdge:
    change = EdgeChange(Sides(calls(count), calls(count)), ALL, 60.0)
    change.latency, change.errors = latency, Change(MORE, 0.01, 0.1, 100)  # as if they had been asked for
    return MapEdge(SHOP, Node("service", callee), "call", calls(count), calls(count), words, change, ())


ALL = Held(is_whole=True, minutes=60.0)


def map_of(*edges: MapEdge, node_words: dict[str, tuple[str, ...]] | None = None) -> ServiceMap:
    nodes = {
        node: MapNode(node, lasting(1), lasting(0.1), (node_words or {}).get(node.name, ()))
        for node in (SHOP, *(edge.callee for edge in edges))
    }
    return ServiceMap(nodes, {edge.ends: edge for edge in edges}, has_before=True, held=ALL)


def heading(found: ServiceMap, endings: dict[Place, str]):
    return map_said(found, "the hour before", lately(endings))


def lately(endings: dict[Place, str]) -> Endings:
    return {place: Lately(word, LATELY) for place, word in endings.items() if word}


def told(found: ServiceMap, **endings: str) -> str:
    """`endings`: of what got slower, by who is called."""
    by_ends = {(edge.ends, SLOWER_EDGE): endings.get(edge.callee.name, "") for edge in found.changed}
    return text_of(heading(found, by_ends)).replace("\u00a0", " ")


def test_of_callers_that_make_more_calls_the_one_is_named_that_makes_the_most_more():
    edges = [fanned("stock", 1_000, 1, 3), fanned("prices", 100, 10, 20)]
    assert told(map_of(*edges)).startswith("shop → stock makes more calls per request: ")


def test_what_goes_on_is_told_before_what_cost_more_and_is_over():
    large, small = changed("payment", SLOWER_EDGE, count=1_000), changed("stock", SLOWER_EDGE)
    found = map_of(large, small)
    assert told(found).startswith("shop → payment got slower: p95 1.00 s instead of 100 ms in the hour before. 1 more")
    said = told(found, payment=OVER, stock=GOES_ON)
    assert said.startswith(
        "shop → stock got slower: p95 1.00 s instead of 100 ms in the hour before. It was still so in the"
    )
    assert said.endswith(" 1 was slower for a while.")
    endings = {(large.ends, SLOWER_EDGE): OVER, (small.ends, SLOWER_EDGE): GOES_ON}
    assert [edge.callee.name for edge in leading(found, lately(endings))] == ["stock", "payment"]
    assert [edge.callee.name for edge in leading(found, {})] == ["payment", "stock"]


def test_of_a_way_the_far_end_is_told_also_where_it_is_unsure_of_its_middle():
    def between(caller: str, callee: str, count: int) -> MapEdge:
        return changed(callee, SLOWER_EDGE, count=count)._replace(caller=Node("service", caller))

    edges = between("users", "gateway", 1_000), between("gateway", "checkout", 100), between("checkout", "payment", 90)
    nodes = {node: MapNode(node, lasting(1), lasting(0.1), ()) for edge in edges for node in edge.ends}
    found = ServiceMap(nodes, {edge.ends: edge for edge in edges}, has_before=True, held=ALL)
    assert told(found, gateway=GOES_ON, payment=GOES_ON).startswith("checkout → payment got slower: ")
    assert told(found, gateway=GOES_ON, payment=OVER).startswith("users → gateway got slower: ")
    aside = between("users", "search", 5)
    nodes |= {node: MapNode(node, lasting(1), lasting(0.1), ()) for node in aside.ends}
    found = ServiceMap(nodes, {edge.ends: edge for edge in (*edges, aside)}, has_before=True, held=ALL)
    assert told(found, gateway=GOES_ON, search=GOES_ON, payment=OVER).startswith("users → gateway got slower: ")


def test_what_may_go_on_is_told_before_what_is_over_and_after_what_does():
    edges = changed("payment", SLOWER_EDGE), changed("stock", SLOWER_EDGE), changed("prices", SLOWER_EDGE)
    found = map_of(*edges)
    assert told(found, payment=OVER).startswith(("shop → stock", "shop → prices"))
    assert told(found, payment=OVER, prices=GOES_ON).startswith("shop → prices got slower: ")


def test_errors_that_go_on_are_told_before_a_slowness_that_is_over():
    slow, failing = changed("payment", SLOWER_EDGE), changed("stock", MORE_ERRORS)
    endings = {(slow.ends, SLOWER_EDGE): OVER, (failing.ends, MORE_ERRORS): GOES_ON}
    words = heading(map_of(slow, failing), endings)
    assert text_of(words).startswith("shop → stock has more errors: 10\u00a0% instead of 1\u00a0% in the hour before.")
    assert told(map_of(slow, failing)).startswith("shop → payment got slower: ")


def test_where_all_is_over_that_is_said_and_is_no_alarm():
    slow, gone = changed("payment", SLOWER_EDGE), changed("stock", GONE_EDGE)
    said = heading(map_of(slow, gone), {(slow.ends, SLOWER_EDGE): OVER})
    first = "shop → payment was slower, and that is over: p95 1.00 s instead of 100 ms in the hour before."
    assert text_of(said).replace("\u00a0", " ") == f"{first} In the last 10 minutes it is as before. 1 is gone."
    assert STRONG not in [word.role for word in said]
    assert STRONG in [word.role for word in heading(map_of(slow), {})]


def test_what_got_worse_is_told_before_what_got_better():
    slow, quick = changed("payment", SLOWER_EDGE), changed("stock", FASTER_EDGE, count=9_000, latency=SHORTER)
    assert told(map_of(slow, quick)).startswith("shop → payment got slower: ")
    assert told(map_of(quick)).startswith("shop → stock got faster: p95 100 ms instead of 1.00 s in the hour before.")


def test_a_node_that_got_worse_over_all_its_callers_is_told_before_an_edge_that_got_better():
    quick, other = changed("stock", FASTER_EDGE, latency=SHORTER), changed("payment")
    slower = {"payment": (SLOWER_EDGE,)}
    said = told(map_of(quick, other, node_words=slower))
    assert said.startswith("payment got slower over all its callers: ") and " Of the edges 1 got faster." in said
    alone = told(map_of(other, node_words=slower))
    assert alone.startswith("payment got slower over all its callers: ") and " No edge changed against" in alone
    assert told(map_of(other)).startswith("Nothing changed against the hour before.")
    slow = changed("stock", SLOWER_EDGE)
    assert told(map_of(slow, other, node_words=slower)).startswith("shop → stock got slower: ")


def test_a_node_that_goes_on_is_told_before_an_edge_that_may_be_over():
    slow, other = changed("stock", SLOWER_EDGE), changed("payment")
    found = map_of(slow, other, node_words={"payment": (SLOWER_EDGE,)})

    def first(edge: str, node: str) -> str:
        endings = {(slow.ends, SLOWER_EDGE): edge, (other.callee, SLOWER_EDGE): node}
        return text_of(heading(found, endings)).replace("\u00a0", " ")

    goes_on = first("", GOES_ON)
    assert goes_on.startswith(
        "payment got slower over all its callers: p95 1.02 s instead of 103 ms. It was still so in the"
    )
    assert goes_on.endswith(" Of the edges 1 got slower. The other 1 is as before.")
    assert first(GOES_ON, GOES_ON).startswith("shop → stock got slower: ")
    over = first("", OVER)
    assert over.startswith("shop → stock got slower: ")
    assert " payment was slower over all its callers, and that is over: p95 1.02 s instead of 103 ms. In the" in over


def test_a_service_that_goes_on_is_told_though_a_caller_is_gone_or_its_edge_is_over():
    edge, gone = changed("payment", SLOWER_EDGE), changed("payment", GONE_EDGE)
    service = {"payment": (SLOWER_EDGE,)}

    def first(edge: MapEdge, ending: str) -> str:
        endings = {(edge.ends, SLOWER_EDGE): ending, (edge.callee, SLOWER_EDGE): GOES_ON}
        return text_of(heading(map_of(edge, node_words=service), endings))

    assert first(gone, "").startswith("payment got slower over all its callers: ")
    assert first(edge, OVER).startswith("payment got slower over all its callers: ")
    assert "over all its callers" not in first(edge, GOES_ON)


def test_an_edge_of_which_little_came_of_late_is_as_the_service_it_leads_to():
    near, far = changed("gateway", SLOWER_EDGE), changed("payment", SLOWER_EDGE)
    far = far._replace(caller=near.callee)
    endings = {(near.ends, SLOWER_EDGE): GOES_ON, (far.callee, SLOWER_EDGE): GOES_ON}
    found = map_of(near, far, node_words={"payment": (SLOWER_EDGE,)})
    said = text_of(heading(found, endings))
    assert (
        said.startswith("gateway → payment got slower: ")
        and " It was still so in the last 10\u00a0minutes. 1 more" in said
    )
    assert "over all its callers" not in said
    endings[far.callee, SLOWER_EDGE] = OVER  # which says nothing of an edge that is unsure
    assert text_of(heading(found, endings)).startswith("shop → gateway got slower: ")
    assert "that is over: " not in text_of(heading(map_of(far), endings))
    del endings[far.callee, SLOWER_EDGE]
    assert text_of(heading(found, endings)).startswith("shop → gateway got slower: ")


def test_nodes_whose_trouble_is_over_are_told_in_the_past_and_counted_apart():
    edges = [changed(name) for name in ("payment", "stock", "cart")]
    worse = dict.fromkeys(("payment", "stock", "cart"), (SLOWER_EDGE,))
    over = {(edge.callee, SLOWER_EDGE): OVER for edge in edges}
    said = text_of(heading(map_of(*edges, node_words=worse), over))
    assert " was slower over all its callers, and that is over: " in said and " 2 more were worse for a while." in said
    over[edges[0].callee, SLOWER_EDGE] = GOES_ON
    said = text_of(heading(map_of(*edges, node_words=worse), over))
    assert said.startswith("payment got slower over all its callers: ") and " 2 were worse for a while." in said


def test_a_queue_whose_messages_are_told_to_wait_longer_is_not_told_again():
    queue, taker = Node("queue", "kafka:orders"), Node("service", "notifier")
    taken = changed("x", SLOWER_EDGE)._replace(caller=queue, callee=taker, kind="queue")
    put = changed("x")._replace(callee=queue, kind="queue")
    figures = lasting(1), lasting(0.1)
    nodes = {node: MapNode(node, *figures, (SLOWER_EDGE,) * (node == queue)) for node in (SHOP, queue, taker)}
    said = told(ServiceMap(nodes, {edge.ends: edge for edge in (taken, put)}, has_before=True, held=ALL))
    assert said.startswith("orders → notifier got slower: ") and "over all its callers" not in said


def test_an_edge_is_new_only_where_all_that_came_before_is_known():
    sides = Sides(NO_FIGURES, calls(500), calls(500), calls(500))
    assert edge_words(sides, ALL, is_old=False) == (NEW_EDGE,)
    held = Held(is_whole=False, minutes=30.0)
    assert edge_words(sides, held, is_old=False) == (FIRST,)
    change = EdgeChange(sides, held, 60.0)
    edge = MapEdge(SHOP, Node("service", "stock"), "call", sides.now, sides.before, (FIRST,), change, ())
    assert told(map_of(edge)) == "Nothing changed against the hour before. 1 has nothing to compare with yet."
    in_part = replace(map_of(edge), held=ALL._replace(reaches_end=False))
    assert told(in_part).startswith(
        "Nothing changed against the hour before so far; part of this time is still to be read."
    )
    nothing = "There is nothing to compare with yet: spans came for a part of the hour before only."
    assert edge_said(edge, "the hour before", True, Held(is_whole=False, minutes=30.0)) == (nothing,)
    waits = ("There is nothing to compare with yet: the hour before is still being digested.",)
    assert edge_said(edge, "the hour before", True, Held(False, 30.0, is_digested=False)) == waits
    late = replace(map_of(edge), held=ALL._replace(is_digested=False))
    assert told(late).startswith("Nothing changed against the hour before so far; part of that is still to be read.")
