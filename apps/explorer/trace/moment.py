"""Events of a span and log records of a trace, in words for the page."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.trace.values import Attribute, attributes, visible
from apps.traces import semconv
from apps.traces.durations import format_offset_ns
from apps.traces.model import Event, Span
from apps.traces.semconv import EXCEPTION_MESSAGE, EXCEPTION_STACK, EXCEPTION_TYPE
from apps.traces.stacktrace import mark_frames
from apps.traces.trace import LogRecord, Trace
from apps.traces.values import value_text

STACK_CHARS = 100_000
SHOWN_MOMENTS = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """An event of the span, or a log record kept with it or with its trace."""

    name: str
    offset: str
    exception_type: str
    exception_message: str
    stack: tuple[tuple[bool, str], ...]
    """(is_own, lines); own frames are dark, library frames grey."""
    attributes: tuple[Attribute, ...]
    dropped: int


@dataclass(frozen=True, slots=True)
class StrayLogs:
    """Log records that name the trace and none of its spans."""

    count: int
    shown: tuple[Moment, ...]
    """The first SHOWN_MOMENTS; their name begins with the service, their offset counts from the trace's start."""


def event_moment(event: Event, span: Span) -> Moment:
    return _moment(event.name or "(no name)", event, _start(span), dropped=event.dropped_attributes_count)


def log_moment(record: LogRecord, span: Span) -> Moment:
    return _moment(_name(record), record, _start(span), message=value_text(record.body))


def stray_logs(trace: Trace) -> StrayLogs:
    records = trace.logs.get("", ())
    return StrayLogs(len(records), tuple(_stray(record, trace.start_ns) for record in records[:SHOWN_MOMENTS]))


def _stray(record: LogRecord, start_ns: int) -> Moment:
    return _moment(f"{record.service} {_name(record)}", record, start_ns, message=value_text(record.body))


def _name(record: LogRecord) -> str:
    return record.event_name or record.severity or "log"


def _start(span: Span) -> int:
    return span.start_ns if span.is_timed else 0


def _moment(name: str, said: Event | LogRecord, start_ns: int, *, message: str = "", dropped: int = 0) -> Moment:
    """The words of an exception stand apart from its other attributes. A `start_ns` of 0 is none."""
    pairs = dict(said.attributes)
    kind, stack = (value_text(semconv.first_of(pairs, keys)) for keys in (EXCEPTION_TYPE, EXCEPTION_STACK))
    told = value_text(semconv.first_of(pairs, EXCEPTION_MESSAGE))
    shown = {*EXCEPTION_TYPE, *EXCEPTION_MESSAGE, *EXCEPTION_STACK} if kind or stack else set()
    return Moment(
        name=visible(name),
        offset=format_offset_ns(said.time_ns - start_ns) if said.time_ns and start_ns else "",
        exception_type=visible(kind),
        exception_message=visible((told if shown else "") or message),
        stack=mark_frames(visible(stack[:STACK_CHARS])),
        attributes=attributes(tuple(pair for pair in said.attributes if pair[0] not in shown)),
        dropped=dropped,
    )
