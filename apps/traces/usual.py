"""What is usual for a root span name, as a trace is judged against it. Filled from the rollups (`apps.insights`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PartKey = tuple[str, str, str]
"""(service, span name, kind of work), as `apps.traces.work` names them."""


@dataclass(frozen=True, slots=True)
class UsualPart:
    """A part of the waited time over those traces in which it was present."""

    traces: int
    """How many, unweighted: what a comparison rests on."""
    own_p50_ns: int
    own_p95_ns: int
    calls_p50: int
    """Spans of that part in a trace."""
    calls_p95: int


@dataclass(frozen=True, slots=True)
class Usual:
    """Traces of one root span name that began in [start_ns, end_ns). Quantiles are weighted by adjusted count."""

    traces: int
    """Unweighted; 0 when nothing is known."""
    start_ns: int
    end_ns: int
    waited_p50_ns: int
    waited_p95_ns: int
    services: Mapping[str, UsualPart] = field(default_factory=dict)
    parts: Mapping[PartKey, UsualPart] = field(default_factory=dict)
    with_error: int = 0
    """How many of the traces have a failed span, unweighted."""


NOTHING_USUAL = Usual(0, 0, 0, 0, 0)
