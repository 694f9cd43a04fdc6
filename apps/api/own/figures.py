"""Figures as the API writes them."""

from __future__ import annotations

from apps.insights.change import Change
from apps.insights.figures import Figures
from apps.traces.sampling import CALL


def figures_object(figures: Figures, minutes: float) -> dict:
    """`calls` and `errors` are weighted by what a sampled span stands for, `samples` is not."""
    return {
        "calls": round(figures.calls, 3),
        "calls_a_minute": round(figures.calls / minutes, 4),
        "samples": figures.samples,
        "errors": round(figures.errors / CALL, 3),
        **{f"{name}_ns": whole_ns(figures.p(share)) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))},
    }


def change_words(**changes: Change) -> dict[str, str]:
    """What changed, in the words of `apps.insights.change`: `same` and `unsure` too."""
    return {name: change.word for name, change in changes.items()}


def whole_ns(value: float | None) -> int | None:
    return None if value is None else round(value)
