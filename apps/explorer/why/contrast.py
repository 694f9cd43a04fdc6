"""What the slow ones have in common, as the page tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.insights.why.contrast import CHOSEN, FAILED, SLOW, Contrast
from apps.traces.durations import MINUS, NBSP, counted, format_count, format_duration_ns, format_percent
from apps.traces.why.attributes import LEAST_GROUP, Attribute, Q, Untold

ROWS = 7
WEAK_BELOW = 5
"""Attributes without a finding are shown where there are fewer with one."""
MOST_NAMED = 6
MAX_VALUE_CHARS = 80


@dataclass(frozen=True, slots=True)
class AttributeRow:
    service: str
    key: str
    value: str
    effect: str
    shares: str
    """`6 → 100 %`."""
    words: str
    """`6 % of the rest, 100 % of the slow`."""
    q: str
    rest_x: str
    slow_x: str
    left_x: str
    right_x: str
    is_weak: bool
    same: tuple[str, ...]
    """Others that the same traces have."""
    link: str
    """A search for spans that have it, "" for a number or more."""


@dataclass(frozen=True, slots=True)
class ContrastPage:
    title: str
    group: str
    """`slow`, `failed`."""
    said: str
    rows: tuple[AttributeRow, ...]
    more: int
    is_enough: bool
    needed: int
    tested: str
    too_few: tuple[str, ...]
    more_too_few: int
    unique: tuple[str, ...]
    more_unique: int
    took: str


def contrast_page(found: Contrast, after: str, link_of: Callable[[Attribute], str]) -> ContrastPage:
    """`after`: the window after, as people write it."""
    compared, group = found.compared, found.kind
    told = compared.found[:ROWS]
    if len(told) < WEAK_BELOW:
        told = (*told, *compared.weak)
    return ContrastPage(
        # Of those with an error many may have gone through in the end.
        title=f"What {'those with an error' if group == FAILED else f'the {group} ones'} have in common",
        group=group,
        said=_said(found, after),
        rows=tuple(_row(attribute, group, attribute.q >= Q, link_of) for attribute in told),
        more=max(0, len(compared.found) - ROWS),
        is_enough=compared.is_enough,
        needed=LEAST_GROUP,
        tested=f"{counted(compared.keys, 'key')} looked at, {counted(compared.tests, 'test')}",
        too_few=_named(compared.too_few, lambda one: f" (n{NBSP}={NBSP}{one.traces})"),
        more_too_few=max(0, len(compared.too_few) - MOST_NAMED),
        unique=_named(compared.unique, lambda one: ""),
        more_unique=max(0, len(compared.unique) - MOST_NAMED),
        took=f"{counted(found.drawn, 'trace')} read in {format_duration_ns(round(found.elapsed_ms * 1e6))}"
        + (", drawn at random from more" if found.is_sampled else ""),
    )  # fmt: skip


def _said(found: Contrast, after: str) -> str:
    compared = found.compared
    which = {
        SLOW: f"over {format_duration_ns(found.cut_ns)}, {after}",
        FAILED: f"with an error, {after}",
        CHOSEN: "selected",
    }[found.kind]
    return f"{format_count(compared.slow)} {which}, against {counted(compared.rest, 'other')}"


def _row(one: Attribute, group: str, is_weak: bool, link_of) -> AttributeRow:
    rest, slow = one.rest_share * 100, one.slow_share * 100
    rest_text, slow_text = format_percent(one.rest_share), format_percent(one.slow_share)
    sign = MINUS if one.effect_pt < 0 else "+"
    return AttributeRow(
        one.service, one.key, _value(one.value), f"{sign}{abs(one.effect_pt):.0f}{NBSP}pt",
        f"{rest_text.removesuffix(NBSP + '%')}{NBSP}→{NBSP}{slow_text}",
        f"{rest_text} of the rest, {slow_text} of the {group}", _q(one.q), f"{rest:.1f}%", f"{slow:.1f}%",
        f"{min(rest, slow):.1f}%", f"{max(rest, slow):.1f}%", is_weak,
        tuple(f"{service} {key}={_value(value)}" for service, key, value in one.same[:MOST_NAMED]), link_of(one),
    )  # fmt: skip


def _value(text: str) -> str:
    text = " ".join(text.split()) if text.strip() else "(empty)"
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"


def _q(q: float) -> str:
    if q < 0.001:
        return f"<{NBSP}0.001"
    return f"{q:.3f}" if q < 0.01 else f"{q:.2f}"


def _named(untold: tuple[Untold, ...], note: Callable[[Untold], str]) -> tuple[str, ...]:
    return tuple(f"{one.service} {one.key}{note(one)}" for one in untold[:MOST_NAMED])
