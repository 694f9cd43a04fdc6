"""How high each vertex of a column stands: near its neighbours, never over another.

In a column whose order is fixed, the heights that lie nearest (least squares) to where the vertices want to be and
keep the distances are an isotonic regression: found exactly in one pass by pooling (Ayer et al. 1955). Columns are
placed in turn, to the right and back, a few times.
"""

from __future__ import annotations

ROUNDS = 6


def heights(
    columns: list[list[int]],
    near: list[list[tuple[int, float]]],
    half: list[float],
    is_bend: list[bool],
    gap: float,
    bend_gap: float,
) -> list[float]:
    """The middle (px) of each vertex. `near`: (neighbour, pull) in both columns beside; `half`: half of its height;
    `is_bend`: a bend of a long link, which may come closer to what is beside it (`bend_gap`) than nodes to nodes."""
    offsets = [_offsets(column, half, is_bend, gap, bend_gap) for column in columns]
    at = [0.0] * len(half)
    for column, steps in zip(columns, offsets, strict=True):
        middle = (steps[-1] if steps else 0.0) / 2
        for vertex, step in zip(column, steps, strict=True):
            at[vertex] = step - middle
    turns = [*zip(columns, offsets, strict=True)]
    for _ in range(ROUNDS):
        for column, steps in (*turns, *reversed(turns)):
            _place(column, steps, near, at)
    return at


def _offsets(column: list[int], half: list[float], is_bend: list[bool], gap: float, bend_gap: float) -> list[float]:
    """How far below the first vertex each must stand at least."""
    found, last = [], -1
    for vertex in column:
        if last < 0:
            found.append(0.0)
        else:
            between = bend_gap if is_bend[last] or is_bend[vertex] else gap
            found.append(found[-1] + half[last] + between + half[vertex])
        last = vertex
    return found


def _place(column: list[int], offsets: list[float], near: list[list[tuple[int, float]]], at: list[float]) -> None:
    blocks: list[tuple[float, float, int]] = []  # (wanted, pull, vertices), wanted heights rising
    for vertex, offset in zip(column, offsets, strict=True):
        pull = sum(strength for _, strength in near[vertex])
        if pull:
            wanted = sum(at[other] * strength for other, strength in near[vertex]) / pull - offset
        else:
            wanted, pull = at[vertex] - offset, 0.1
        held = 1
        while blocks and blocks[-1][0] >= wanted:
            other, strength, more = blocks.pop()
            wanted = (wanted * pull + other * strength) / (pull + strength)
            pull, held = pull + strength, held + more
        blocks.append((wanted, pull, held))
    place = 0
    for wanted, _, held in blocks:
        for _ in range(held):
            at[column[place]] = wanted + offsets[place]
            place += 1
