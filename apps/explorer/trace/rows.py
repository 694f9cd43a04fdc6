"""One row of the waterfall as `row_html` writes it: every word, link and shape worked out."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from apps.explorer.templatetags.look import hue_class
from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.path import NO_PATH, bars
from apps.explorer.trace.state import TraceState
from apps.explorer.trace.values import visible
from apps.traces.axis import Bar, Window
from apps.traces.durations import format_count
from apps.traces.oddities import Oddity
from apps.traces.waterfall import Row

STEP_PX, NARROW_STEP_PX = 12, 7
DEEP = 14
"""A tree with more levels is indented by less, so that 24 of them leave room for names."""
NAME_CHARS = 300
"""A cell shows some 60; the panel has the whole name."""
ICONS = {"rpc": "out"}
ODDITY_LOOK = {
    "orphan": ("warn", "orphan"), "circle": ("warn", "retry"), "duplicate": ("warn", "copy"), "shared": ("", "link"),
    "backwards": ("warn", "clock"), "skew": ("warn", "clock"), "deep": ("", ""),
}  # fmt: skip
"""Tone and icon of a row's pill."""


@dataclass(frozen=True, slots=True)
class Pill:
    text: str
    tone: str
    icon: str
    title: str = ""
    """All of it, where `text` is only the short form."""


@dataclass(frozen=True, slots=True)
class RowView:
    key: str
    number: int
    """From 1, for aria-rowindex."""
    level: int
    classes: str
    is_open: bool | None
    """None where there is nothing to open."""
    is_selected: bool
    href: str
    fold_href: str
    indent_px: int
    guides: SafeString
    hue: str
    icon: str
    service: str
    """"" where it is the parent's."""
    times: str
    name: str
    peer: str
    error: str | None
    errors_below: str
    aside: str
    pills: tuple[Pill, ...]
    duration: str
    lane: SafeString
    starts: str


class RowPainter:
    """Turns rows into views: all rows of an answer share the state, the hues and the matches."""

    def __init__(
        self, loaded: Loaded, state: TraceState, hues: dict[str, int], hits: frozenset[int], window: Window
    ):  # fmt: skip
        self.loaded = loaded
        self.path = loaded.path if loaded.is_analysed else NO_PATH
        self.window = window
        self.state = state
        self.hues = hues
        self.hits = hits
        self.step_px = NARROW_STEP_PX if loaded.tree.depth > DEEP else STEP_PX
        # Links of rows differ only in what stands last, so most of the query string is written once.
        plain = state.but(span="", first=0).query()
        self.span_prefix = "?" + (plain + "&" if plain else "") + "span="

    def view(self, row: Row) -> RowView:
        loaded, span = self.loaded, row.span
        key = loaded.keys.get(span.position) or span.span_id
        is_open = _is_open(row)
        hue = hue_class(self.hues.get(span.service))
        return RowView(
            key=key,
            number=row.index + 1,
            level=row.depth + 1,
            classes="wr hit" if self._is_hit(row) else "wr",
            is_open=is_open,
            is_selected=key == self.state.span,
            href=f"{self.span_prefix}{key}#r-{key}",
            fold_href="" if is_open is None else self.state.toggled(key, is_open),
            indent_px=row.indent * self.step_px,
            guides=_guides(row, self.step_px),
            hue=hue,
            icon="stack" if row.fold else ICONS.get(row.work, row.work),
            service=visible(span.service[:NAME_CHARS]) if row.shows_service else "",
            times=f"{format_count(row.fold.count)}\u00a0×" if row.fold else "",
            name=visible(span.name[:NAME_CHARS]) or "(no name)",
            peer=visible(row.peer[:NAME_CHARS]) if row.peer != span.service else "",
            error=_error_label(row) if row.error == "here" else None,
            errors_below=_errors_below(row) if row.error == "below" else "",
            aside=_aside(row),
            pills=_pills(row),
            duration=row.duration_text,
            lane=_lane(row, self._accountable(row), span.position in self.path.unexplained),
            starts=f"starts at {row.offset_text}",
        )

    def _accountable(self, row: Row) -> list[Bar]:
        """When the row's span, or one of a folded run, was what somebody waited for."""
        stretches = self.path.stretches
        if row.fold is None:
            own = stretches.get(row.span.position, [])
        else:
            own = sorted(stretch for at in row.fold.positions for stretch in stretches.get(at, ()))
        return bars(own, self.window, self.loaded.trace.start_ns)

    def _is_hit(self, row: Row) -> bool:
        if not self.hits:
            return False
        at = self.loaded.tree.by_position[row.span.position].row
        return any(number in self.hits for number in range(at, at + (row.fold.count if row.fold else 1)))


