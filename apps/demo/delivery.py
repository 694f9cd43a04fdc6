"""Getting spans and log records out: the real OTLP exporters, made patient, behind the real batch processors.

While the endpoint cannot be reached nothing is thrown away and nothing piles up: each sender tries its batch again, and
the shop, whose time is virtual, stands still as soon as a service has `BACKLOG` items waiting. What the endpoint
refuses for good (400, 401, 413) is dropped and counted. Both are said once, not once a batch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from apps.demo.pace import Stop

logger = logging.getLogger(__name__)

BACKLOG = 2048
BATCH = 512
LONGEST_PAUSE_S = 15.0
QUIET_S = 60.0
RETRYABLE = frozenset({None, 429, 502, 503, 504})


class Post:
    """The endpoint, and how delivery to it goes. Counts are of items (spans and log records)."""

    def __init__(
        self,
        endpoint: str,
        key: str | None = None,
        delay_ms: int = 1000,
        timeout_s: float = 10.0,
        stop: Stop | None = None,
    ):
        self.endpoint = endpoint.rstrip("/").removesuffix("/v1/traces")
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.delay_ms = delay_ms
        self.timeout_s = timeout_s
        self.stop = stop or Stop()
        self.closing = threading.Event()
        self.delivered = 0
        self.lost = 0
        self._down_at: float | None = None
        self._reached_at = 0.0
        self._said_at = float("-inf")
        self._is_said = False
        self._refused: set[int] = set()
        self._lock = threading.Lock()
        self._senders: list[Sender] = []
        self._processors: list[SpanProcessor | LogRecordProcessor] = []

    @property
    def is_down(self) -> bool:
        return self._down_at is not None

    def processors(self, _service: str) -> tuple[SpanProcessor, LogRecordProcessor]:
        """The batch processors of one service, as an SDK would set them up."""
        spans = Sender(self, OTLPSpanExporter, "/v1/traces")
        logs = Sender(self, OTLPLogExporter, "/v1/logs")
        pair = (SpanOutbox(spans, BACKLOG * 2, self.delay_ms, BATCH), LogOutbox(logs, self.delay_ms, BATCH))
        self._senders += [spans, logs]
        self._processors += pair
        return pair

    def reached(self, items: int) -> None:
        with self._lock:
            self.delivered += items
            self._reached_at = time.monotonic()
            if self._is_said:
                logger.warning("%s answers again after %.0f s", self.endpoint, self._reached_at - self._down_at)
            self._down_at, self._is_said = None, False

    def missed(self, status: int | None, began_at: float) -> None:
        """An attempt that began then has failed; it says nothing about now when another one has succeeded since."""
        with self._lock:
            if self._down_at is not None or self._reached_at > began_at:
                return
            self._down_at = time.monotonic()
            # An endpoint that pushes back now and then (429, 503) is ordinary: not worth a line each time.
            if self._down_at - self._said_at > QUIET_S:
                self._said_at, self._is_said = self._down_at, True
                why = "cannot be reached" if status is None else f"answers {status}"
                logger.warning("%s %s; the shop stands still and tries again", self.endpoint, why)

    def refused(self, status: int, items: int) -> None:
        with self._lock:
            self.lost += items
            if status not in self._refused:
                self._refused.add(status)
                logger.error("%s refuses what the shop sends: %s; dropped", self.endpoint, status)

    def gave_up(self, items: int) -> None:
        with self._lock:
            self.lost += items

    def close(self) -> None:
        """Send what is waiting and stop; when the endpoint is down, don't wait for it."""
        self.stop.is_asked = True
        self.closing.set()
        if self.is_down:
            for sender in self._senders:
                sender.abort()
        if self._processors:
            with ThreadPoolExecutor(len(self._processors)) as pool:
                list(pool.map(lambda processor: processor.shutdown(), self._processors))


class Sender:
    """An OTLP exporter (spans or log records) that tries until the endpoint takes the batch or refuses it for good."""

    def __init__(self, post: Post, exporter: type[OTLPSpanExporter | OTLPLogExporter], path: str):
        self._post = post
        self._status: int | None = None
        session = requests.Session()
        session.trust_env = False  # A proxy for the outside world is none for a local endpoint
        session.hooks["response"].append(self._remember)
        self._exporter = exporter(
            post.endpoint + path,
            headers=post.headers,
            timeout=post.timeout_s,
            compression=Compression.Gzip,
            session=session,
        )
        self.outbox: SpanOutbox | None = None

    def _remember(self, response: requests.Response, **_: object) -> None:
        self._status = response.status_code

    def export(self, batch: Sequence) -> object:
        result = self._deliver(batch)
        if self.outbox is not None:
            self.outbox.sent(len(batch))
        return result

    def _deliver(self, batch: Sequence) -> object:
        pause_s, is_last = 1.0, False
        while True:
            self._status, began_at = None, time.monotonic()
            result = self._exporter.export(batch)
            if result.name == "SUCCESS":
                self._post.reached(len(batch))
                return result
            if self._status not in RETRYABLE:
                self._post.refused(self._status, len(batch))
                return result
            self._post.missed(self._status, began_at)
            # Whoever was waiting when the shop closes tries once more, if others were answered meanwhile.
            if is_last or (self._post.closing.wait(pause_s) and self._post.is_down):
                self._post.gave_up(len(batch))
                self.abort()
                return result
            pause_s, is_last = min(2 * pause_s, LONGEST_PAUSE_S), self._post.closing.is_set()

    def abort(self) -> None:
        """Give up what is being sent, and fail at once from now on."""
        self._exporter.shutdown()

    def shutdown(self, timeout_millis: float = 0) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


class SpanOutbox(BatchSpanProcessor):
    """The SDK's batch processor; who ends a span while too many are waiting, waits too, instead of losing spans."""

    def __init__(self, sender: Sender, queue_size: int, delay_ms: int, batch_size: int):
        self._post = sender._post
        self._room = threading.Condition()
        self._waiting = 0
        sender.outbox = self
        super().__init__(sender, queue_size, delay_ms, batch_size)

    def on_end(self, span) -> None:
        with self._room:
            while self._waiting >= BACKLOG and not (self._post.stop.is_asked and self._post.is_down):
                self._room.wait(0.5)
            self._waiting += 1
        super().on_end(span)

    def sent(self, count: int) -> None:
        with self._room:
            self._waiting -= count
            self._room.notify_all()


class LogOutbox(BatchLogRecordProcessor):
    """The SDK's batch processor for log records, as it is: there are few of them."""

    def __init__(self, sender: Sender, delay_ms: int, batch_size: int):
        super().__init__(sender, delay_ms, batch_size)
