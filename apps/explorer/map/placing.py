"""How high each vertex of a column stands: near its neighbours, never over another.

In a column whose order is fixed, the heights that lie nearest (least squares) to where the vertices want to be and
keep the distances are an isotonic regression: found exactly in one pass by pooling (Ayer et al. 1955). Columns are
placed in turn, to the right and back, a few times.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    at = np.zeros(len(half))
    for column, steps in zip(columns, offsets, strict=True):
        at[column] = np.array(steps) - (steps[-1] if steps else 0.0) / 2
    turns = [_turn(column, steps, near) for column, steps in zip(columns, offsets, strict=True) if column]
    for _ in range(ROUNDS):
        for turn in (*turns, *reversed(turns)):
            _place(turn, at)
    return at.tolist()


class _Turn(NamedTuple):
    """A column to place. Who pulls at it stands in other columns, so that all its wishes are found at once."""

    column: np.ndarray
    offsets: np.ndarray
    others: np.ndarray
    strengths: np.ndarray
    """Of each of the `others`, in the order of the column."""
    firsts: np.ndarray
    """Where in `others` those of each vertex begin."""
    pulls: np.ndarray
    """The sum of the strengths at each vertex."""


def _turn(column: list[int], offsets: list[float], near: list[list[tuple[int, float]]]) -> _Turn:
    # What nobody pulls at is held, weakly, where it is.
    held = [near[vertex] or [(vertex, 0.1)] for vertex in column]
    firsts = np.cumsum([0, *map(len, held[:-1])])
    others = np.array([other for pairs in held for other, _ in pairs])
    strengths = np.array([strength for pairs in held for _, strength in pairs])
    return _Turn(np.array(column), np.array(offsets), others, strengths, firsts, np.add.reduceat(strengths, firsts))


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


def _place(turn: _Turn, at: np.ndarray) -> None:
    wishes = np.add.reduceat(at[turn.others] * turn.strengths, turn.firsts) / turn.pulls - turn.offsets
    blocks: list[tuple[float, float, int]] = []  # (wanted, pull, vertices), wanted heights rising
    for wanted, pull in zip(wishes.tolist(), turn.pulls.tolist(), strict=True):
        held = 1
        while blocks and blocks[-1][0] >= wanted:
            other, strength, more = blocks.pop()
            wanted = (wanted * pull + other * strength) / (pull + strength)
            pull, held = pull + strength, held + more
        blocks.append((wanted, pull, held))
    wanted, _, held = zip(*blocks, strict=True)
    at[turn.column] = np.repeat(wanted, held) + turn.offsets
