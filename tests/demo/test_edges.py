"""The edges that are derived from the shop's spans are the ones it declares."""

from collections import Counter

from apps.demo.catalogue import EXTERNALS, QUEUES, SERVICES, STORES
from apps.demo.topology import EDGES, USERS
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.work import KINDS_OF_WORK, NOT_BROKEN_DOWN, by_kind_of_work

KINDS = {
    "http": "call", "rpc": "call", "db": "database", "cache": "database", "search": "database",
    "external": "external", "publish": "messaging", "consume": "messaging",
}  # fmt: skip


def declared_name(node) -> str:
    """The catalogue's name for a place on the map."""
    if node.kind in ("database", "cache"):
        fitting = [
            store.name for store in STORES.values()
            if node.name in (f"{store.system} · {store.namespace}", f"{store.system} · {store.host}")
        ]  # fmt: skip
        return fitting[0] if len(fitting) == 1 else node.name
    if node.kind == "queue":
        return node.name.partition(":")[2]
    return USERS if node.kind == "user" else node.name


def test_the_edges_of_two_hours_are_the_declared_topology(day_families):
    seen = Counter()
    for family in day_families:
        for edge in edges_of(family).edges:
            seen[declared_name(edge.caller), declared_name(edge.callee), edge.kind] += 1
    declared = {(edge.source, edge.target, KINDS[edge.kind]) for edge in EDGES}
    assert set(seen) == declared
    assert {*SERVICES, *QUEUES, *EXTERNALS} <= {end for edge in seen for end in edge[:2]}


def test_the_time_waited_for_in_the_shop_is_divided_among_all_kinds_of_work(day_families):
    sums = Counter()
    for family in day_families:
        found = contributions_of(family)
        assert sum(found.own_ns) == found.waited_ns
        for part in by_kind_of_work(found):
            sums[part.kind_of_work] += part.own_ns
    assert {kind for kind, own in sums.items() if own} >= {*KINDS_OF_WORK} - {NOT_BROKEN_DOWN}
    assert sums[NOT_BROKEN_DOWN] < sum(sums.values()) / 50
