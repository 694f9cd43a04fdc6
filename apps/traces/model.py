"""What a span is: a read model over OTLP protobuf, in OpenTelemetry's words.

A `Span` keeps a reference to its message, in which attributes, events and links may still be opaque
bytes, and decodes them only when asked, so that a 50 000-span trace opens without touching half a million attributes.

Times are integer nanoseconds since the Unix epoch. Ids are lower-case hex (trace 32, span 16
digits); a parent id of "" means a root. Attribute values are Python `str | bool | int | float |
bytes | list | dict | None` (OTLP's AnyValue).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanPb

from apps.traces.failed import CLIENT, ERROR, OK, SERVER, is_failed
from apps.traces.values import attribute_pairs, value_text

KINDS = ("INTERNAL", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
"""Kind names by OTLP number; 0 (unspecified) may be read as INTERNAL (trace.proto, SpanKind)."""

STATUSES = ("UNSET", "OK", "ERROR")

UNKNOWN_SERVICE = "unknown_service"

MAX_TIME_NS = 2**63 - 1
"""In the year 2262; what the store can hold."""

Pairs = tuple[tuple[str, object], ...]


class Resource:
    """The resource one group of spans came with, and the service it names."""

    def __init__(self, pb, schema_url: str = ""):
        self.pb = pb
        self.schema_url = schema_url

    @cached_property
    def attributes(self) -> Pairs:
        return attribute_pairs(self.pb.attributes)

    @cached_property
    def service(self) -> str:
        """`service.name`, or `unknown_service` when it is missing or empty."""
        for key, value in self.attributes:
            if key == "service.name" and value_text(value):
                return value_text(value)
        return UNKNOWN_SERVICE

    @cached_property
    def version(self) -> str:
        """`service.version`, or "" when it is missing."""
        named = (value_text(value) for key, value in self.attributes if key == "service.version")
        return next((text for text in named if text), "")

    @property
    def dropped_attributes_count(self) -> int:
        return self.pb.dropped_attributes_count


class Scope:
    """The instrumentation scope (name, version, attributes) one group of spans came with.

    `may_mark_errors` is False where no span of it has an attribute `error`, `may_tell_faults` where none has a status
    such as 502.
    """

    def __init__(self, pb, schema_url: str = "", may_mark_errors: bool = True, may_tell_faults: bool = True):
        self.pb = pb
        self.schema_url = schema_url
        self.may_mark_errors = may_mark_errors
        self.may_tell_faults = may_tell_faults

    @property
    def name(self) -> str:
        return self.pb.name

    @property
    def version(self) -> str:
        return self.pb.version

    @cached_property
    def attributes(self) -> Pairs:
        return attribute_pairs(self.pb.attributes)

    @property
    def dropped_attributes_count(self) -> int:
        return self.pb.dropped_attributes_count


@dataclass(frozen=True, slots=True)
class Event:
    time_ns: int
    name: str
    attributes: Pairs
    dropped_attributes_count: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    trace_id: str
    span_id: str
    trace_state: str
    attributes: Pairs
    flags: int = 0
    dropped_attributes_count: int = 0


class Span:
    """One span. `position` is its place in the document and is unique even where span ids are not.

    `message` is what it was read from: OTLP's Span, in whichever reading of `apps.traces.wire` that has its strings.
    """

    __slots__ = (
        "_pairs",
        "_pb",
        "end_ns",
        "message",
        "parent_id",
        "position",
        "resource",
        "scope",
        "service",
        "span_id",
        "start_ns",
    )

    def __init__(self, message, resource: Resource, scope: Scope, position: int):
        self.message = message
        self.resource = resource
        self.scope = scope
        self.service: str = resource.service
        self.position = position
        self.span_id: str = message.span_id.hex()
        parent_id = message.parent_span_id
        self.parent_id: str = parent_id.hex() if any(parent_id) else ""
        self.start_ns: int = message.start_time_unix_nano
        self.end_ns: int = message.end_time_unix_nano
        self._pairs: Pairs | None = None
        self._pb: SpanPb | None = None

    @property
    def pb(self) -> SpanPb:
        """The message with all that is in it decoded."""
        if self._pb is None:
            message = self.message
            is_decoded = isinstance(message, SpanPb)
            self._pb = message if is_decoded else SpanPb.FromString(message.SerializeToString())
        return self._pb

    @property
    def name(self) -> str:
        return self.message.name

    @property
    def kind(self) -> str:
        number = self.message.kind
        return KINDS[number] if 0 <= number < len(KINDS) else "INTERNAL"

    @property
    def is_timed(self) -> bool:
        """It has a start that a calendar knows: not 0, and before the year 2262."""
        return 0 < self.start_ns <= MAX_TIME_NS

    @property
    def duration_ns(self) -> int:
        """Never negative: a span that ends before it starts lasted 0 ns."""
        return max(0, self.end_ns - self.start_ns)

    @property
    def status(self) -> str:
        number = self.message.status.code
        return STATUSES[number] if 0 <= number < len(STATUSES) else "UNSET"

    @property
    def status_message(self) -> str:
        return self.message.status.message

    @property
    def is_error(self) -> bool:
        """As `apps.traces.failed` has it."""
        code, kind, scope = self.message.status.code, self.message.kind, self.scope
        is_suspect = scope.may_mark_errors or (scope.may_tell_faults and kind in (SERVER, CLIENT))
        if code in (ERROR, OK) or not is_suspect:
            return code == ERROR
        # Serialising takes 1 µs a span, decoding its attributes 10.
        return is_failed(code, kind, self.message.SerializeToString())

    @property
    def attributes(self) -> Pairs:
        if self._pairs is None:
            self._pairs = attribute_pairs(self.pb.attributes)
        return self._pairs

    def get(self, key: str, default: object = None) -> object:
        """The span attribute `key`; the last one wins where a key stands twice."""
        found = default
        for name, value in self.attributes:
            if name == key:
                found = value
        return found

    def first(self, *keys: str) -> object:
        """The first attribute present among `keys` (current name first, older ones after), or None."""
        for key in keys:
            value = self.get(key)
            if value is not None:
                return value
        return None

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(
            Event(e.time_unix_nano, e.name, attribute_pairs(e.attributes), e.dropped_attributes_count)
            for e in self.pb.events
        )

    @property
    def links(self) -> tuple[Link, ...]:
        return tuple(
            Link(
                k.trace_id.hex(),
                k.span_id.hex(),
                k.trace_state,
                attribute_pairs(k.attributes),
                k.flags,
                k.dropped_attributes_count,
            )
            for k in self.pb.links
        )

    @property
    def trace_state(self) -> str:
        return self.message.trace_state

    @property
    def flags(self) -> int:
        return self.message.flags
