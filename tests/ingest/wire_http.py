"""Requests as bytes on a socket, so that nothing mends what is meant to be broken."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    def message(self) -> str:
        """The Status's message, or the partial success's."""
        if self.content_type == JSON:
            return self.body.decode("utf-8")
        if self.status == 200:
            return ExportTraceServiceResponse.FromString(self.body).partial_success.error_message
        return Status.FromString(self.body).message

    def rejected(self) -> int:
        if self.content_type == JSON:
            said = json.loads(self.body).get("partialSuccess", {})
            return int(said.get("rejectedSpans", said.get("rejectedLogRecords", 0)))
        try:
            return ExportTraceServiceResponse.FromString(self.body).partial_success.rejected_spans
        except DecodeError:
            return 0


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[k : k + size] for k in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def exchange(port: int, *parts: bytes, half_close: bool = False, timeout_s: float = 20) -> Answer | None:
    """Send the parts, read one answer. None when the server closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the answer is waiting
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer | None:
    """The final answer; `100 Continue` is passed over."""
    file = connection.makefile("rb")
    line = file.readline()
    while line.startswith(b"HTTP/1.1 100"):
        while file.readline().strip():
            pass
        line = file.readline()
    if not line:
        return None
    status = int(line.split()[1])
    headers = {k.lower(): v for k, v in http.client.parse_headers(file).items()}
    length = int(headers.get("content-length", 0))
    body = file.read(length) if length else b""
    return Answer(status, headers, body)
