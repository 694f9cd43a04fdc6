"""A line the size of a word: how a figure went over the window, without axes."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 96.0, 24.0
HEAD = 0.85
"""Of the height is used by the highest value; the line stands on 0, so that a flat one is seen to be flat."""


def spark_path(values: Sequence[float | None], most: float | None = None) -> str:
    """The `d` of an SVG path in a box of 96 x 24, one point a value at equal distances; None is a gap. "" without two
    neighbours to join. `most` is the value at the top, the largest one unless given.
    """
    known = [value for value in values if value is not None]
    top = max(known, default=0) if most is None else most
    step = WIDTH / max(1, len(values) - 1)
    parts, is_down = [], False
    for at, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        y = HEIGHT - 1 - (HEIGHT - 2) * HEAD * (min(value, top) / top if top else 0)
        parts.append(f"{'L' if is_down else 'M'}{at * step:.1f} {y:.1f}")
        is_down = True
    return "".join(parts) if any(part.startswith("L") for part in parts) else ""
