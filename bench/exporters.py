"""Exporters that remember: what each sent, byte for byte, and what was acknowledged.

They behave as SDKs do in trouble: a batch that was refused or whose answer never came is sent again, the same bytes.
Some give a batch up after one failure, some send one again although it was acknowledged (an answer lost on the way).
"""

from __future__ import annotations

import hashlib
import heapq
import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

NS, DAY_NS = 10**9, 86_400 * 10**9
SERVICES = ("gateway", "checkout", "payment", "order")
TRACE_SPANS = 24
MOST_IN_BATCH = 512
GIVEN_UP, SENT_TWICE, WITH_LOGS = 0.05, 0.03, 0.1
"""Parts of all batches: dropped when the first try fails; sent again though acknowledged; followed by log records."""


def fingerprint(resource: Message, scope: Message, item: Message) -> bytes:
    """What must come back unchanged: the span (or log record) with all it holds, its resource and its scope."""
    parts = (m.SerializeToString(deterministic=True) for m in (resource, scope, item))
    return hashlib.blake2b(b"\x00".join(parts), digest_size=12).digest()


@dataclass
class Diary:
    """What was sent and how it was answered. A key is a span id, or b"log" and a span id for a log record."""

    sent: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    """Key -> (trace id, fingerprint)."""
    acknowledged: set[bytes] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    bad_answers: list[str] = field(default_factory=list)
    """Those that would make a sender drop its data, and 503 without Retry-After."""
    answered_at: dict[str, float] = field(default_factory=dict)
    """Address -> when it last acknowledged something, by the monotonic clock."""
    longest_gap_s: dict[str, float] = field(default_factory=dict)

    def note_acknowledged(self, address: str, keys: list[bytes]) -> None:
        now = time.monotonic()
        gap = now - self.answered_at.get(address, now)
        self.longest_gap_s[address] = max(gap, self.longest_gap_s.get(address, 0.0))
        self.answered_at[address] = now
        self.acknowledged.update(keys)


class Traffic:
    """Spans as they become due, by service. A tenth of them comes seconds after the rest of its trace, so that sealed
    traces are opened again; some traces started days ago, so that partitions are made."""

    def __init__(self, spans_per_s: float, seed: int):
        self.spans_per_s, self.pick = spans_per_s, random.Random(seed)
        self.began, self.made = time.monotonic(), 0
        self.lock = threading.Lock()
        self.due: dict[str, list[tuple[float, int, Span]]] = {service: [] for service in SERVICES}

    def take(self, service: str) -> list[Span]:
        with self.lock:
            now = time.monotonic()
            while self.made < (now - self.began) * self.spans_per_s:
                self._make_trace(now)
            heap, taken = self.due[service], []
            while heap and heap[0][0] <= now and len(taken) < MOST_IN_BATCH:
                taken.append(heapq.heappop(heap)[2])
            return taken

    def _make_trace(self, now: float) -> None:
        pick, trace_id, parent = self.pick, self.pick.randbytes(16), b""
        start_ns = time.time_ns()
        if pick.random() < 0.04:
            start_ns -= pick.randrange(9 * DAY_NS)
        for index in range(TRACE_SPANS):
            span = some_span(pick, trace_id, parent, index, start_ns)
            parent = span.span_id if index % 4 == 0 else parent
            wait_s = pick.uniform(0, 8) if pick.random() < 0.1 else pick.uniform(0, 0.5)
            heapq.heappush(self.due[SERVICES[index % len(SERVICES)]], (now + wait_s, self.made + index, span))
        self.made += TRACE_SPANS


