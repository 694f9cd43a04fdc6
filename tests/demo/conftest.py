"""Two hours of the demo shop, made and read once in each process, and what the tests read from spans."""

import gc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor

from apps.demo.chance import SeededIds
from apps.demo.days import open_shop
from apps.demo.shop import Settings, Shop
from apps.demo.telemetry import Telemetry
from apps.traces.column_readers import ColumnReader
from apps.traces.draft import Draft
from apps.traces.family import Family
from tests.storing import store as empty_store  # noqa: F401

START_NS = 1_790_000_000_000_000_000
HOUR_NS = 3_600_000_000_000


class Collected(SpanProcessor):
    def __init__(self, spans):
        self._spans = spans

    def on_end(self, span):
        self._spans.append(span)


class CollectedLogs(LogRecordProcessor):
    def __init__(self, records):
        self._records = records

    def on_emit(self, log_record):
        self._records.append(log_record)

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30000):
        return True


@dataclass
class Day:
    """What a shop did: its spans in the order of their end, by trace, and its log records."""

    shop: Shop = None
    spans: list = field(default_factory=list)
    logs: list = field(default_factory=list)

    @property
    def traces(self):
        found = defaultdict(list)
        for span in self.spans:
            found[span.context.trace_id].append(span)
        return found


def make_day(seed=1, hours=2.0, **settings) -> Day:
    day = Day()
    end_ns = START_NS + int(hours * HOUR_NS)
    telemetry = Telemetry(SeededIds(str(seed)), lambda _service: (Collected(day.spans), CollectedLogs(day.logs)))
    day.shop = Shop(Settings(seed, START_NS, end_ns, **{"batch_orders": 300, **settings}), telemetry)
    open_shop(day.shop)
    gc.disable()  # it would search a million objects for garbage again and again, and all of them are kept
    day.shop.agenda.run_until(end_ns)
    gc.enable()
    return day


@pytest.fixture(scope="session")
def day():
    made = make_day()
    gc.freeze()  # nor do the tests that follow
    return made


@pytest.fixture(scope="session")
def day_families(day) -> list[Family]:
    return list(families(day))


def drafts(day: Day) -> Iterator[Draft]:
    """Its traces as digest has them, spans in protobuf."""
    for trace_id, spans in day.traces.items():
        draft = Draft(trace_id.to_bytes(16, "big"))
        draft.add_document(encode_spans(spans).SerializeToString())
        yield draft


def families(day: Day) -> Iterator[Family]:
    reader = ColumnReader()
    return (Family(reader.read(draft)) for draft in drafts(day))


def service(span):
    return span.resource.attributes["service.name"]


def attribute(span, *names):
    """The first of these attributes that is there: new name, old name."""
    return next((span.attributes[name] for name in names if name in span.attributes), None)


def minute(span):
    return (span.start_time - START_NS) / 60e9
