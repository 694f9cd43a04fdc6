"""The OTLP/HTTP endpoints. One pass: key, body, decode, store; every way out is an OTLP answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, DataError, InterfaceError
from django.http import HttpRequest, HttpResponse
from rest_framework.views import APIView

from apps.ingest import answers, cors, density
from apps.ingest.body import read_body
from apps.ingest.encodings import LARGE_BYTES
from apps.ingest.keys import grant_for
from apps.ingest.refusal import Refusal, later
from apps.ingest.senders import counts
from apps.ingest.signals import LOGS, METRICS, TRACES, Signal, Taken
from apps.store.writer import BacklogFull, StoreUnavailable, write_batch
from apps.traces.batch import Batch

_log = logging.getLogger(__name__)


class OtlpView(APIView):
    """POST of one signal. DRF's negotiation, parsers and renderers are left out: OTLP fixes all three by the
    request's Content-Type, and they cost more than reading the body does."""

    authentication_classes = permission_classes = throttle_classes = ()
    parser_classes = renderer_classes = ()
    http_method_names = ["post", "options"]
    signal: Signal = TRACES

    def initial(self, request, *args, **kwargs) -> None:
        pass

    def post(self, request, key: str = "") -> HttpResponse:
        environ = request._request.META
        grant = grant_for(environ, key)
        wire = answers.wire_format(environ.get("CONTENT_TYPE", ""))
        if wire is None:
            raise Refusal(415, f"Content-Type must be {answers.PROTOBUF} or {answers.JSON}.")
        body = read_body(environ, settings.TRACER_MAX_BODY_BYTES)
        with alone_when_large(body.size_bytes):
            taken = self._decoded(wire, body.take())
            del body
            if taken.batch.parts:
                _store(grant.workspace_id, taken.batch)
        if self.signal is TRACES and taken.batch.accepted:
            counts.note(
                grant.workspace_id, environ.get("HTTP_USER_AGENT", ""), _sent_as(wire, environ), taken.batch.accepted
            )
        return answers.taken_answer(wire, self.signal, taken)

    def options(self, request, *args, **kwargs) -> HttpResponse:
        return cors.preflight(request._request.META.get("HTTP_ORIGIN", ""))

    def http_method_not_allowed(self, request, *args, **kwargs) -> HttpResponse:
        raise Refusal(405, "Send telemetry with POST.", {"Allow": "POST, OPTIONS"})

    def handle_exception(self, exc: Exception) -> HttpResponse:
        """A body that was not read stays so: whoever has no key must not be able to hold a thread by sending slowly."""
        refusal = refusal_for(exc)
        environ = self.request._request.META
        return answers.refusal_answer(answers.wire_format(environ.get("CONTENT_TYPE", "")), refusal)

    def finalize_response(self, request, response: HttpResponse, *args, **kwargs) -> HttpResponse:
        origin = request._request.META.get("HTTP_ORIGIN", "")
        if origin:
            _add_cors(response, origin)
        # DRF's request, its context and the view hold each other, and with them the body that was read.
        request.parser_context.clear()
        return response

    def _decoded(self, wire: str, body: bytes) -> Taken:
        is_protobuf = wire == answers.PROTOBUF
        decode = self.signal.from_protobuf if is_protobuf else self.signal.from_json
        if (density.is_hollow_protobuf if is_protobuf else density.is_hollow_json)(body):
            raise Refusal(400, "The body is made of empty messages.")
        try:
            return decode(body)
        except RecursionError as error:
            raise Refusal(400, "The body is nested too deeply.") from error
        except ValueError as error:
            raise Refusal(400, answers.reasons([str(error)])) from error


class LogsView(OtlpView):
    """Log records that name a trace are kept with it; the others are read and let go."""

    signal = LOGS


class MetricsView(OtlpView):
    """Taken and discarded: tracing keeps no metrics."""

    signal = METRICS


class UnknownView(OtlpView):
    """Anything else under OTLP's addresses: said in OTLP's way, with the right address."""

    http_method_names = ["options"]

    def http_method_not_allowed(self, request, *args, **kwargs) -> HttpResponse:
        raise Refusal(404, "Nothing is here. Traces go to /v1/traces, logs to /v1/logs, metrics to /v1/metrics.")


_one_large = threading.Semaphore(1)


@contextmanager
def alone_when_large(size_bytes: int) -> Iterator[None]:
    """Lets one large body at a time be decompressed and decoded in this process: as objects it takes up to thirty times
    its size."""
    if size_bytes < LARGE_BYTES:
        yield
        return
    if not _one_large.acquire(timeout=10):
        raise later("Other large batches are being stored; send smaller ones.")
    try:
        yield
    finally:
        _one_large.release()


def refusal_for(exc: Exception) -> Refusal:
    """How an exception is answered: 503 for whatever may pass, 500 only where the same request would fail again."""
    if isinstance(exc, Refusal):
        return exc
    if isinstance(exc, BacklogFull):
        return later("Spans arrive faster than they can be digested.", exc.retry_after_s)
    if isinstance(exc, DataError):
        _log.error("The database refused the data of a request", exc_info=exc)
        return Refusal(500, "The request could not be stored; the server's log says why.")
    if isinstance(exc, StoreUnavailable | DatabaseError | InterfaceError):
        _log.warning("Storage is not available: %s", exc)
        # SDKs spend 10 s on a batch, waits included: 2 s leave them four more tries.
        return later("Storage is not available at the moment.", 2)
    if isinstance(exc, MemoryError):
        return later("The server is short of memory.")
    _log.error("A request failed unexpectedly", exc_info=exc)
    return Refusal(500, "The request could not be processed; the server's log says why.")


def _store(workspace_id: int, batch: Batch) -> None:
    """Returns after the commit: an acknowledged span is a stored span.

    Tried twice, because a connection that sat idle while PostgreSQL restarted is only noticed when it is used, and
    every thread has one. Should the first try have been committed after all, its spans still count once.
    """
    try:
        write_batch(workspace_id, batch)
    except StoreUnavailable:
        write_batch(workspace_id, batch)


def _sent_as(wire: str, environ: dict) -> str:
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    return f"{wire}, {encoding}" if encoding else wire


def _add_cors(response: HttpResponse, origin: str) -> None:
    try:
        cors.add_headers(response, origin)
    except (DatabaseError, InterfaceError):
        _log.warning("Origins could not be read", exc_info=True)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404 of the OTLP port, which has no pages."""
    return UnknownView.as_view()(request)
