"""Who took the time that somebody waited: two bars on one scale, this trace's and the usual one's, and their key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.safestring import SafeString, mark_safe

from apps.explorer.templatetags.look import hue_class
from apps.explorer.trace.values import visible
from apps.insights.judged import Judged
from apps.traces.contributions import Contributions
from apps.traces.durations import MINUS, format_duration_ns
from apps.traces.usual import Usual
from apps.traces.verdict.case import Comparison
from apps.traces.verdict.limits import ENOUGH_TRACES
from apps.traces.work import CACHE, DATABASE, EXTERNAL, NETWORK, QUEUE, Part

SHOWN = 9
"""Services with a place of their own; the rest stand together."""
WAITING = (EXTERNAL, DATABASE, CACHE, QUEUE)
WAITING_PCT, LEAST_PCT = 40, 10
"""Waiting for somebody outside is worth a line when it is this much of its service and of the whole."""
SAME_PCT, SAME_OF_WHOLE_PCT = 2, 0.5
"""Less of a change, of the part or of the whole, is none."""


@dataclass(slots=True)
class _Group:
    name: str
    own_ns: int = 0
    usual_ns: int = 0
    unexplained_ns: int = 0
    waits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    name: str
    hue: str
    own: str
    change: str
    tone: str
    """`up`, `down`, `same`, or "" when nothing is known of the usual."""
    waiting: str
    unexplained: str


@dataclass(frozen=True, slots=True)
class Strip:
    """`this` and `usual` are the shapes of the bars."""

    this: SafeString
    usual: SafeString
    whole: str
    usual_whole: str
    """"" without enough to compare with."""
    change: str
    tone: str
    shares: tuple[Share, ...]
    says: str


def strip_of(judged: Judged, hues: dict[str, int]) -> Strip | None:
    """None where nothing was waited for."""
    found, parts, usual = judged.found, judged.parts, judged.usual
    if not found.waited_ns:
        return None
    is_known = usual.traces >= ENOUGH_TRACES
    groups = _cut(_groups(found, parts, usual, is_known))
    usual_ns = sum(group.usual_ns for group in groups)
    scale = max(found.waited_ns, usual_ns, 1)
    change, tone = _change(found.waited_ns, usual.waited_p50_ns) if is_known else ("", "")
    return Strip(
        this=_bar(groups, scale, hues, is_usual=False),
        usual=_bar(groups, scale, hues, is_usual=True) if is_known else mark_safe(""),
        whole=format_duration_ns(found.waited_ns),
        usual_whole=format_duration_ns(usual.waited_p50_ns) if is_known else "",
        change=change,
        tone=tone,
        shares=tuple(_share(group, found.waited_ns, hues, is_known) for group in groups if group.own_ns),
        says=_says(groups, is_known),
    )


def _groups(found: Contributions, parts: Sequence[Part], usual: Usual, is_known: bool) -> list[_Group]:
    """By service, without what lies between services, which stands under its own name at the end."""
    groups: dict[str, _Group] = {}
    network, peers = _Group("network"), _peers(found)
    for part in parts:
        if part.kind_of_work == NETWORK:
            network.own_ns += part.own_ns
            continue
        group = groups.setdefault(part.service, _Group(part.service))
        group.own_ns += part.own_ns
        group.unexplained_ns += part.not_broken_down_ns
        if part.kind_of_work in WAITING:
            peer = peers.get((part.service, part.span_name), "")
            group.waits[peer] = group.waits.get(peer, 0) + part.own_ns
    if is_known:
        _add_usual(groups, network, usual)
    return [*sorted(groups.values(), key=lambda g: (-g.own_ns, -g.usual_ns, g.name)), network]


def _add_usual(groups: dict[str, _Group], network: _Group, usual: Usual) -> None:
    """Medians; of the parts that most traces have, network is taken out of its caller's."""
    compared, between = Comparison(usual), {}
    for (service, _, work), part in usual.parts.items():
        if work == NETWORK and part.traces * 2 > usual.traces:
            between[service] = between.get(service, 0) + part.own_p50_ns
    for service, part in usual.services.items():
        if part.traces * 2 > usual.traces or service in groups:
            known = compared.service(service)
            own = max(0, known.own_p50_ns - between.get(service, 0))
            groups.setdefault(service, _Group(service)).usual_ns = own
    network.usual_ns = sum(between.values())


