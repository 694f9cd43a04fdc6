"""What an error says, bounded and in one line; and the same without what changes from one occurrence to the next."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from apps.traces.status_words import STATUS, is_status

MAX_MESSAGE = 300
MAX_PATTERN = 200
MAX_TYPE = 120
_READ = 4_000
"""So much of a message is looked at; some senders put a whole page into one."""
_PASSES = 4
"""Taking one thing out can make another visible (a quotation mark no longer beside a digit); two passes nearly always
do."""

_VARIES = re.compile(
    r"""
      (?P<url>\b[a-z][a-z0-9+.\-]{1,20}://[^\s"'`<>«»“”‘’]+)
    | (?P<mail>[^\W_][\w.+\-]{0,63}@[^\W_][\w\-]{0,62}(?:\.[\w\-]{1,63})+)
    | (?P<id>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b)
    | (?P<status>"""
    + STATUS  # does not vary, and stays as it is
    + r""")
    | (?P<quoted>
        "[^"]*" | `[^`]*` | “[^”]*” | «[^»]*» | ‘[^’]*’
      | (?<!\w)'[^']*'(?!\w)                     # not the one in "can't"
      )
    | (?P<number>
        (?<![^\W_])\d+                          # 12, 1.5, 10.0.0.7:8080, 2026-11-26, 14:05:07
        (?:[.,:\-/](?![0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-)\d+)*  # not into an id: 7/12345678-…
        (?=(?:[nuµm]?s|min|[hd]|[kmgt]i?b|b|x|st|nd|rd|th)?(?![^\W_]))
      )
    | (?P<word>
        (?<![^\W_])[^\W_]*\d[^\W_]*             # 8f3a12bb, sha256; begun anywhere else, it takes a letter's square
      | [0-9a-f]{16,}                           # a long one that happens to have no digit
      )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KNOWN_WORD = re.compile(r"[^\W\d_]{1,8}\d{1,3}|[^\W\d_]{1,3}\d[^\W\d_]{0,3}", re.ASCII)
"""sha256, utf8, http2, ipv4, v2, s3, e2e, SQLSTATE's 23P01 not: a word with a figure in it, the same every time."""


def one_line(text: str, limit: int) -> str:
    """Without control characters, runs of white space as one space, cut to `limit` characters with an ellipsis."""
    text = "".join(c for c in text[:_READ] if c.isspace() or not _is_control(c))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _is_control(char: str) -> bool:
    """Also what turns text around or hides it, and halves of characters that cannot be stored."""
    return not char.isprintable() and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn")


@lru_cache(maxsize=5_000)
def pattern_of(message: str) -> str:
    """The message with placeholders: `{n}` for numbers, `{id}` for ids and hashes, `{email}`, `…` within quotes;
    statuses of HTTP and gRPC stay.

    Occurrences of one error have the same pattern. At most MAX_PATTERN characters; a pattern's pattern is itself.
    """
    text = one_line(_without_what_varies(one_line(message, _READ)), MAX_PATTERN)
    # A status that was cut in two is a number.
    return one_line(_without_what_varies(text), MAX_PATTERN)


def _without_what_varies(text: str) -> str:
    for _ in range(_PASSES):
        text, before = _VARIES.sub(_placeholder, text), text
        if text == before:
            break
    return text


def _placeholder(match: re.Match) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "url":
        return _url(text)
    if kind == "mail":
        return "{email}"
    if kind == "status" or (kind == "quoted" and is_status(text[1:-1])):
        return text
    if kind == "quoted":
        return text[0] + "…" + text[-1]
    if kind == "number":
        return "{n}"
    if kind == "word" and _KNOWN_WORD.fullmatch(text):
        return text
    return "{id}"


def _url(text: str) -> str:
    """Scheme, host and the words of the path; neither who logs in nor what is asked."""
    scheme, _, rest = text.partition("://")
    place = re.split(r"[?#;]", rest, maxsplit=1)[0]
    host, slash, path = place.partition("/")
    host = host.rpartition("@")[2]
    tail = "?…" if len(place) < len(rest) else ""
    return f"{scheme}://{_VARIES.sub(_placeholder, host)}{slash}{_VARIES.sub(_placeholder, path)}{tail}"
