"""A search as a query string, read without a form: the names in the search page's address, and longer ones.

Everything a page's address can say is understood here too, so that its query string can be given to the API as
it stands. What a search is made of is shared with the page's form: `read_box`, `query_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo

from apps.traces.durations import parse_duration_ns
from apps.traces.known_words import FIELDS, KINDS, Condition, conditions_of
from apps.traces.logfmt import parse_logfmt
from apps.traces.model import STATUSES
from apps.traces.moments import parse_instant_ns, zone_named
from apps.traces.paste import Recognised, recognise
from apps.traces.query import SpanPredicate, TraceQuery
from apps.traces.search_window import ALL, CUSTOM, PRESETS, Window, chosen_window

MAX_CONDITIONS = 32
"""Different predicates of one search. A pasted page of text is no search: 1 700 words took a minute."""
LONG_NAMES = {
    "attr": "attrs", "min_duration": "min", "max_duration": "max", "min_trace_duration": "trace_min",
    "max_trace_duration": "trace_max",
}  # fmt: skip
FOR_PAGES = ("form", "live")
"""What only concerns how a page looks."""

Pairs = tuple[tuple[str, str], ...]


class BadQuery(ValueError):
    """`fields`: what is wrong, by parameter, in words for whoever wrote it."""

    def __init__(self, fields: dict[str, str]):
        super().__init__(" ".join(f"{name}: {said}" for name, said in fields.items()))
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Search:
    query: TraceQuery
    box: Recognised
    """What `q` was understood to say; it may name a trace instead of asking for a search."""


def read_box(text: str, *, as_text: bool) -> Recognised:
    """What the box says; with `as_text` it is a value to look for, whatever it looks like."""
    text = text.strip()
    return Recognised("query", "A value under any key", values=(text,)) if as_text and text else recognise(text)


def box_pairs(box: Recognised) -> Pairs:
    """The box as (attribute key, text), key "" for a bare value, each once."""
    return tuple(dict.fromkeys(box.pairs + tuple(("", value) for value in box.values)))


def box_conditions(box: Recognised) -> tuple[Condition, ...]:
    """What each of them means: an attribute, a value, or one of a span's fields."""
    return conditions_of(box_pairs(box))


def too_many(box: Recognised, attrs: Pairs) -> dict[str, str]:
    """By parameter, what is wrong with a search of more than MAX_CONDITIONS; empty for any other."""
    in_box, in_attrs = len(box_pairs(box)), len(attrs)
    if in_box + in_attrs <= MAX_CONDITIONS:
        return {}
    said = f"These are {in_box + in_attrs} conditions, a search takes {MAX_CONDITIONS}. Keep those that matter"
    return {"q": f"{said}, such as an ID."} if in_box > in_attrs else {"attrs": f"{said}."}


def query_of(asked: Mapping[str, object], window: Window, box: Recognised, limit: int) -> TraceQuery:
    """The search that typed values by the names in the page's address ask for."""
    fields, rest = _joined(asked, box)
    everything = tuple(dict.fromkeys((*rest, *asked["attrs"])))
    return TraceQuery(
        start_ns=window.start_ns,
        end_ns=window.end_ns,
        span=SpanPredicate(
            service=fields["service"] or None,
            name=fields["name"] or None,
            kind=fields["kind"] or None,
            status=fields["status"] or None,
            min_duration_ns=fields["min"],
            max_duration_ns=fields["max"],
            attributes=tuple((key, value) for key, value in everything if key),
            values=tuple(value for key, value in everything if not key),
        ),
        min_trace_duration_ns=asked["trace_min"],
        max_trace_duration_ns=asked["trace_max"],
        limit=limit,
        cursor=asked["cursor"],
    )


def _joined(asked: Mapping[str, object], box: Recognised) -> tuple[dict[str, object], Pairs]:
    """(the span's fields as the form and the box together ask for them, what of the box is attributes and values)."""
    fields, rest = {name: asked[name] for name in FIELDS}, []
    for condition in box_conditions(box):
        name, value = condition.field, condition.value
        if not name:
            rest.append((condition.key, condition.text))
        elif fields[name] in (None, ""):
            fields[name] = value
        elif name in _STRICTER:
            fields[name] = _STRICTER[name](fields[name], value)
        elif fields[name] != value:
            rest.append((condition.key, condition.text))  # a span has one service: this finds nothing, as it must
    return fields, tuple(rest)


