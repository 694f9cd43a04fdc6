"""What was understood, one predicate a chip, each with the address of the same search without it."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.search.form import Pairs, SearchForm
from apps.explorer.search.links import search_link
from apps.traces.durations import format_duration_ns
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
        return f"{self.key} {self.op} {self.value}" if self.key else f"{self.value} {self.op}"


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
    if form.window.is_relative:
        # Without it the range would depend on whether the box is empty, and change with the last chip of it.
        params["range"] = form.window.preset
    span = [
        *_pair_chips(params, "q", form.pairs),
        *(_plain(params, name, words, asked[name]) for name, words in _PLAIN if asked[name]),
        *_bounds(params, asked, "min", "max", "span duration"),
        *_pair_chips(params, "attrs", asked["attrs"]),
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


def _pair_chips(params: dict, name: str, pairs: Pairs) -> list[Chip]:
    return [_pair_chip(params, name, pairs, place) for place in range(len(pairs))]


def _pair_chip(params: dict, name: str, pairs: Pairs, place: int) -> Chip:
    key, value = pairs[place]
    rest = format_logfmt(pairs[:place] + pairs[place + 1 :])
    # What is left may look like an ID by itself; it was a value, and stays one.
    changes = {name: rest} if name == "attrs" or rest else {"q": None, "as": None}
    without = search_link(params, **changes)
    return Chip(key, "is", value, without) if key else Chip("", "under any attribute", value, without)
