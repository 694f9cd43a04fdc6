"""The head of the waterfall: ticks over the lanes, the part of the trace they show, and the whole in small."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from apps.explorer.templatetags.look import hue_class
from apps.traces.axis import Tick, Window, ticks
from apps.traces.durations import format_duration_ns
from apps.traces.minimap import minimap
from apps.traces.tree import Tree

MAP_TOP_PX, MAP_PX = 2, 36


@dataclass(frozen=True, slots=True)
class Scale:
    """`[start_ns, end_ns)` of `whole_ns`, as offsets from the trace's start."""

    start_ns: int
    end_ns: int
    whole_ns: int
    ticks: tuple[Tick, ...]
    view_x: float
    view_width: float
    is_zoomed: bool
    says: str


def scale_of(window: Window, whole_ns: int) -> Scale:
    """Ticks of the window, and its place in the whole."""
    whole = max(1, whole_ns)
    return Scale(
        start_ns=window.from_ns,
        end_ns=window.to_ns,
        whole_ns=whole,
        ticks=ticks(window, whole_ns),
        view_x=round(window.from_ns * 100 / whole, 3),
        view_width=round(window.length_ns * 100 / whole, 3),
        is_zoomed=(window.from_ns, window.to_ns) != (0, whole),
        says=f"{format_duration_ns(window.from_ns)} to {format_duration_ns(window.to_ns)}",
    )


def minimap_svg(tree: Tree, hues: dict[str, int]) -> SafeString:
    """The bars of `minimap`; nothing but numbers and classes of ours goes in."""
    return mark_safe(
        "".join(
            f'<rect class="{"err-edge" if bar.has_error else "solid"} {hue_class(hues.get(bar.service))}" x="{bar.x}%" '
            f'width="{bar.width}%" y="{MAP_TOP_PX + bar.y * MAP_PX / 100:.2f}" '
            f'height="{max(0.8, bar.height * MAP_PX / 100 - 0.2):.2f}"/>'
            for bar in minimap(tree)
        )
    )