_STRICTER = {"min": max, "max": min}


def read_query_string(
    params: Iterable[tuple[str, str]], *, now_ns: int, retention_days: int, default_limit: int, most: int
) -> Search:
    """The search of decoded (name, value) pairs. Names that are not known are refused, for a search that silently
    leaves a condition out answers another question. Raises BadQuery."""
    given, errors = _collect(params)
    zone = zone_named(given["tz"]) if given.get("tz") else UTC
    if zone is None:
        errors["tz"] = "This is not a time zone. Write a name such as Europe/Prague, or UTC."
    readers = _readers(zone or UTC, now_ns, most)
    asked = {name: _read(name, reader, given, errors) for name, reader in readers.items()}
    box = read_box(given.get("q", ""), as_text=given.get("as") == "text")
    errors.update(too_many(box, asked["attrs"]))
    for low, high in (("min", "max"), ("trace_min", "trace_max")):
        if None not in (asked[low], asked[high]) and asked[low] > asked[high]:
            errors[high] = "The maximum is shorter than the minimum."
    try:
        window = chosen_window(
            asked["range"] or "", asked["start"], asked["end"], is_for_text=bool(given.get("q")),
            now_ns=now_ns, retention_days=retention_days,
        )  # fmt: skip
    except ValueError as error:
        errors["end"] = str(error)
    if errors:
        raise BadQuery(errors)
    return Search(query_of(asked, window, box, asked["limit"] or default_limit), box)


def _collect(params: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """(values by short name, errors). `attrs` may stand several times, of all others the last counts."""
    given: dict[str, str] = {}
    errors: dict[str, str] = {}
    for raw_name, value in params:
        name = LONG_NAMES.get(raw_name, raw_name)
        if name not in _NAMES:
            errors[raw_name] = "There is no such parameter. Known are: " + ", ".join(_NAMES) + "."
        elif name == "attrs" and given.get(name):
            given[name] += " " + value
        elif value or name not in given:
            given[name] = value
    return given, errors


def _read(name: str, reader: Callable[[str], object], given: Mapping[str, str], errors: dict[str, str]) -> object:
    empty = () if name == "attrs" else "" if name == "cursor" else None
    if not given.get(name):
        return empty
    try:
        return reader(given[name])
    except ValueError as error:
        errors[name] = str(error)
        return empty


def _readers(zone: tzinfo, now_ns: int, most: int) -> dict[str, Callable[[str], object]]:
    def instant(text: str) -> int:
        return parse_instant_ns(text, zone, now_ns)

    return {
        "service": str, "name": str, "cursor": str,
        "kind": _one_of(KINDS), "status": _one_of(STATUSES), "range": _range,
        "min": parse_duration_ns, "max": parse_duration_ns,
        "trace_min": parse_duration_ns, "trace_max": parse_duration_ns,
        "attrs": lambda text: tuple(dict.fromkeys(parse_logfmt(text))), "start": instant, "end": instant,
        "limit": lambda text: _limit(text, most),
    }  # fmt: skip


_NAMES = (
    "q", "as", "service", "name", "kind", "status", "min", "max", "attrs", "trace_min", "trace_max", "range", "start",
    "end", "tz", "limit", "cursor", *FOR_PAGES,
)  # fmt: skip


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.upper() not in names:
            raise ValueError(f"There is no {text[:40]} here. Choose one of: {', '.join(names)}.")
        return text.upper()

    return read


def _range(text: str) -> str:
    names = (*PRESETS, ALL, CUSTOM)
    if text not in names:
        raise ValueError(f"There is no {text[:40]} here. Choose one of: {', '.join(names)}.")
    return text


def _limit(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise ValueError(f"Write a number from 1 to {most}.")
    return int(text)
