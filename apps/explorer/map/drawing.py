"""The map as SVG: plain server output without a style attribute, every node and edge a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from urllib.parse import quote_plus

from django.utils.safestring import SafeString, mark_safe

from apps.explorer.map.form import Chosen
from apps.explorer.map.labels import Label, place_labels
from apps.explorer.map.layout import Box, Layout, Route, lay_out
from apps.explorer.map.look import HEIGHT, EdgeLook, NodeLook
from apps.explorer.map.overview import fits, is_small, overview_names
from apps.insights.map_graph import Ends, node_id
from apps.traces.peers import Node

MARGIN = 24.0
TIP_PX = 6.0
LOOP_PX = 15.0
HIT_BELOW = 400
"""On a map with more edges than that, the wide invisible line that a pointer hits is left out."""


@dataclass(frozen=True, slots=True)
class Drawing:
    svg: SafeString
    """What stands inside of the svg element."""
    width: int
    height: int
    fits: bool
    """Into a page, readable."""
    is_small: bool
    """It is far wider than a page: fitted in, its text cannot be read."""


def drawing(
    nodes: Mapping[Node, NodeLook], edges: Mapping[Ends, EdgeLook], chosen: Chosen, prefix: str, found: frozenset[Node],
    is_fitted: bool,
) -> Drawing:  # fmt: skip
    """`prefix`: the query string that every link begins with; `found`: nodes to point out."""
    layout = lay_out({node: (look.width, HEIGHT) for node, look in nodes.items()}, edges)
    ids = {node: quote_plus(node_id(node)) for node in nodes}  # safe in HTML too
    prefix = escape(prefix)
    parts = [
        _edge(look, layout.routes[ends], f"{prefix}caller={ids[ends.caller]}&amp;callee={ids[ends.callee]}",
              ends == chosen.ends, len(edges) <= HIT_BELOW)
        for ends, look in _in_order(edges, chosen)
    ]  # fmt: skip
    on = {chosen.node} if chosen.node else {*(chosen.ends or ())}
    parts += [
        _node(look, layout.boxes[node], f"{prefix}node={ids[node]}", node in on, node in found)
        for node, look in _by_place(nodes, layout)
    ]
    parts += [_label(label) for label in place_labels(edges, layout)]
    small = is_small(layout)
    if small and is_fitted:
        parts += overview_names(nodes, edges, layout)
    return Drawing(mark_safe("".join(parts)), *_size(layout), fits(layout), small)


def view_box(drawn: Drawing) -> str:
    return f"{-MARGIN:.0f} {-MARGIN:.0f} {drawn.width} {drawn.height}"


def _size(layout: Layout) -> tuple[int, int]:
    return round(layout.width + 2 * MARGIN), round(layout.height + 2 * MARGIN)


def _in_order(edges: Mapping[Ends, EdgeLook], chosen: Chosen) -> list[tuple[Ends, EdgeLook]]:
    """What has a colour lies above what has none, what is chosen above all."""
    return sorted(edges.items(), key=lambda kept: (kept[0] == chosen.ends, bool(kept[1].tone or kept[1].has_errors)))


def _by_place(nodes: Mapping[Node, NodeLook], layout: Layout) -> list[tuple[Node, NodeLook]]:
    """Column by column, from the top: as the Tab key goes."""
    return sorted(nodes.items(), key=lambda kept: layout.boxes[kept[0]])


def _edge(look: EdgeLook, route: Route, href: str, is_on: bool, has_hit: bool) -> str:
    line, tip = _line(route), _tip(route, look.width)
    classes = " ".join(filter(None, ("e", look.tone, "err" if look.has_errors else "", "on" if is_on else "")))
    parts = [f'<a class="{classes}" href="{href}" tabindex="-1"><title>{escape(look.title)}</title>']
    if has_hit or is_on:
        parts.append(f'<path class="hit" d="{line}"/>')
    parts.append(f'<path class="edge" d="{line}" stroke-width="{look.width:g}"/>')
    if look.has_errors:
        parts.append(f'<path class="edge-err" d="{line}"/>')
    return "".join((*parts, f'<path class="tip-end" d="{tip}"/></a>'))


@lru_cache(maxsize=8_192)
def _line(route: Route) -> str:
    """Curves between columns, straight within; it ends where its tip begins."""
    points = route.points
    if route.is_loop:
        (x1, y), (x2, _) = points
        return f"M{x1:g} {y:g}V{y - LOOP_PX + 6:g}q0-6 6-6H{x2 - 6:g}q6 0 6 6V{y - TIP_PX:g}"
    back = points[0][0] > points[-1][0]
    end = points[-1][0] + (TIP_PX if back else -TIP_PX)
    (x, y), drawn = points[0], []
    drawn.append(f"M{x:g} {y:g}")
    for place in range(1, len(points), 2):
        to_x, to_y = (end, points[place][1]) if place + 1 == len(points) else points[place]
        if place > 1:
            drawn.append(f"H{x:g}")
        middle = round((x + to_x) / 2, 1)
        drawn.append(f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
        if place + 1 < len(points):
            x, y = points[place + 1]
    return "".join(drawn)


def _tip(route: Route, width: float) -> str:
    x, y = route.points[-1]
    long, half = 6.0 + width / 2, 2.9 + width / 2
    if route.is_loop:
        return f"M{x:g} {y:g}l{-half:g}-{long:g}h{2 * half:g}z"
    sign = "" if route.points[0][0] > x else "-"
    return f"M{x:g} {y:g}l{sign}{long:g}-{half:g}v{2 * half:g}z"


def _node(look: NodeLook, box: Box, href: str, is_on: bool, is_found: bool) -> str:
    x, y = box.x + 0.5, box.y + 0.5
    wide, tall = box.width - 1, box.height - 1
    classes = " ".join(filter(None, ("node", look.classes, "on" if is_on else "", "found" if is_found else "")))
    head = f'<a class="{classes}" href="{href}"><title>{escape(look.title)}</title>'
    body = f'<rect class="body" x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="{{}}"/>'
    name, marks = escape(look.name), _marks(look)
    if look.node.kind == "user":
        at = f'text-anchor="middle" x="{box.x + box.width / 2:g}"'
        return (
            f'{head}{body.format("21")}<text class="name" {at} y="{y + 18.5:g}">{name}</text>'
            f'<text {at} y="{y + 34.5:g}">{escape(look.figures)}</text></a>'
        )
    if look.icon:
        badge = f'<use href="#i-{look.icon}" x="{x + 7.5:g}" y="{y + 7.5:g}" width="13" height="13"/>'
        name_x, figures_x = x + 25.5, x + 9.5
    else:
        badge = f'<rect class="hue-bar {look.hue}" x="{x + 5.5:g}" y="{y + 8.5:g}" width="3" height="26" rx="1"/>'
        name_x = figures_x = x + 15.5
    return (
        f'{head}{body.format("6")}{badge}<text class="name" x="{name_x:g}" y="{y + 18.5:g}">{name}</text>'
        f'<text x="{figures_x:g}" y="{y + 34.5:g}">{escape(look.figures)}{marks}</text></a>'
    )


def _marks(look: NodeLook) -> str:
    slower = '<tspan class="slow-t"> ▲</tspan>' if look.is_slower else ""
    return slower + ('<tspan class="err-t"> ◆</tspan>' if look.has_errors else "")


def _label(label: Label) -> str:
    return (
        f'<text class="{label.tone}-t halo" text-anchor="middle" x="{label.x:g}" y="{label.y:g}">'
        f"{escape(label.text)}</text>"
    )
