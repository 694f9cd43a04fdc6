"""Words of sentences, and figures in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from apps.traces.durations import MINUS, NBSP, format_duration_ns
from apps.traces.why.finding import Finding

STRONG, WHERE, VERSION = "strong", "where", "version"
"""Roles of words: what the sentence is about, a service, a version of a service."""


class Clock(Protocol):
    def __call__(self, at_ns: int, *, beside_ns: int | None = None) -> str:
        """How a moment is told; its day not again where it is that of the moment told just before it, `beside_ns`."""


class Word(NamedTuple):
    text: str
    role: str = ""
    service: str = ""


Words = tuple[Word, ...]


def text_of(words: Iterable[Word]) -> str:
    return "".join(word.text for word in words)


def total_ns(finding: Finding) -> int:
    return sum(change.change_ns for change in finding.changes)


def ns_text(value: float) -> str:
    return format_duration_ns(round(value))


def signed_text(ns: int) -> str:
    return f"{MINUS if ns < 0 else '+'}{ns_text(abs(ns))}"


def times_text(calls: float) -> str:
    """`once`, `12.9 times`, `143 times`."""
    if 0.95 <= calls < 1.05:
        return "once"
    return f"{number_text(calls)}{NBSP}times"


def number_text(count: float) -> str:
    """`3`, `12.9`, `143`."""
    return f"{round(count, 1) if count < 100 else round(count):g}"