def _peers(found: Contributions) -> dict[tuple[str, str], str]:
    columns = found.family.columns
    return {
        (columns.service[index], columns.name[index]): call.peer.name
        for index, call in enumerate(columns.call)
        if call is not None and found.own_ns[index]
    }


def _cut(groups: list[_Group]) -> list[_Group]:
    *services, network = [group for group in groups if group.own_ns or group.usual_ns or group is groups[-1]]
    if len(services) > SHOWN:
        rest = services[SHOWN - 1 :]
        together = _Group(f"{len(rest)} more", sum(g.own_ns for g in rest), sum(g.usual_ns for g in rest))
        services = [*services[: SHOWN - 1], together]
    return [*services, network]


def _bar(groups: list[_Group], scale: int, hues: dict[str, int], *, is_usual: bool) -> SafeString:
    """Own and outside time solid, the latter striped; what no span explains hatched on nothing. Only numbers and class
    names of ours go in."""
    shapes, x, height = [], 0.0, 8 if is_usual else 24
    for group in groups:
        own, waits, gap = (group.usual_ns, 0, 0) if is_usual else (
            group.own_ns, min(sum(group.waits.values()), group.own_ns), min(group.unexplained_ns, group.own_ns)
        )  # fmt: skip
        solid = f"solid {hue_class(hues.get(group.name))}"
        for attribute, start, end in (
            (f'class="{solid}"', 0, own - gap), ('fill="url(#wait)"', 0, waits), ('fill="url(#gap)"', own - gap, own),
        ):  # fmt: skip
            if end > start:
                left, width = x + start * 100 / scale, (end - start) * 100 / scale
                shapes.append(f'<rect {attribute} x="{left:.3f}%" width="{width:.3f}%" height="{height}"/>')
        x += own * 100 / scale
    return mark_safe("".join(shapes))


def _share(group: _Group, whole_ns: int, hues: dict[str, int], is_known: bool) -> Share:
    change, tone = _change(group.own_ns, group.usual_ns, whole_ns) if is_known else ("", "")
    peer, waited = max(group.waits.items(), key=lambda item: item[1], default=("", 0))
    is_worth = waited * 100 >= group.own_ns * WAITING_PCT and waited * 100 >= whole_ns * LEAST_PCT
    return Share(
        name=visible(group.name) or "(no name)",
        hue=hue_class(hues.get(group.name)),
        own=format_duration_ns(group.own_ns),
        change=change,
        tone=tone,
        waiting=f"{format_duration_ns(waited)} waiting for {visible(peer)}" if is_worth and peer else "",
        unexplained=f"{format_duration_ns(group.unexplained_ns)} in no span of its own" if group.unexplained_ns else "",
    )


def _change(own_ns: int, usual_ns: int, whole_ns: int = 0) -> tuple[str, str]:
    changed = own_ns - usual_ns
    sign, size = (MINUS, -changed) if changed < 0 else ("+", changed)
    is_same = size * 100 <= max(max(own_ns, usual_ns) * SAME_PCT, whole_ns * SAME_OF_WHOLE_PCT)
    return f"{sign}{format_duration_ns(size)}", "same" if is_same else "up" if changed > 0 else "down"


def _says(groups: list[_Group], is_known: bool) -> str:
    shown = [
        f"{visible(g.name)} {format_duration_ns(g.own_ns)}"
        + (f", usually {format_duration_ns(g.usual_ns)}" if is_known else "")
        for g in groups
        if g.own_ns
    ]
    return "Who took the time: " + "; ".join(shown)
