"""An error's message as a sentence says it: what tells most, within the few characters there are."""

from __future__ import annotations

import re

from apps.traces.error_words import one_line

_PREFIX = re.compile(
    r"""(?:
      (?:Prepared|Callable)?StatementCallback;\s+(?:SQL\s\[[^\]]*\];\s+)?  # Spring's JDBC
    | could\snot\sexecute\s(?:statement|query|batch)[;:]\s+                 # Hibernate
    | \((?:[a-z]\w*\.)+[A-Z]\w*\)\s+                                # SQLAlchemy: (psycopg.errors.Name)
    | (?:ERROR|FATAL):\s+                                                   # PostgreSQL's severity
    )+""",
    re.VERBOSE,
)
_DETAIL = re.compile(r"\bdetail:\s", re.IGNORECASE)
LEAST_HEAD = 20
"""So many characters stay of what stands before a detail; a detail that leaves less is cut itself."""


def telling(message: str, limit: int) -> str:
    """One line of at most `limit` characters without what libraries put in front. Where it does not fit, the detail
    at its end (which key, which value) is kept and what stands before it is cut."""
    text = one_line(message, len(message))
    text = text[_end_of_prefix(text) :]
    if len(text) <= limit:
        return text
    detail = _DETAIL.search(text)
    if detail is None:
        return one_line(text, limit)
    room = limit - (len(text) - detail.start()) - 1
    if room < LEAST_HEAD:
        return one_line(text, limit)
    return f"{one_line(text[: detail.start()].rstrip(), room)} {text[detail.start() :]}"


def _end_of_prefix(text: str) -> int:
    """0 where nothing would be left."""
    found = _PREFIX.match(text)
    return found.end() if found and found.end() < len(text) else 0
