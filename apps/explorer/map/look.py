"""How a node and an edge look: words, classes and widths from figures, before anything has a place."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from apps.explorer.change import format_ns, format_rate, times_text
from apps.explorer.map.form import CHANGE, ERRORS, LATENCY
from apps.explorer.map.text import cut_to, figures_px, name_px
from apps.explorer.templatetags.look import hue_class
from apps.explorer.trace.values import visible
from apps.insights.figures import Figures
from apps.insights.map_change import (
    BACK_EDGE,
    FASTER_EDGE,
    FEWER_CALLS,
    FEWER_ERRORS,
    GONE_EDGE,
    MORE_CALLS,
    MORE_ERRORS,
    NEW_EDGE,
    SLOWER_EDGE,
)
from apps.insights.map_graph import NODE_KINDS
from apps.insights.service_map import MapEdge, MapNode
from apps.traces.durations import NBSP, format_percent
from apps.traces.peers import Node

MIN_WIDTH, MAX_WIDTH, WIDTH_STEP, HEIGHT = 88, 208, 8, 44.0
HUE_PX, ICON_PX, USER_PX = 25.0, 35.0, 24.0
"""Beside a name: its hue or icon and the margins; around the round node's text."""
KIND_ICONS = {"database": "db", "cache": "cache", "queue": "queue", "external": "out"}
KIND_CLASSES = {"database": "store", "cache": "store", "queue": "store", "external": "ext", "user": "user"}
KIND_WORDS = {kind: kind for kind in NODE_KINDS} | {"user": ""}
MARKED_ERRORS = 0.001
"""Shares of failed calls from which an edge is red when errors are shown."""
HEAT_NS = (50_000_000, 200_000_000, 1_000_000_000)
"""Steps of the p95 when latency is shown."""
HEAT_WORDS = ("below 50 ms", "50 to 200 ms", "200 ms to 1 s", "1 s and more")
UNIT_WIDTH = 1.1
UP, DOWN, DIAMOND = "▲", "▼", "◆"
TONES = (
    ("gone", {GONE_EDGE}), ("new", {NEW_EDGE, BACK_EDGE}), ("slow", {SLOWER_EDGE, MORE_CALLS}), ("", {MORE_ERRORS}),
    ("good", {FASTER_EDGE, FEWER_ERRORS, FEWER_CALLS}),
)  # fmt: skip
"""In the order in which they win."""


class NodeLook(NamedTuple):
    node: Node
    name: str
    """Cut to fit."""
    figures: str
    width: float
    classes: str
    hue: str
    icon: str
    is_slower: bool
    has_errors: bool
    title: str


class EdgeLook(NamedTuple):
    edge: MapEdge
    tone: str
    """"", slow, good, new, gone, or h0 to h3 when latency is shown."""
    has_errors: bool
    width: float
    label: str
    label_tone: str
    title: str


@lru_cache(maxsize=8_192)
def shown_name(node: Node) -> str:
    """As people call it, whole; what strangers wrote is made visible."""
    if node.kind == "user":
        return "users"
    name = node.name
    if node.kind == "queue":
        name = name.partition(":")[2] or name
    return visible(name) or "(no name)"


def node_look(found: MapNode, minutes: float, hues: dict[str, int], marked: str) -> NodeLook:
    node = found.node
    icon = KIND_ICONS.get(node.kind, "")
    head_px = ICON_PX if icon else HUE_PX
    name = cut_to(shown_name(node), MAX_WIDTH - head_px)
    figures = node_figures(found, minutes)
    is_slower = marked == CHANGE and SLOWER_EDGE in found.words
    has_errors = _has_errors(found, marked)
    if node.kind == "user":
        width = USER_PX + max(name_px(name), figures_px(figures))
    else:
        marks = f" {UP}" * is_slower + f" {DIAMOND}" * has_errors
        wide = max(head_px + name_px(name), HUE_PX + figures_px(figures + marks))
        width = min(MAX_WIDTH, max(MIN_WIDTH, WIDTH_STEP * math.ceil(wide / WIDTH_STEP)))
    return NodeLook(
        node=node,
        name=name,
        figures=figures,
        width=float(width),
        classes=KIND_CLASSES.get(node.kind, ""),
        hue=hue_class(hues.get(node.name)) if node.kind == "service" else "",
        icon=icon,
        is_slower=is_slower,
        has_errors=has_errors,
        title=_node_title(found, figures),
    )


