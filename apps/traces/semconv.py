"""OpenTelemetry's semantic conventions, as far as a page needs them.

Each tuple names one thing, the current key first, then older ones that installed SDKs still send
(semantic conventions 1.44 and the migration guides of http, db, rpc, messaging and code).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from apps.traces.failed import GRPC_CODES, HTTP_STATUS, RPC_STATUS
from apps.traces.model import Event, Span
from apps.traces.trace import LogRecord
from apps.traces.values import value_text

HTTP_METHOD = ("http.request.method", "http.method")
URL_FULL = ("url.full", "http.url")
DB_SYSTEM = ("db.system.name", "db.system", "db.type")
DB_NAMESPACE = ("db.namespace", "db.name", "db.instance")
DB_STATUS = ("db.response.status_code", "db.postgresql.sqlstate")
RPC_SYSTEM = ("rpc.system.name", "rpc.system")
RPC_METHOD = ("rpc.method", "grpc.method")
MESSAGING_SYSTEM = ("messaging.system",)
MESSAGING_DESTINATION = (
    "messaging.destination.name", "messaging.destination.template", "messaging.destination", "message_bus.destination",
)  # fmt: skip
MESSAGING_OPERATION = ("messaging.operation.type", "messaging.operation.name", "messaging.operation", "celery.action")
PEER_SERVICE = ("service.peer.name", "peer.service")
SERVER_ADDRESS = ("server.address", "net.peer.name", "http.host")
SERVER_PORT = ("server.port", "net.peer.port")
NETWORK_ADDRESS = (
    "network.peer.address", "net.sock.peer.name", "net.sock.peer.addr", "net.peer.ip", "peer.hostname", "peer.address",
)  # fmt: skip
ERROR_TYPE = ("error.type",)
EXCEPTION_TYPE = ("exception.type", "error.kind")
EXCEPTION_MESSAGE = ("exception.message", "message", "error.object")
EXCEPTION_STACK = ("exception.stacktrace", "stack")

CACHES = frozenset(
    ("redis", "memcached", "valkey", "dragonfly", "hazelcast", "ehcache", "aerospike", "keydb", "dynamodb.dax")
)
CALLS = ("CLIENT", "PRODUCER")


def first_of(attributes: Mapping[str, object], keys: tuple[str, ...]) -> object:
    """The value of the first key that has one, or None."""
    for key in keys:
        value = attributes.get(key)
        if value is not None and value != "":
            return value
    return None


def work_in(kind: str, attributes: Mapping[str, object]) -> str:
    """What kind of work a span is, for its icon: `db`, `cache`, `queue`, `rpc`, `http` or `code`."""
    database = first_of(attributes, DB_SYSTEM)
    if database is not None:
        return "cache" if value_text(database).lower() in CACHES else "db"
    if first_of(attributes, MESSAGING_SYSTEM + MESSAGING_DESTINATION + ("celery.task_name",)) is not None:
        return "queue"
    if kind in ("PRODUCER", "CONSUMER"):
        return "queue"
    if first_of(attributes, (*RPC_SYSTEM, "grpc.method")) is not None:
        return "rpc"
    if first_of(attributes, HTTP_METHOD + URL_FULL) is not None:
        return "http"
    return "code" if kind == "INTERNAL" else "http"


def peer_name(span: Span) -> str:
    """Whom a CLIENT or PRODUCER span calls, by the best name it gives, or "".

    The order merges Tempo's service graph and the Zipkin mapping of the specification: a service's own
    name, the queue, the RPC service, the server's address, the network's address, the database.
    """
    return peer_in(span.kind, dict(span.attributes))


def peer_in(kind: str, attributes: Mapping[str, object]) -> str:
    named = first_of(attributes, PEER_SERVICE)
    if named is not None:
        return value_text(named)
    if kind not in CALLS:
        return ""
    queue = first_of(attributes, MESSAGING_DESTINATION)
    if queue is not None:
        return value_text(queue)
    found = _rpc_service(attributes) or _server(attributes)
    if found:
        return found
    return value_text(first_of(attributes, NETWORK_ADDRESS + DB_NAMESPACE + DB_SYSTEM))


def _rpc_service(attributes: Mapping[str, object]) -> str:
    service = attributes.get("rpc.service")
    if service:
        return value_text(service)
    method = value_text(attributes.get("rpc.method"))
    return method.rsplit("/", 1)[0] if "/" in method else ""


def _server(attributes: Mapping[str, object]) -> str:
    address = first_of(attributes, SERVER_ADDRESS)
    if address is not None:
        port = value_text(first_of(attributes, SERVER_PORT))
        text = value_text(address)
        return text if port in ("", "80", "443") or text.endswith(f":{port}") else f"{text}:{port}"
    try:
        return urlsplit(value_text(first_of(attributes, URL_FULL))).netloc.rpartition("@")[2]
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Why a span failed. Every field is "" when the span does not say."""

    label: str
    """Short, for a row: `429`, `UNAVAILABLE`, `23505`, `TimeoutError`, or `error`."""
    title: str
    """`429 Too Many Requests`, or the exception's full type."""
    message: str
    stack: str


