"""Traces to look at for an edge or a node: the slowest spans that the rollups remember, and the search for all."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from apps.explorer.change import format_ns
from apps.explorer.period import PeriodForm
from apps.explorer.search.pasted import trace_address
from apps.insights.figures import Figures
from apps.insights.map_graph import Ends, service_behind
from apps.insights.queries import NameKey, span_names
from apps.traces.moments import clock_text
from apps.traces.peers import Node

MOST = 5
ENTRY_KINDS = ("SERVER", "CONSUMER")
CALLER_KINDS = ("CLIENT", "PRODUCER", "INTERNAL")


@dataclass(frozen=True, slots=True)
class ExampleRow:
    href: str
    trace_id: str
    duration: str
    when: str
    name: str


@dataclass(frozen=True, slots=True)
class Examples:
    rows: tuple[ExampleRow, ...]
    what: str
    """Whose spans they are: `Slowest calls of payment`."""
    search: str
    """The address of the search that finds these spans, "" where no search can."""
    search_words: str


def edge_examples(workspace_id: int, ends: Ends, form: PeriodForm) -> Examples:
    """Of the caller's spans that name the callee; where none does, of the spans by which the callee was entered."""
    caller, callee = ends
    window = form.period.window
    if caller.kind == "service":
        own = span_names(workspace_id, window, service=caller.name)
        found = {key: figures for key, figures in own.items() if _calls(key, callee)}
        if found:
            return _examples(found, caller, f"Slowest of these calls, as {caller.name} saw them", form)
    if callee.kind == "service":
        return node_examples(workspace_id, callee, form, is_from_queue=caller.kind == "queue")
    return Examples((), "", "", "")


def node_examples(workspace_id: int, node: Node, form: PeriodForm, *, is_from_queue: bool = False) -> Examples:
    """Of a service's own entry spans; there are none of other nodes, which send no spans."""
    if node.kind != "service":
        return Examples((), "", "", "")
    kinds = ENTRY_KINDS[1:] if is_from_queue else ENTRY_KINDS
    own = span_names(workspace_id, form.period.window, service=node.name)
    found = {key: figures for key, figures in own.items() if key.kind in kinds} or dict(own)
    return _examples(found, node, f"Slowest spans of {node.name}", form)


def _calls(key: NameKey, callee: Node) -> bool:
    """Whether spans of this name call the node; one known by its own spans may be called by its host's name."""
    if key.kind not in CALLER_KINDS:
        return False
    if (key.peer_kind, key.peer) == callee:
        return True
    is_outside = callee.kind == "service" and key.peer_kind == "external"
    return is_outside and service_behind(key.peer, {callee.name}) is not None


def _examples(found: dict[NameKey, Figures], of: Node, what: str, form: PeriodForm) -> Examples:
    slowest = sorted(
        ((example, key) for key, figures in found.items() for example in figures.examples), reverse=True
    )[:MOST]  # fmt: skip
    now_ns, zone = form.now_ns, form.zone
    rows = tuple(
        ExampleRow(
            href=trace_address(example.trace_id, example.span_id, ""),
            trace_id=example.trace_id,
            duration=format_ns(example.duration_ns),
            when=clock_text(example.start_ns, now_ns, zone) if example.start_ns else "",
            name=key.span_name,
        )
        for example, key in slowest
    )
    names, kinds = {key.span_name for key in found}, {key.kind for key in found}
    asked = {"service": of.name}
    if len(names) == 1:
        asked["name"] = names.pop()
    if len(kinds) == 1:
        asked["kind"] = kinds.pop()
    words = f"All traces with {'this span name' if 'name' in asked else f'spans of {of.name}'}"
    return Examples(rows, what, "/?" + urlencode(asked | form.fixed_params()), words)