def _has_errors(found: MapNode, marked: str) -> bool:
    if marked == CHANGE:
        return MORE_ERRORS in found.words
    return marked == ERRORS and found.now.error_share >= MARKED_ERRORS


def node_figures(found: MapNode, minutes: float) -> str:
    """`33 · 1.94 s`: calls a minute · p95."""
    rate = format_rate(found.now.calls / minutes)
    p95 = found.now.p(0.95)
    if found.node.kind == "user" or p95 is None:
        return rate
    waits = f"waits{NBSP}" if found.node.kind == "queue" else ""
    return f"{rate} · {waits}{format_ns(p95)}"


def _node_title(found: MapNode, figures: str) -> str:
    kind = KIND_WORDS[found.node.kind]
    failed = f", {format_percent(found.now.error_share)} failed" if found.now.errors else ""
    return f"{shown_name(found.node)}{f' ({kind})' if kind else ''}: {figures}{failed}"


def edge_look(edge: MapEdge, minutes: float, marked: str) -> EdgeLook:
    tone, label, label_tone, has_errors = "", "", "", False
    if marked == CHANGE:
        tone, has_errors = change_tone(edge), MORE_ERRORS in edge.words
        label, label_tone = change_label(edge)
    elif marked == LATENCY:
        tone, label = _heat(edge.now)
    else:
        has_errors = edge.now.error_share >= MARKED_ERRORS
        label = f"{DIAMOND}{NBSP}{format_percent(edge.now.error_share)}" if has_errors else ""
        label_tone = "err" if has_errors else ""
    if not edge.now.samples and edge.is_held:
        tone = "gone"
    rate = (edge.now if edge.now.samples else edge.before).calls / minutes
    return EdgeLook(edge, tone, has_errors, edge_width(rate), label, label_tone, edge_title(edge, minutes))


def edge_width(calls_a_minute: float) -> float:
    return max(1.0, round(UNIT_WIDTH * math.log10(calls_a_minute), 1)) if calls_a_minute > 0 else 1.0


def change_tone(edge: MapEdge) -> str:
    words = {*edge.words}
    return next((tone for tone, told in TONES if words & told), "") if words else ""


def change_label(edge: MapEdge) -> tuple[str, str]:
    """(the most telling change in a few signs, its tone), ("", "") for none."""
    for word in edge.words:
        if told := told_change(edge, word):
            return told
    return "", ""


def told_change(edge: MapEdge, word: str) -> tuple[str, str] | None:
    """A change as it stands on the map and in lists: (text, tone)."""
    if word in (NEW_EDGE, BACK_EDGE, GONE_EDGE):
        return word, "gone" if word == GONE_EDGE else "new"
    change = edge.change
    if word == SLOWER_EDGE:
        return f"{UP}{NBSP}{times_text(change.latency)}", "slow"
    if word == MORE_ERRORS:
        return f"{DIAMOND}{NBSP}{format_percent(edge.now.error_share)}", "err"
    if word == MORE_CALLS:
        return f"{UP}{NBSP}{times_text(change.fan)} calls", "slow"
    if word == FASTER_EDGE:
        return f"{DOWN}{NBSP}{format_percent(1 - change.latency.factor)}", "good"
    if word == FEWER_ERRORS:
        return f"{DOWN}{NBSP}errors", "good"
    if word == FEWER_CALLS:
        return f"{DOWN}{NBSP}{format_percent(1 - change.fan.factor)} calls", "good"
    return None


def edge_title(edge: MapEdge, minutes: float) -> str:
    now, ends = edge.now, f"{shown_name(edge.caller)} → {shown_name(edge.callee)}"
    if not now.samples:
        return f"{ends}: no calls {'now' if edge.is_held else 'digested yet'}"
    p95 = now.p(0.95)
    timed = f", p95 {format_ns(p95)}" if p95 is not None else ""
    failed = f", {format_percent(now.error_share)} failed" if now.errors else ""
    told = [f", {change[0]}" for word in edge.words if (change := told_change(edge, word))]
    return f"{ends}: {format_rate(now.calls / minutes)} calls a minute{timed}{failed}{''.join(told)}"


def _heat(now: Figures) -> tuple[str, str]:
    p95 = now.p(0.95)
    if p95 is None:
        return "", ""
    step = sum(p95 >= bound for bound in HEAT_NS)
    return f"h{step}", format_ns(p95) if step == len(HEAT_NS) else ""
