"""What a service that is bad right now calls that is bad too: the next question of whoever reads of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from apps.insights.bad_shares import Share, chance_of, shares_of
from apps.insights.change import MORE
from apps.insights.figures import NO_FIGURES
from apps.insights.map_change import Sides, fan_change
from apps.insights.map_graph import links_of
from apps.insights.period import Recent
from apps.insights.queries import edges, traffic_of
from apps.insights.window import Window
from apps.store.at_once import at_once
from apps.traces.peers import Node


@dataclass(frozen=True, slots=True)
class BadCalls:
    callee: Node
    share: Share | None
    """Those that fail, or else those that are slow."""
    times: float | None
    """So many times as many for each call of the service as before, where that is twice or more."""


def bad_calls(
    workspace_id: int, name: str, before: Window, parts: tuple[Recent, Recent], besides: Collection[str]
) -> tuple[BadCalls, ...]:  # fmt: skip
    """Those that fail first, then the slow ones, then those of which there are more; the busiest first of each.
    `parts`: the newest minute, in which it may be over, and the last ones that are looked at. Calls of the services in
    `besides` are left out. Raises StoreUnavailable."""
    newest, last = parts
    around = partial(edges, workspace_id, service=name)
    asked = partial(traffic_of, workspace_id, edges=(), services=[name])
    edges_before, edges_now, edges_newest, was, is_now = at_once(
        partial(around, before), partial(around, last.window), partial(around, newest.window), partial(asked, before),
        partial(asked, last.window),
    )  # fmt: skip
    links_before, links_now, links_newest = (
        links_of(found, [name]) for found in (edges_before, edges_now, edges_newest)
    )
    called = {
        ends: link.figures for ends, link in links_now.items()
        if ends.caller == Node("service", name) and not (ends.callee.kind == "service" and ends.callee.name in besides)
    }  # fmt: skip
    chance, found = chance_of(len(called)), []
    for ends, figures in called.items():
        known = links_before[ends].figures if ends in links_before else NO_FIGURES
        lately = links_newest[ends].figures if ends in links_newest else NO_FIGURES
        shares = shares_of(known, [(newest, lately), (last, figures)], chance)
        callers = (side.services.get(name, NO_FIGURES) for side in (was, is_now))
        fan = fan_change(Sides(known, figures, *callers))
        times = fan.after / fan.before if fan.word == MORE else None
        if shares or times:
            found.append((figures, BadCalls(ends.callee, shares[0] if shares else None, times)))
    found.sort(key=lambda one: (_rank(one[1]), -one[0].weight, one[1].callee))
    return tuple(one for _, one in found)


def _rank(one: BadCalls) -> int:
    if one.share is None:
        return 2
    return 0 if one.share.over_ns is None else 1
