"""Colour arithmetic: WCAG contrast, OKLab distance, and how colours look to people with a colour-vision deficiency.

Sources: WCAG 2.2 (relative luminance), Ottosson 2020 (OKLab), Machado, Oliveira and Fernandes 2009 (simulation,
severity 1). Colours are "#RRGGBB"; a linear colour is three floats in 0..1.
"""

from __future__ import annotations

from itertools import combinations

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

_TO_LMS: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
VISION: dict[str, Matrix] = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def contrast(first: str, second: str) -> float:
    """WCAG's ratio, 1 to 21."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def seen_as(colour: str, vision: str) -> str:
    """The colour as somebody with this kind of vision (a key of VISION) sees it."""
    return _to_hex(_times(VISION[vision], _linear(colour)))


def smallest_distance(colours: list[str], vision: str) -> float:
    """The OKLab distance x 100 of the two colours that are hardest to tell apart."""
    labs = [_oklab(_clip(_times(VISION[vision], _linear(colour)))) for colour in colours]
    return min(sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) ** 0.5 for p, q in combinations(labs, 2)) * 100


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: str) -> Triple:
    def part(at: int) -> float:
        value = int(colour[at : at + 2], 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return part(1), part(3), part(5)


def _to_hex(linear: Triple) -> str:
    def part(value: float) -> str:
        value = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
        return f"{round(value * 255):02X}"

    return "#" + "".join(part(value) for value in _clip(linear))


def _oklab(linear: Triple) -> Triple:
    lms = _times(_TO_LMS, linear)
    return _times(_TO_LAB, tuple(max(value, 0.0) ** (1 / 3) for value in lms))


def _times(matrix: Matrix, vector: Triple) -> Triple:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _clip(linear: Triple) -> Triple:
    return tuple(min(max(value, 0.0), 1.0) for value in linear)
