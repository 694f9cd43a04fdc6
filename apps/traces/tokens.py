"""Tokens: 32-bit hashes of what a trace can be searched by.

A token in a trace's set says "some span may match"; the decoded spans decide. So a collision costs a look at
one more trace and nothing else, and a token must never be missing for something `apps.traces.match` accepts.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from apps.traces import wire
from apps.traces.model import UNKNOWN_SERVICE
from apps.traces.values import any_value, value_text

SPAN_ID_BUCKETS = 1 << 16
"""A token of its own for every span id would cost 40 B a span; a bucket costs a tenth of it and leaves, at 10 M
spans a day, some 150 traces to look at (10 ms)."""

_CACHE_ENTRIES = 50_000
"""10 MB, in each thread that takes requests."""
_MOST_KEYS = 20_000


def _token(*parts: str) -> int:
    return _signed(crc32("\x00".join(parts).encode("utf-8", "replace")))


def _signed(unsigned: int) -> int:
    return unsigned - (1 << 32) if unsigned >> 31 else unsigned


def service_token(service: str) -> int:
    return _token("s", service)


def name_token(service: str, name: str) -> int:
    return _token("n", service, name)


def error_token(service: str = "") -> int:
    """A span of `service` (of any service when empty) is an error."""
    return _token("e", service)


def attribute_token(key: str, text: str) -> int:
    return _token("a", key, text)


def text_token(text: str) -> int:
    """A text under any attribute key, or a span's name: for batches only, where it costs nothing to keep."""
    return _token("x", text)


_span_id_tokens = [_token("i", str(bucket)) for bucket in range(SPAN_ID_BUCKETS)]


def span_id_token(span_id: bytes) -> int:
    return _span_id_tokens[crc32(span_id) % SPAN_ID_BUCKETS]


def duration_class(duration_ns: int) -> int:
    """Four classes for each doubling (25 % wide at most), from 1 µs on; for spans of one service and span name."""
    micros = duration_ns >> 10
    if micros < 4:
        return micros
    exponent = micros.bit_length() - 3
    return (exponent << 2) + (micros >> exponent)


def coarse_duration_class(duration_ns: int) -> int:
    """One class for each doubling, for any service and span name."""
    return (duration_ns >> 10).bit_length()


def duration_tokens(duration_ns: int, service: str, name: str) -> tuple[int, int]:
    """What the summary of a span of this duration holds: one token among all spans, one among its likes."""
    duration_ns = min(duration_ns, MAX_DURATION_NS)
    return (
        _token("D", str(coarse_duration_class(duration_ns))),
        _token("d", str(duration_class(duration_ns)), service, name),
    )


MAX_DURATION_NS = 3_600 * 10**9
"""Classes stop here: a longer span counts as this long."""


def duration_choice(min_ns: int | None, max_ns: int | None, pairs: list[tuple[str, str]]) -> tuple[int, ...]:
    """Tokens of which a trace must have one when a span in [min_ns, max_ns] is wanted; of one of `pairs` (service,
    span name) when there are any."""
    first, last = min(min_ns or 0, MAX_DURATION_NS), min(MAX_DURATION_NS if max_ns is None else max_ns, MAX_DURATION_NS)
    if pairs:
        classes = range(duration_class(first), duration_class(last) + 1)
        return tuple(_token("d", str(c), service, name) for c in classes for service, name in pairs)
    classes = range(coarse_duration_class(first), coarse_duration_class(last) + 1)
    return tuple(_token("D", str(c)) for c in classes)


def trace_duration_token(duration_ns: int) -> int:
    return _token("t", str(duration_class(min(duration_ns, MAX_DURATION_NS))))


def trace_duration_choice(min_ns: int | None, max_ns: int | None) -> tuple[int, ...]:
    """Tokens of which a trace of [min_ns, max_ns] as a whole has one."""
    first, last = min(min_ns or 0, MAX_DURATION_NS), min(MAX_DURATION_NS if max_ns is None else max_ns, MAX_DURATION_NS)
    return tuple(_token("t", str(c)) for c in range(duration_class(first), duration_class(last) + 1))