def _is_open(row: Row) -> bool | None:
    """A leaf that begins an open run of siblings can be folded too."""
    if row.state == "leaf":
        return True if row.run_position == row.span.position else None
    return row.state == "open"


def _error_label(row: Row) -> str:
    return "" if row.error_label == "error" else visible(row.error_label[:40])


def _errors_below(row: Row) -> str:
    return f"{format_count(row.errors_below)} error{'' if row.errors_below == 1 else 's'} " + (
        "among them" if row.fold else "below"
    )


def _aside(row: Row) -> str:
    if row.fold:
        return f"slowest {row.fold.slowest_text}"
    return f"{format_count(row.hidden)} folded" if row.hidden else ""


def _pills(row: Row) -> tuple[Pill, ...]:
    found = [_oddity(oddity) for oddity in row.oddities if not (row.fold and oddity.kind != "orphan")]
    links = len(row.span.pb.links)
    if links and not row.fold:
        found.append(Pill(f"{format_count(links)} link{'' if links == 1 else 's'}", "", "link"))
    return tuple(found)


def _oddity(oddity: Oddity) -> Pill:
    return Pill(oddity.short or oddity.text, *ODDITY_LOOK[oddity.kind], oddity.text)


def _guides(row: Row, step_px: int) -> SafeString:
    """Lines left of a row: down through it for ancestors with more children, and the elbow or tee that leads to it."""
    plain, lost = [], []
    for guide in row.guides:
        x = (guide.level - 1) * step_px + 6.5
        if guide.shape == "line":
            path = f"M{x} 0V100"
        else:
            path = f"M{x} 0V{12.5 if guide.shape == 'elbow' else 100}M{x} 12.5h{step_px // 2}"
        (lost if guide.is_lost else plain).append(path)
    both = ((plain, ""), (lost, ' class="lost"'))
    return mark_safe("".join(f'<path{cls} d="{"".join(paths)}"/>' for paths, cls in both if paths))


def _lane(row: Row, accountable: list[Bar], is_unexplained: bool) -> SafeString:
    """The shapes of a lane: pale from start to end, solid (hatched where no span says on what) and underlined while
    somebody waited for this span and nothing below it. Only numbers and class names of ours go in."""
    if row.bar.outside:
        return mark_safe("")
    if row.fold:
        # A stroke is a pixel wide whatever the span lasted: it says when and how many, not how long.
        strokes = (f'<rect class="solid" x="{stroke.x}%" width="1" y="7" height="10"/>' for stroke in row.fold.strokes)
        shapes = [_rect("soft-fill", row.bar, rounded=1), *strokes]
        for bar in accountable:
            shapes += [_rect("solid", bar), _path(bar)]
        return mark_safe("".join(shapes))
    shapes = [_rect("soft-fill", row.bar, rounded=2)]
    for bar in accountable:
        shapes += [_rect("gap-fill" if is_unexplained else "solid", bar), _path(bar)]
    if row.error == "here":
        shapes.append(_rect("err-edge", row.bar, y=4, height=2))
    for event in row.events:
        cls, radius = ("evt", 3) if event.is_exception else ("evt-plain", 2)
        shapes.append(f'<circle class="{cls}" cx="{event.x}%" cy="12" r="{radius}"/>')
    return mark_safe("".join(shapes))


def _path(bar: Bar) -> str:
    return _rect("cp", bar, y=19, height=2)


def _rect(cls: str, bar: Bar, *, y: int = 7, height: int = 10, rounded: int = 0) -> str:
    corner = f' rx="{rounded}"' if rounded else ""
    return f'<rect class="{cls}" x="{bar.x}%" width="{bar.width}%" y="{y}" height="{height}"{corner}/>'