def some_span(pick: random.Random, trace_id: bytes, parent: bytes, index: int, start_ns: int) -> Span:
    """A span with an attribute of every type, an event and a link."""
    at_ns = start_ns + index * 1_000_000
    span = Span(
        trace_id=trace_id, span_id=pick.randbytes(8), parent_span_id=parent, name=f"step {index}", kind=1 + index % 5,
        start_time_unix_nano=at_ns, end_time_unix_nano=at_ns + pick.randrange(10**9), trace_state="vendor=1",
        dropped_attributes_count=index,
    )  # fmt: skip
    span.attributes.add(key="order.id").value.string_value = f"{pick.randrange(10**7)} \u00fc\u2713"
    span.attributes.add(key="cart.lines").value.int_value = pick.randrange(1 << 62)
    span.attributes.add(key="price").value.double_value = pick.random()
    span.attributes.add(key="is_new").value.bool_value = pick.random() < 0.5
    span.attributes.add(key="blob").value.bytes_value = pick.randbytes(12)
    nested = span.attributes.add(key="lines").value.array_value.values.add().kvlist_value.values.add(key="sku")
    nested.value.string_value = f"sku-{pick.randrange(1000)}"
    span.events.add(name="exception", time_unix_nano=at_ns + 1)
    span.links.add(trace_id=pick.randbytes(16), span_id=pick.randbytes(8))
    span.status.code = 2 if pick.random() < 0.05 else 0
    return span


class Exporter(threading.Thread):
    """One service's exporter, on one kept-alive connection to one of the two ports."""

    def __init__(self, service: str, address: str, traffic: Traffic, diary: Diary, stopped: threading.Event):
        super().__init__(daemon=True, name=f"exporter of {service}")
        self.service, self.address, self.traffic, self.diary, self.stopped = service, address, traffic, diary, stopped
        self.pick = random.Random(service)
        self.resource, self.scope = Resource(), InstrumentationScope(name="bench.chaos", version="1")
        self.resource.attributes.add(key="service.name").value.string_value = service
        self.client: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while not self.stopped.is_set():
            spans = self.traffic.take(self.service)
            if spans:
                self._export("/v1/traces", ExportTraceServiceRequest, "resource_spans", spans)
                if self.pick.random() < WITH_LOGS:
                    self._export("/v1/logs", ExportLogsServiceRequest, "resource_logs", spans[:5])
            self.stopped.wait(0.1)

    def _export(self, path: str, request_type: type, field_name: str, spans: list[Span]) -> None:
        request = request_type()
        group = getattr(request, field_name).add(resource=self.resource)
        scoped = (group.scope_spans if path == "/v1/traces" else group.scope_logs).add(scope=self.scope)
        keys = []
        for span in spans:
            if path == "/v1/traces":
                item, key = span, span.span_id
                scoped.spans.append(span)
            else:
                item, key = scoped.log_records.add(trace_id=span.trace_id, span_id=span.span_id), b"log" + span.span_id
                item.time_unix_nano, item.body.string_value = span.start_time_unix_nano, f"about {span.name}"
            self.diary.sent[key] = (span.trace_id, fingerprint(self.resource, self.scope, item))
            keys.append(key)
        self._send_until_acknowledged(path, request.SerializeToString(), keys)

    def _send_until_acknowledged(self, path: str, body: bytes, keys: list[bytes]) -> None:
        is_given_up, is_sent_twice = self.pick.random() < GIVEN_UP, self.pick.random() < SENT_TWICE
        while not self._send(path, body):
            if is_given_up or self.stopped.wait(self.pick.uniform(0.1, 0.4)):
                return
        self.diary.note_acknowledged(self.address, keys)
        if is_sent_twice:
            self._send(path, body)

    def _send(self, path: str, body: bytes) -> bool:
        """Whether it was acknowledged: 200 and nothing refused."""
        try:
            if self.client is None:
                at = urlsplit(self.address)
                self.client = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
            self.client.request("POST", path, body, {"Content-Type": "application/x-protobuf"})
            answer = self.client.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            if self.client is not None:
                self.client.close()
            self.client = None
            self.diary.answers[type(error).__name__] += 1
            return False
        self.diary.answers[str(answer.status)] += 1
        is_fine = (answer.status == 200 and not said) or (answer.status == 503 and answer.getheader("Retry-After"))
        if not is_fine:
            self.diary.bad_answers.append(f"{answer.status} {said[:200]!r}")
        return answer.status == 200 and not said
