"""Text in nodes: how wide it gets about, and names cut to fit. A server has no fonts to measure with."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

NAME_PX = {"narrow": 3.6, "usual": 7.0, "wide": 9.6, "full": 12.5}
"""Of Inter 600 at 12 px; measured in Chromium, rounded up."""
FIGURE_PX = {"narrow": 3.3, "usual": 6.7, "wide": 9.6}
"""Of tabular figures at 11 px."""
_NARROW, _WIDE = frozenset("iljt.,:;'!|()[] f-r"), frozenset("mwMWQGOD@%&")
_FIGURES_PX = dict.fromkeys(" \u00a0·.,", FIGURE_PX["narrow"]) | dict.fromkeys("m▲▼◆", FIGURE_PX["wide"])
ELLIPSIS = "…"


@lru_cache(maxsize=8_192)
def name_px(name: str) -> float:
    return sum(_letter_px(letter) for letter in name)


def figures_px(text: str) -> float:
    """Of figures and units."""
    return sum([_FIGURES_PX.get(letter, FIGURE_PX["usual"]) for letter in text])


@lru_cache(maxsize=8_192)
def cut_to(name: str, room_px: float) -> str:
    """The name, or its beginning and its end with an ellipsis between: what differs often stands at the end."""
    if name_px(name) <= room_px:
        return name
    room_px -= NAME_PX["wide"]
    head, tail = "", ""
    at, end = 0, len(name)
    while at < end:
        letter = name[at] if len(head) <= 2 * len(tail) else name[end - 1]
        room_px -= _letter_px(letter)
        if room_px < 0:
            break
        if len(head) <= 2 * len(tail):
            head, at = head + letter, at + 1
        else:
            tail, end = letter + tail, end - 1
    return head + ELLIPSIS + tail


def _letter_px(letter: str) -> float:
    if letter in _NARROW:
        return NAME_PX["narrow"]
    if letter in _WIDE:
        return NAME_PX["wide"]
    if letter.isascii():
        return NAME_PX["usual"]
    if unicodedata.combining(letter):
        return 0.0
    return NAME_PX["full"] if unicodedata.east_asian_width(letter) in "WF" else NAME_PX["wide"]
