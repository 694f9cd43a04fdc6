"""What a trace is: its spans together, and the log records that named it. Times as in `apps.traces.model`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from apps.traces.model import MAX_TIME_NS, Pairs, Span


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record that named this trace: exceptions are moving from span events to these."""

    time_ns: int
    event_name: str
    severity: str
    body: object
    attributes: Pairs
    service: str


class Trace:
    """All spans of one trace, in the order of the document. Built by `apps.traces.otlp.read_trace`."""

    logs: dict[str, tuple[LogRecord, ...]]
    """Log records by span id; under "" those that name the trace but no span of it."""

    def __init__(self, trace_id: str, spans: list[Span]):
        self.trace_id = trace_id
        self.spans = spans
        self.logs = {}

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    @cached_property
    def start_ns(self) -> int:
        """The first usable start, as `apps.traces.draft.Summary` has it: one span without must not stretch the trace
        over fifty years. 0 when no span has one."""
        starts = [span.start_ns for span in self.spans]
        # Nearly always all are usable, and one look at the least tells.
        if starts and 0 < min(starts) <= MAX_TIME_NS:
            return min(starts)
        return min((start for start in starts if 0 < start <= MAX_TIME_NS), default=0)

    @cached_property
    def end_ns(self) -> int:
        times = [span.end_ns for span in self.spans]
        times += [span.start_ns for span in self.spans]
        latest = max(times, default=0)
        if latest > MAX_TIME_NS:
            latest = max((ns for ns in times if ns <= MAX_TIME_NS), default=0)
        return max(latest, self.start_ns)

    @property
    def duration_ns(self) -> int:
        """From the first start to the last end over all spans, detached work included."""
        return self.end_ns - self.start_ns

    @cached_property
    def by_id(self) -> dict[str, list[Span]]:
        """Spans by span id; more than one where an id stands twice (Zipkin shared spans, retries)."""
        found: dict[str, list[Span]] = {}
        for span in self.spans:
            found.setdefault(span.span_id, []).append(span)
        return found

    @cached_property
    def services(self) -> dict[str, tuple[int, int]]:
        """Service -> (spans, errors), in order of first appearance by start time."""
        found: dict[str, list[int]] = {}
        for span in sorted(self.spans, key=lambda s: s.start_ns):
            counts = found.setdefault(span.service, [0, 0])
            counts[0] += 1
            counts[1] += span.is_error
        return {name: (spans, errors) for name, (spans, errors) in found.items()}