def is_exception(event: Event | LogRecord) -> bool:
    """An exception event or log record, or OpenTracing's `error` event."""
    name = event.event_name if isinstance(event, LogRecord) else event.name
    if name in ("exception", "error") or name.endswith(".exception"):
        return True
    return any(
        key in ("exception.type", "error.kind") or (key, value) == ("event", "error") for key, value in event.attributes
    )


def error_summary(span: Span, logs: Iterable[LogRecord] = ()) -> ErrorSummary | None:
    """None for a span without error. The last exception counts: it is the one that got out.

    `logs` are the span's log records (`Trace.logs`): newer SDKs report exceptions there, no longer as events.
    """
    if not span.is_error:
        return None
    attributes = dict(span.attributes)
    exceptions = [dict(said.attributes) for said in (*span.events, *logs) if is_exception(said)] or [{}]
    exception = exceptions[-1]
    thrown = value_text(first_of(exception, EXCEPTION_TYPE) or first_of(attributes, ("exception.type",)))
    said = value_text(first_of(exception, EXCEPTION_MESSAGE) or attributes.get("exception.message"))
    code = error_code(attributes)
    error_type = value_text(first_of(attributes, ERROR_TYPE))
    label = code or _last_name(thrown or error_type) or "error"
    return ErrorSummary(
        label=label,
        title=error_phrase(attributes, code) or thrown or error_type or label,
        message=span.status_message or said or error_tag(attributes),
        stack=value_text(first_of(exception, EXCEPTION_STACK)),
    )


def error_code(attributes: Mapping[str, object]) -> str:
    """The HTTP status from 400 on, a database's code, or the name of a gRPC status; "" when nothing failed."""
    status = value_text(first_of(attributes, HTTP_STATUS))
    if status.isascii() and status.isdigit() and int(status[:4]) >= 400:
        return status
    database = value_text(first_of(attributes, DB_STATUS))
    if database:
        return database
    rpc = value_text(first_of(attributes, RPC_STATUS))
    if rpc.isascii() and rpc.isdigit() and int(rpc[:4]) < len(GRPC_CODES):
        rpc = GRPC_CODES[int(rpc[:4])]
    return "" if rpc == "OK" else rpc


def error_phrase(attributes: Mapping[str, object], code: str) -> str:
    """The reason phrase that belongs to an HTTP status."""
    if not code or code != value_text(first_of(attributes, HTTP_STATUS)):
        return ""
    try:
        return f"{code} {HTTPStatus(int(code[:4])).phrase}"
    except ValueError:
        return code


def _last_name(type_name: str) -> str:
    return type_name.replace("::", ".").replace("/", ".").rsplit(".", 1)[-1]


def error_tag(attributes: Mapping[str, object]) -> str:
    """Zipkin's `error` attribute holds the message; OpenTracing's holds true."""
    text = value_text(attributes.get("error"))
    return "" if text == "true" else text
