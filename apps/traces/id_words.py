"""Words in a sentence, a log line or a stack trace that may be somebody's ID: what a search could be for."""

from __future__ import annotations

import re

MOST = 5
MAX_CHARS = 10_000
_WORD = re.compile(r"[^\s\"'`<>()\[\]{}|,;=?!&“”]{3,128}")
_FRACTION = re.compile(r"(?<=:\d\d)[.,]\d+")
"""Of a second: `14:05:12,345` has no word 345."""
_EDGES = ".:#*-_/"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T.*)?|\d{1,2}:\d\d(:\d\d)?([.,]\d+)?Z?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_MEASURE = re.compile(r"[\d.,]+(ns|us|µs|ms|s|m|min|h|d|%|[kMG]i?B|B)|v?\d+(\.\d+)+")


def id_words(text: str) -> tuple[str, ...]:
    """Words with digits in them, each once, in order; of many the MOST with the most digits. No times, no measures, no
    versions, no numbers of one or two digits."""
    found: dict[str, int] = {}
    for word in _WORD.findall(_FRACTION.sub("", text[:MAX_CHARS])):
        bare = word.strip(_EDGES)
        if _looks_like_an_id(bare):
            found[bare] = sum(character.isdigit() for character in bare)
    chosen = set(sorted(found, key=found.get, reverse=True)[:MOST])
    return tuple(word for word in found if word in chosen)


def _looks_like_an_id(word: str) -> bool:
    if len(word) < 3 or not any(character.isdigit() for character in word):
        return False
    return not (_MOMENT.fullmatch(word) or _MEASURE.fullmatch(word) or ("/" in word and "." in word))