class AttributeTokens:
    """Tokens of serialised attributes. Most (key, value) pairs repeat, so that a dictionary keyed by their bytes
    answers for nearly all of them: 0.1 µs instead of 0.5 µs an attribute for decoding (docs/adr/0002)."""

    def __init__(self, *, with_texts: bool = False):
        self._tokens: dict[bytes, int] = {}
        self._texts: dict[int, int] | None = {} if with_texts else None
        """Token -> the `text_token` of its value."""
        self._more_texts: set[tuple[int, int]] = set()
        """The same where another value has that token already."""
        self._shared: dict[bytes, tuple[frozenset[int], str]] = {}
        self._short_keys: set[bytes] = set()
        self.keys: set[str] = set()
        """Attribute keys seen since `make_room` last forgot."""

    def make_room(self) -> None:
        """Forget all when it has become much. For the owner to call when it has done with `keys`."""
        if len(self._tokens) >= _CACHE_ENTRIES or len(self.keys) >= _MOST_KEYS:
            self._tokens.clear()
            self._more_texts.clear()
            if self._texts is not None:
                self._texts.clear()
            self._shared.clear()
            self.keys.clear()
            self._short_keys.clear()

    def add_all(self, raws: Iterable[bytes], into: set[int]) -> None:
        """The more at once, the less each costs."""
        raws = set(raws)
        for raw in raws.difference(self._tokens):
            self._read(raw)
        into.update(map(self._tokens.__getitem__, raws))

    def _read(self, raw: bytes) -> None:
        short = _short_text(raw)
        if short is not None:
            key, text = short
            if key not in self._short_keys:
                self._short_keys.add(key)
                self.keys.add(key.decode("utf-8", "replace"))
            token = self._tokens[raw] = _signed(crc32(b"a\x00" + key + b"\x00" + text))
            if self._texts is not None:
                self._note(token, _signed(crc32(b"x\x00" + text)))
            return
        pair = KeyValue.FromString(raw)
        self._tokens[raw] = self._named(pair.key, value_text(any_value(pair.value)))

    def _named(self, key: str, text: str) -> int:
        self.keys.add(key)
        token = attribute_token(key, text)
        if self._texts is not None:
            self._note(token, text_token(text))
        return token

    def _note(self, token: int, text: int) -> None:
        if self._texts.setdefault(token, text) != text:
            self._more_texts.add((token, text))

    def texts_of(self, tokens: set[int]) -> set[int]:
        """The `text_token` of the value of every attribute among `tokens`: asked for what differs, for asking for each
        attribute of each span would double the cost of its token."""
        texts = set(map(self._texts.get, tokens))
        texts.discard(None)
        return texts | {text for token, text in self._more_texts if token in tokens}

    def of_resource(self, raw: bytes) -> tuple[frozenset[int], str]:
        """(tokens, service name) of a serialised Resource."""
        known = self._shared.get(raw)
        if known is None:
            known = self._remember(raw, wire.RawResource.FromString(raw).attributes)
        return known

    def of_scope(self, raw: bytes) -> frozenset[int]:
        key = b"scope:" + raw
        known = self._shared.get(key)
        if known is None:
            scope = wire.RawScope.FromString(raw)
            named = {"otel.scope.name": scope.name, "otel.scope.version": scope.version}
            known = self._remember(key, scope.attributes, {name: text for name, text in named.items() if text})
        return known[0]

    def _remember(self, key: bytes, raw_pairs, named: dict[str, str] | None = None) -> tuple[frozenset[int], str]:
        if len(self._shared) >= _CACHE_ENTRIES // 10:
            self._shared.clear()
        tokens: set[int] = set()
        self.add_all(raw_pairs, tokens)
        for name, text in (named or {}).items():
            tokens.add(self._named(name, text))
        known = self._shared[key] = (frozenset(tokens), _service_name(raw_pairs))
        return known

    def add_events_and_links(self, span, into: set[int]) -> None:
        for raw in span.events:
            event = wire.RawEvent.FromString(raw)
            self.add_all(event.attributes, into)
            into.add(self._named("event.name", event.name))
        for raw in span.links:
            self.add_all(wire.RawLink.FromString(raw).attributes, into)


def _short_text(raw: bytes) -> tuple[bytes, bytes] | None:
    """(key, text) of a serialised attribute that is a short text written as every serialiser writes it: most of what
    is new from trace to trace, ids above all, and a sixth of the cost of decoding. None for any other."""
    end = len(raw)
    if end < 6 or raw[0] != 0x0A or raw[1] > 127:
        return None
    at = 2 + raw[1]
    if at + 4 > end or raw[at] != 0x12 or raw[at + 1] != end - at - 2 or raw[at + 1] > 127:
        return None
    if raw[at + 2] != 0x0A or raw[at + 3] != end - at - 4:
        return None
    return raw[2:at], raw[at + 4 :]


def _service_name(raw_pairs) -> str:
    """As `apps.traces.model.Resource.service`, decoding nothing but what may be it."""
    for raw in raw_pairs:
        if b"service.name" in raw:
            pair = KeyValue.FromString(raw)
            text = value_text(any_value(pair.value)) if pair.key == "service.name" else ""
            if text:
                return text
    return UNKNOWN_SERVICE
