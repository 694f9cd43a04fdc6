"""From the query string to what the map shows: the period, what is marked, the focus, what is selected."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms

from apps.explorer.period import PeriodForm, choice_field
from apps.insights.map_graph import Ends, node_id, node_of
from apps.traces.peers import Node

PATH = "/map"
CHANGE, LATENCY, ERRORS = MARKS = ("change", "latency", "errors")
MARK_WORDS = {CHANGE: "What changed", LATENCY: "Latency", ERRORS: "Errors"}
DEPTHS = {"1": 1, "2": 2, "3": 3, "all": 10_000}
FIT, FULL = ZOOMS = ("fit", "full")
TABLE = "table"
VIEWS = ("map", TABLE)
MAX_NAME = 16_384


def _name() -> forms.CharField:
    return forms.CharField(required=False, max_length=MAX_NAME, strip=False)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is looked at closely: an edge, a node, or neither."""

    ends: Ends | None = None
    node: Node | None = None


class MapForm(PeriodForm):
    """`MapForm(request.GET, now_ns=…, zone=…)`. Nodes stand in addresses as `service:payment`; a bare name is a
    service's."""

    mark = choice_field(MARKS)
    focus = _name()
    depth = choice_field(DEPTHS)
    find = forms.CharField(required=False, max_length=200)
    caller = _name()
    callee = _name()
    node = _name()
    zoom = choice_field(ZOOMS)
    view = choice_field(VIEWS)

    def said(self, name: str) -> str:
        """What was given for a field, "" when it cannot be used."""
        return self.cleaned_data.get(name) or ""

    @property
    def marked(self) -> str:
        return self.said("mark") or CHANGE

    @property
    def focus_on(self) -> Node | None:
        return node_of(self.said("focus"))

    @property
    def focus_id(self) -> str:
        return node_id(self.focus_on) if self.focus_on else ""

    @property
    def depth_name(self) -> str:
        return self.said("depth") or "1"

    @property
    def chosen(self) -> Chosen:
        caller, callee = node_of(self.said("caller")), node_of(self.said("callee"))
        if caller and callee:
            return Chosen(ends=Ends(caller, callee))
        return Chosen(node=node_of(self.said("node")))

    @property
    def is_table(self) -> bool:
        return self.said("view") == TABLE

    def here(self, **changes: str | None) -> str:
        return self.link(PATH, **changes)
