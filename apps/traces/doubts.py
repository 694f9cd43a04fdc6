"""What somebody may have meant who typed a search that finds nothing: operators there are not, half a condition, the
beginning of an id."""

from __future__ import annotations

import re

from apps.traces.known_words import LONGER, is_known_word
from apps.traces.paste import Recognised

MOST = 2
MAX_CHARS = 1_000
"""Of a longer text nobody typed the operators as such."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_CONDITION = re.compile(
    r"(?<!\S)([A-Za-z_](?:[\w.\-]*\w)?)(\s*)(=~|!~|!=|==|>=|<=|=|>|<)(?:(\s+)(?![\w.\-]+[=<>!~])(?=\S))?(\S*)",
    re.ASCII,
)
"""Key, spaces, operator, spaces, value; another condition after the spaces is no value."""
_DURATION = "duration"
_BEGINNING = re.compile(r"(?=.*\d)(?=.*[a-f])(?:0x)?([0-9a-f]{6,31})", re.IGNORECASE)


def doubts(box: Recognised, text: str) -> tuple[str, ...]:
    """At most MOST sentences for whoever wrote `text`, which `box` was understood from, and found nothing."""
    if box.kind != "query" or len(text) > MAX_CHARS:
        return ()
    beginning = _BEGINNING.fullmatch(text.strip())
    if beginning:
        return (
            f"If “{text.strip()}” is the beginning of an ID: IDs are looked up whole, 32 hex digits for a trace and 16 "
            f"for a span, leading zeros too. These are {len(beginning[1])}.",
        )
    bare = _QUOTED.sub(lambda quoted: "\x00" * len(quoted[0]), text)
    said = (_doubt(*found.groups(), text[found.start(5) : found.end(5)]) for found in _CONDITION.finditer(bare))
    return tuple(dict.fromkeys(words for words in said if words))[:MOST]


def _doubt(key: str, before: str, op: str, after: str | None, bare: str, value: str) -> str:
    """What is doubtful about one condition; `bare` is its value with what is quoted blotted out."""
    is_apart = bool((before or after) and bare)
    if key.lower() == _DURATION and (op != "=" or is_known_word(LONGER, value)):
        return _doubt_of_duration(key, op, value, is_apart)
    if op != "=":
        return (
            f"“{key}{op}{value}” was taken literally: an attribute is compared by = alone, and {_DURATION} by > and <."
        )
    if is_apart:
        return f"A condition is written without spaces: {key}={value}."
    return "" if value else f"“{key}=” asks for {key} with an empty value. Write the value right behind the =."


def _doubt_of_duration(key: str, op: str, value: str, is_apart: bool) -> str:
    if op not in (">", "<", ">=", "<="):
        return f"A duration is compared by > or <: {LONGER}300ms."
    if not is_known_word(LONGER, value):
        told = f"“{value}” is none" if value else "nothing stands there"
        return f"Behind “{key}{op}” belongs a duration with its unit, such as {_DURATION}{op}300ms; {told}."
    return f"A condition is written without spaces: {key}{op}{value}." if is_apart else ""
