"""What can be sent: traces, logs, metrics. How each is decoded and what of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from apps.traces import otlp, otlp_json
from apps.traces.batch import Batch, split_batch, split_logs


@dataclass(slots=True)
class Taken:
    """A decoded request: what goes to the store, and what its sender is told."""

    batch: Batch
    rejected: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of telemetry. The decoders raise ValueError when nothing of the body can be read."""

    name: str
    response: type[Message]
    rejected_field: str
    rejected_json: str
    from_protobuf: Callable[[bytes], Taken]
    from_json: Callable[[bytes], Taken]


def _traces_protobuf(body: bytes) -> Taken:
    request, problems, rejected = otlp.parse_request(body)
    # The raw body may be cut up without serialising again, unless something in it was repaired.
    untouched = not problems and not rejected
    return _taken(split_batch(request, body if untouched else None), problems, rejected)


def _traces_json(body: bytes) -> Taken:
    request, problems, rejected = otlp_json.request_from_json(body)
    return _taken(split_batch(request), problems, rejected)


def _logs_protobuf(body: bytes) -> Taken:
    request, problems = otlp.parse_logs_request(body)
    return _taken(split_logs(request), problems, 0)


def _logs_json(body: bytes) -> Taken:
    request, problems, rejected = otlp_json.logs_from_json(body)
    return _taken(split_logs(request), problems, rejected)


def _taken(batch: Batch, problems: list[str], rejected: int) -> Taken:
    return Taken(batch, rejected + batch.rejected, [*problems, *batch.problems])


def _discard(body: bytes) -> Taken:
    """Metrics are answered with success, because instrumentation that is told 404 logs an error each minute."""
    return Taken(Batch())


TRACES = Signal("traces", ExportTraceServiceResponse, "rejected_spans", "rejectedSpans", _traces_protobuf, _traces_json)
LOGS = Signal(
    "logs", ExportLogsServiceResponse, "rejected_log_records", "rejectedLogRecords", _logs_protobuf, _logs_json
)
METRICS = Signal(
    "metrics", ExportMetricsServiceResponse, "rejected_data_points", "rejectedDataPoints", _discard, _discard
)
