"""What is known of two sides before it becomes a finding."""

from __future__ import annotations

from dataclasses import dataclass

from apps.insights.figures import Figures
from apps.insights.why.samples import NO_SAMPLES, Samples
from apps.traces.why.finding import Origin
from apps.traces.why.judge import Judged
from apps.traces.why.parts import Change


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the chart."""

    start_ns: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Told:
    judged: Judged
    before: Figures
    after: Figures
    changes: tuple[Change, ...] = ()
    basis: str = ""
    means_ns: tuple[int, int] = (0, 0)
    before_samples: Samples = NO_SAMPLES
    after_samples: Samples = NO_SAMPLES
    origins: tuple[Origin, ...] = ()
    are_before: bool = False
    failed_looked_at: int = 0
    failed_whole: int = 0
    tried_again: int = 0
