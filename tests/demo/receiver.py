"""A small, real OTLP/HTTP receiver: keeps what it is sent, and answers what it is told to answer."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {"/v1/traces": ExportTraceServiceRequest, "/v1/logs": ExportLogsServiceRequest}


class Receiver(ThreadingHTTPServer):
    """Listens on a free port (or on `port`). `answer`: HTTP status of the next answers; only 200 keeps the body."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port=0, answer=200):
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.asked = 0
        self.requests = []
        self.headers = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def spans(self):
        """(resource, scope, span) protobuf messages of all requests to /v1/traces."""
        return [
            (group.resource, scoped.scope, span)
            for request in list(self.requests)
            if isinstance(request, ExportTraceServiceRequest)
            for group in request.resource_spans
            for scoped in group.scope_spans
            for span in scoped.spans
        ]

    def log_records(self):
        return [
            record
            for request in list(self.requests)
            if isinstance(request, ExportLogsServiceRequest)
            for group in request.resource_logs
            for scoped in group.scope_logs
            for record in scoped.log_records
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.asked += 1
        if server.answer == 200:
            assert self.headers["Content-Encoding"] == "gzip"
            server.headers.append(self.headers)
            server.requests.append(MESSAGES[self.path].FromString(gzip.decompress(body)))
        self.send_response(server.answer)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
