"""Where errors started, and what they say: not the spans through which they came up, as a page and digest both see it.

An error comes up from a callee to its caller: of a chain of failing spans the lowest is the origin. It is found in
the spans' own tree and along adopted orphans (docs/contributions.md), so that a lost span in between does not hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as LogRecordPb
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourcePb
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.traces.contributions import Contributions
from apps.traces.draft import Draft
from apps.traces.error_words import MAX_MESSAGE, MAX_TYPE, one_line, pattern_of
from apps.traces.kinship import LOST
from apps.traces.model import Resource, Scope, Span
from apps.traces.otlp import log_record
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER, SERVER
from apps.traces.semconv import (
    ERROR_TYPE,
    EXCEPTION_MESSAGE,
    EXCEPTION_TYPE,
    error_code,
    error_phrase,
    error_tag,
    first_of,
    is_exception,
)
from apps.traces.status_words import with_status
from apps.traces.trace import LogRecord, Trace
from apps.traces.values import value_text

UNNAMED = "error"
"""The type of an error whose span says nothing of it."""


class ErrorText(NamedTuple):
    """What a failed span says. Every field is one line, without control characters, bounded; "" when not said."""

    type: str
    """The exception's type, else `error.type`, else the code (`429`, `UNAVAILABLE`, `23505`), else `error`."""
    message: str
    pattern: str
    """The message without what changes from one occurrence to the next (`apps.traces.error_words`), with the status
    of HTTP or gRPC that was answered: `429 Too Many Requests: no answer from {n}`."""
    answer: str
    """What the other side answered: `429 Too Many Requests`, `UNAVAILABLE`, `23505`."""


class ErrorOrigin(NamedTuple):
    """`span` is the index in the columns."""

    span: int
    service: str
    span_name: str
    error: ErrorText


Read = Callable[[int], tuple[Span, Sequence[LogRecord]]]
"""Position of a span in its source -> the span and its log records: `trace_reader`, `draft_reader`."""


def errors_of(found: Contributions, read: Read) -> list[ErrorOrigin]:
    """Every origin of an error, in the order of the columns (by start); nothing is read of a trace without errors."""
    columns, origins = found.family.columns, {}
    for index in lowest_errors(found):
        described = _in_the_server(found, index, read) or (index, describe_error(*read(columns.position[index])))
        origins.setdefault(*described)
    return [ErrorOrigin(i, columns.service[i], columns.name[i], error) for i, error in sorted(origins.items())]


def is_root_failed(found: Contributions, read: Read) -> bool:
    """Whether a trace with an error failed as a whole: its main root failed, or answered with an error (`error_code`)
    and does not say OK. Reads it, where it did not fail; traces without any error are not looked at, and are
    False."""
    main, columns = found.family.main, found.family.columns
    if columns.is_error[main] or True not in columns.is_error:
        return columns.is_error[main]
    root, _ = read(columns.position[main])
    return root.status != "OK" and bool(error_code(dict(root.attributes)))


def lowest_errors(found: Contributions) -> list[int]:
    """Failed spans without a failed one below that explains them; O(n), nothing for a trace without errors."""
    columns, parents = found.family.columns, found.family.parents
    if True not in columns.is_error:
        return []
    failed = [index for index, is_error in enumerate(columns.is_error) if is_error]
    explained = bytearray(columns.n)
    for index in failed:
        child = index
        while True:
            parent = parents[child]
            if parent == LOST:
                parent = found.adopted.get(child, LOST)
            if parent < 0 or explained[parent] or not _comes_up(found, child, parent):
                break
            explained[parent] = True
            child = parent
    return [index for index in failed if not explained[index]]


