"""The colour tokens as the style sheet defines them, with what they are worth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

from apps.explorer.gallery.colour import VISION, contrast, seen_as, smallest_distance

THEMES = ("light", "dark")
SURFACES = ("bg", "bg-sunken", "bg-hover", "bg-active", "bg-raised", "accent-bg")
STATES = ("error", "warn", "good")
HUE_NAMES = ("teal", "amber", "violet", "green", "magenta", "sky", "umber", "olive", "pink", "indigo", "cyan")
HUE_NAMES += ("forest", "orchid", "steel")
USES = {
    "bg": "page",
    "bg-sunken": "facets, code, stores",
    "bg-hover": "hovered row",
    "bg-active": "pressed, tracks",
    "accent-bg": "selected row",
    "line": "hairline",
    "line-strong": "table head, button edge",
    "line-control": "edge of a text input",
    "ink": "primary text",
    "ink-2": "secondary text",
    "ink-3": "meta, ticks",
    "accent-ink": "links",
    "accent": "focus, selection, primary button",
    "error-ink": "error text and mark",
    "error": "error line, bar edge",
    "warn-ink": "slower, incomplete",
    "warn": "slower, filled",
    "good-ink": "faster, connected",
    "good": "faster, filled",
    "path": "critical path",
}
_PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9A-Fa-f]{6}), (#[0-9A-Fa-f]{6})\);")


@dataclass(frozen=True, slots=True)
class Shade:
    """One token in one theme. Ratios are None where none is asked for."""

    colour: str
    on_page: float | None
    worst: float | None
    grade: str
    """AAA or AA for text on its worst surface, "3 : 1" for what only draws."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    name: str
    use: str
    shades: tuple[Shade, ...]


@dataclass(frozen=True, slots=True)
class Hue:
    number: int
    name: str
    shades: tuple[Shade, ...]


@dataclass(frozen=True, slots=True)
class Palette:
    hues: tuple[Hue, ...]
    distances: tuple[tuple[str, float, float], ...]
    """(kind of vision, smallest distance of all 14, of the first eight), the worse theme."""
    simulated: tuple[tuple[str, tuple[tuple[float, str], ...]], ...]
    """(label, ((x in per cent, colour), ...))."""


@cache
def colours() -> dict[str, dict[str, str]]:
    """Theme to token name to "#RRGGBB", read from tokens.css."""
    found = _PAIR.findall(Path(finders.find("css/tokens.css")).read_text())
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


def text_surfaces(token: str) -> tuple[str, ...]:
    """The surfaces a text colour stands on; words of a state never stand on a pressed control."""
    state = token.split("-")[0]
    if state not in STATES:
        return SURFACES
    return (*(surface for surface in SURFACES if surface != "bg-active"), f"{state}-bg")


@cache
def token_rows() -> tuple[TokenRow, ...]:
    return tuple(TokenRow(name, use, tuple(_shade(name, theme) for theme in THEMES)) for name, use in USES.items())


@cache
def palette() -> Palette:
    numbers = range(1, len(HUE_NAMES) + 1)
    by_theme = {theme: [colours()[theme][f"svc-{n}"] for n in numbers] for theme in THEMES}
    hues = tuple(
        Hue(n, name, tuple(_graphic(f"svc-{n}", theme) for theme in THEMES))
        for n, name in zip(numbers, HUE_NAMES, strict=True)
    )
    distances = tuple(
        (
            vision,
            min(smallest_distance(by_theme[theme], vision) for theme in THEMES),
            min(smallest_distance(by_theme[theme][:8], vision) for theme in THEMES),
        )
        for vision in VISION
    )
    step = 100 / len(HUE_NAMES)
    simulated = tuple(
        (f"{vision}, {theme}", tuple((round(i * step, 2), seen_as(c, vision)) for i, c in enumerate(by_theme[theme])))
        for vision in VISION
        if vision != "normal"
        for theme in THEMES
    )
    return Palette(hues, distances, simulated)


def _shade(name: str, theme: str) -> Shade:
    known = colours()[theme]
    if name.startswith("bg") or name in ("accent-bg", "line", "line-strong"):
        return Shade(known[name], None, None, "")
    if not (name.startswith("ink") or name.endswith("-ink")):
        return _graphic(name, theme)
    worst = min(contrast(known[name], known[surface]) for surface in text_surfaces(name))
    grade = "AAA" if worst >= 7 else "AA" if worst >= 4.5 else ""
    return Shade(known[name], contrast(known[name], known["bg"]), worst, grade)


def _graphic(name: str, theme: str) -> Shade:
    known = colours()[theme]
    return Shade(known[name], contrast(known[name], known["bg"]), None, "3 : 1")
