"""Whether a span failed: the one meaning of an error, for search, counts, verdicts and pages alike.

Status ERROR says so, and OK says it did not. A span without a status failed when it has the attribute `error` as Zipkin
and OpenTracing clients set it, or when it answered, or was answered, with a fault of the server's: HTTP's 5xx, or a
code that the conventions of gRPC count as one. Instrumentations set the status then (semantic conventions, http and
rpc); proxies and spans made by hand often leave it out.
"""

from __future__ import annotations

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from apps.traces import wire
from apps.traces.values import any_value, marks_error, value_text

ERROR, OK = 2, 1
SERVER, CLIENT = 2, 3

HTTP_STATUS = ("http.response.status_code", "http.status_code")
GRPC_STATUS = ("rpc.grpc.status_code", "grpc.status_code")
RPC_STATUS = ("rpc.response.status_code", "rpc.status_code", *GRPC_STATUS)
GRPC_CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
GRPC_FAULTS = frozenset(("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"))
"""Which of them are the server's fault (semantic conventions, gRPC, Server spans)."""

ERROR_KEY = b"\x0a\x05error"
"""KeyValue.key = "error" on the wire: field 1, five bytes."""

_IS_ERROR = b"\x18\x02"
"""Status.code = ERROR on the wire; also much else."""
_STATUS_KEY = b"status_code"
"""All keys above end so."""
_FAULTS = frozenset(str(code) for code in range(500, 600))
_GRPC_FAULTS = GRPC_FAULTS | {str(GRPC_CODES.index(code)) for code in GRPC_FAULTS}
_KEYS = frozenset(("error", *HTTP_STATUS, *RPC_STATUS))
_HARMLESS = frozenset(b"\x12\x03\x18" + bytes((code & 127 | 128, code >> 7)) for code in range(128, 500)) | frozenset(
    b"\x12\x05\x0a\x03" + digit for digit in (b"1", b"2", b"3", b"4")
)
"""What stands behind the key on the wire when the value is a number or a text of three digits below 500."""
_GRPC_OK = b"\x12\x02\x18\x00"


def is_failed(code: int, kind: int, raw: bytes) -> bool:
    """Of a Span with this status code and kind, serialised as protobuf does it (`apps.traces.batch` sees to that). 0.1
    to 0.3 µs; 2 to 5 for one that may have failed and has no status."""
    if code in (ERROR, OK):
        return code == ERROR
    if ERROR_KEY not in raw and not (kind in (SERVER, CLIENT) and may_tell_fault(raw)):
        return False
    attributes = wire.RawSpan.FromString(raw).attributes
    pairs = [KeyValue.FromString(pair) for pair in attributes if ERROR_KEY in pair or _STATUS_KEY in pair]
    return any(pair.key in _KEYS and tells_failure(kind, pair.key, any_value(pair.value)) for pair in pairs)


def tells_failure(kind: int, key: str, value: object) -> bool:
    """Whether this attribute says that a span without a status failed."""
    if key == "error":
        return marks_error(value)
    if kind not in (SERVER, CLIENT):
        return False
    if key in HTTP_STATUS:
        return value_text(value) in _FAULTS
    # Another system's numbers mean other things.
    faults = _GRPC_FAULTS if key in GRPC_STATUS else GRPC_FAULTS if key in RPC_STATUS else ()
    return value_text(value) in faults


def may_have_failed(raw: bytes) -> bool:
    """Whether a failed span may be among these bytes, of one or many: never False where one is."""
    return _IS_ERROR in raw or ERROR_KEY in raw or may_tell_fault(raw)


def may_tell_fault(raw: bytes) -> bool:
    """Whether an attribute in these bytes, of whatever span, may be such a status: never False where one is."""
    at = raw.find(_STATUS_KEY)
    while at >= 0:
        at += len(_STATUS_KEY)
        value = raw[at : at + 5]
        if value not in _HARMLESS and value[:4] != _GRPC_OK:
            return True
        at = raw.find(_STATUS_KEY, at)
    return False
