"""What was understood, one predicate a chip, each with the address of the same search without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from apps.explorer.search.form import Pairs, SearchForm
from apps.explorer.search.links import search_link
from apps.traces.durations import format_duration_ns
from apps.traces.known_words import Condition
from apps.traces.logfmt import format_logfmt


@dataclass(frozen=True, slots=True)
class Chip:
    key: str
    """"" for a bare value, which is told value first: "48213 under any attribute"."""
    op: str
    value: str
    without: str
    """Address of the search without this predicate."""
    is_service: bool = False

    @property
    def words(self) -> str:
        return f"{self.key} {self.op} {self.value}".rstrip() if self.key else f"{self.value} {self.op}"


@dataclass(frozen=True, slots=True)
class Chips:
    span: tuple[Chip, ...]
    trace: tuple[Chip, ...]

    def __iter__(self):
        return iter(self.span + self.trace)

    def __len__(self) -> int:
        return len(self.span) + len(self.trace)


def chips_of(form: SearchForm) -> Chips:
    """Chips of a valid form."""
    asked, params = form.cleaned_data, form.params
    if form.window.is_relative and "q" in params:
        # Without it the range would change with the last chip of the box, which is then empty.
        params["range"] = form.window.preset
    span = [
        *_box_chips(params, form.conditions),
        *(_plain(params, name, words, asked[name]) for name, words in _PLAIN if asked[name]),
        *_bounds(params, asked, "min", "max", "span duration"),
        *(Chip(*_told(*pair), without) for pair, without in _without_each(params, "attrs", asked["attrs"])),
    ]
    return Chips(tuple(span), tuple(_bounds(params, asked, "trace_min", "trace_max", "duration")))


_PLAIN = (("service", "service"), ("name", "span name"), ("kind", "kind"), ("status", "status"))


def _plain(params: dict, name: str, words: str, value: str) -> Chip:
    return Chip(words, "is", value, search_link(params, **{name: None}), is_service=name == "service")


def _bounds(params: dict, asked: dict, low: str, high: str, words: str) -> list[Chip]:
    told = ((low, "at least"), (high, "at most"))
    return [
        Chip(words, op, format_duration_ns(asked[name]), search_link(params, **{name: None}))
        for name, op in told
        if asked[name] is not None
    ]


def _box_chips(params: dict, conditions: tuple[Condition, ...]) -> Iterator[Chip]:
    pairs = tuple((condition.key, condition.text) for condition in conditions)
    for condition, (pair, without) in zip(conditions, _without_each(params, "q", pairs), strict=True):
        told = _told(*pair) if not condition.field else _told_field(condition)
        yield Chip(*told, without, is_service=condition.field == "service")


def _told(key: str, value: str) -> tuple[str, str, str]:
    if not key:
        return "", "under any attribute", value
    return (key, "is", value) if value else (key, "is empty", "")


def _told_field(condition: Condition) -> tuple[str, str, str]:
    if condition.field in ("min", "max"):
        op = "at least" if condition.field == "min" else "at most"
        return "span duration", op, format_duration_ns(condition.value)
    return dict(_PLAIN)[condition.field], "is", condition.value


def _without_each(params: dict, name: str, pairs: Pairs) -> Iterator[tuple[tuple[str, str], str]]:
    """Each pair with the address of the search without it."""
    for place, pair in enumerate(pairs):
        rest = format_logfmt(pairs[:place] + pairs[place + 1 :])
        # What is left may look like an ID by itself; it was a value, and stays one.
        yield pair, search_link(params, **({name: rest} if name == "attrs" or rest else {"q": None, "as": None}))