def _comes_up(found: Contributions, child: int, parent: int) -> bool:
    """Whether an error of the child can be why the parent failed: not out of a queue, nor from after the parent."""
    columns = found.family.columns
    is_far = columns.service[child] != columns.service[parent]
    if columns.kind[parent] == PRODUCER and columns.kind[child] != SERVER:
        return not is_far and columns.kind[child] != CONSUMER
    if columns.kind[child] == CONSUMER:
        call = columns.call[parent]
        return not is_far and not (columns.kind[parent] == CLIENT and call is not None and call.work == "queue")
    timed = child not in columns.untimed and parent not in columns.untimed
    return is_far or not timed or columns.start[child] <= columns.end[parent]


def _in_the_server(found: Contributions, call: int, read: Read) -> tuple[int, ErrorText] | None:
    """A server that answers 4xx is not failed itself (semantic conventions, http), only its caller is. When it says
    why, the error started there."""
    family = found.family
    if family.columns.kind[call] != CLIENT or call not in family.calls.answered:
        return None
    for entry in family.children[call]:
        if family.columns.kind[entry] == SERVER:
            span, logs = read(family.columns.position[entry])
            if any(map(is_exception, (*span.events, *logs))):
                return entry, describe_error(span, logs)
    return None


def describe_error(span: Span, logs: Iterable[LogRecord] = ()) -> ErrorText:
    """What the span says of its failure. Of several exceptions the last counts: it is the one that got out."""
    attributes = dict(span.attributes)
    exceptions = [dict(said.attributes) for said in (*span.events, *logs) if is_exception(said)] or [{}]
    exception = exceptions[-1]
    code = error_code(attributes)
    answer = error_phrase(attributes, code) or code
    thrown = first_of(exception, EXCEPTION_TYPE) or first_of(attributes, ("exception.type", *ERROR_TYPE))
    said = (
        value_text(first_of(exception, EXCEPTION_MESSAGE))
        or span.status_message
        or value_text(first_of(attributes, ("exception.message",)))
        or error_tag(attributes)
    )
    message = one_line(said, MAX_MESSAGE)
    kind = one_line(value_text(thrown), MAX_TYPE) or one_line(code, MAX_TYPE) or UNNAMED
    pattern = pattern_of(said) if message else ""
    if not (said and span.kind == "SERVER" and code == "500"):  # which says no more than that something got out
        pattern = pattern_of(with_status(pattern, kind, attributes))
    return ErrorText(
        type=kind,
        message=message,
        pattern=pattern,
        answer=one_line(answer, MAX_TYPE),
    )


def trace_reader(trace: Trace) -> Read:
    """For a page, whose columns come from the trace."""

    def read(position: int) -> tuple[Span, Sequence[LogRecord]]:
        span = trace.spans[position]
        return span, trace.logs.get(span.span_id, ())

    return read


def draft_reader(draft: Draft) -> Read:
    """For digest, whose columns come from a `ColumnReader`. Nothing is decoded before the first failed span."""
    return _DraftReader(draft).read


class _DraftReader:
    def __init__(self, draft: Draft):
        self.draft = draft
        self.raws: list[bytes] = []
        self.logs: dict[str, list[LogRecord]] = {}

    def read(self, position: int) -> tuple[Span, Sequence[LogRecord]]:
        if not self.raws:
            self.raws = [raw for raws in self.draft.groups.values() for raw in raws]
            self.logs = _logs_by_span(self.draft)
        # Whose service it is and by which library it was made is known already, or not asked.
        span = Span(SpanPb.FromString(self.raws[position]), _NO_RESOURCE, _NO_SCOPE, position)
        return span, self.logs.get(span.span_id, ())


_NO_RESOURCE, _NO_SCOPE = Resource(ResourcePb()), Scope(InstrumentationScope())


def _logs_by_span(draft: Draft) -> dict[str, list[LogRecord]]:
    """In order of time, as `Trace.logs` has them."""
    found: dict[str, list[LogRecord]] = {}
    for pb in (LogRecordPb.FromString(raw) for raws in draft.log_groups.values() for raw in raws):
        found.setdefault(pb.span_id.hex(), []).append(log_record(pb))
    return {span_id: sorted(records, key=lambda record: record.time_ns) for span_id, records in found.items()}
