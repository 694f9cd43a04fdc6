"""The verdict that was stored with a trace, as rows of tables say it."""

from __future__ import annotations

from apps.traces.verdict.codec import unpack
from apps.traces.verdict.words import phrases


def said_of(packed: bytes | None) -> str:
    """The trace's own sentence, as in a row of results; "" where none is stored."""
    found = unpack(packed)
    return "".join(phrase.text for phrase in phrases(found, brief=True)) if found else ""
