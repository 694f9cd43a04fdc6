"""logfmt: `order.id=48213 user.name="Ada Lovelace" bare-value`, both ways.

A bare value is a pair whose key is "". Inside quotes `\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\uXXXX` are
escapes; outside them every character stands for itself, Windows paths and `=` in values included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SENTENCE_ENDS = "?!,;.…"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\s=]*")
_RAW = re.compile(r"\S*")
_PLAIN = re.compile(r'[^\s"=\\\x00-\x1f\x7f-\x9f]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


class LogfmtError(ValueError):
    """What is wrong, in words for the person who typed it; `column` counts from 1."""

    def __init__(self, message: str, column: int):
        super().__init__(f"Column {column}: {message}")
        self.column = column


def parse_logfmt(text: str) -> list[tuple[str, str]]:
    """(key, value) pairs in order, duplicates kept. Raises LogfmtError (a ValueError)."""
    pairs = []
    at = _SPACE.match(text).end()
    while at < len(text):
        key, value, at = _pair(text, at)
        pairs.append((key, value))
        at = _SPACE.match(text, at).end()
    return pairs


def _pair(text: str, at: int) -> tuple[str, str, int]:
    start = at
    if text[at] == '"':
        word, at = _quoted(text, at)
    else:
        word, at = _take(_WORD, text, at)
    if at == len(text) or text[at] != "=":
        return "", word, _end_of_word(text, at)
    if not word:
        raise LogfmtError("a key is missing before “=”.", start + 1)
    at += 1
    if text[at : at + 1] == '"':
        value, at = _quoted(text, at)
        return word, value, _end_of_word(text, at)
    value, at = _take(_RAW, text, at)
    return word, value, at


def _take(pattern: re.Pattern, text: str, at: int) -> tuple[str, int]:
    found = pattern.match(text, at)
    return found.group(), found.end()


def _quoted(text: str, at: int) -> tuple[str, int]:
    found = _QUOTED.match(text, at)
    if not found:
        raise LogfmtError("this quote is never closed.", at + 1)
    return _ESCAPE.sub(_unescape, found.group(1)), found.end()


def _unescape(found: re.Match) -> str:
    code = found.group(1)
    if len(code) > 1:
        character = chr(int(code[1:], 16))
        return "\ufffd" if "\ud800" <= character <= "\udfff" else character
    return _ESCAPES.get(code, found.group())


def _end_of_word(text: str, at: int) -> int:
    if at < len(text) and not text[at].isspace():
        raise LogfmtError("a space is missing after the closing quote.", at + 1)
    return at


def format_logfmt(pairs: Iterable[tuple[str, str]]) -> str:
    """The text `parse_logfmt` reads back as the same pairs."""
    return " ".join(f"{_write(key)}={_write(value)}" if key else _write_bare(value) for key, value in pairs)


def _write_bare(text: str) -> str:
    """The search box takes a sentence's punctuation off a bare word, unless it is quoted."""
    return _quote(text) if text.endswith(tuple(SENTENCE_ENDS)) else _write(text)


def _write(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    return f"\\u{ord(character):04x}" if ord(character) < 32 else character
