"""One example request, drawn for the components page by the code that draws real ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData

from apps.explorer.search.rows import ResultRow, result_rows
from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.row_html import Block, rows_html
from apps.explorer.trace.rows import RowPainter
from apps.explorer.trace.state import TraceState
from apps.store.results import MatchedSpan, ServiceCount, TraceRow
from apps.traces.model import KINDS
from apps.traces.otlp import read_trace
from apps.traces.tree_building import build_tree
from apps.traces.waterfall import View, lay_out

TRACE_ID = "7f3a1c0d9be24e5f8a6b52d1c4e90377"
START_NS = 1_795_000_000_000_000_000
MS_NS = 1_000_000
HUES = {"checkout": 1, "inventory": 2, "payment": 3, "notification": 5, "loyalty": 16, "returns": 19}
DB = {"db.system.name": "postgresql", "server.address": "shop-db"}
BANK = {"http.request.method": "POST", "server.address": "bank-api", "http.response.status_code": "200"}
REFUSED = {**BANK, "http.response.status_code": "429", "error.type": "429"}

# service, kind, name, number of the parent (0 for none, -1 for one that never arrived), start and duration in ms, more
SPANS = [
    ("checkout", "SERVER", "POST /orders", 0, 0, 640, {}),
    ("checkout", "INTERNAL", "validate_address", 1, 4, 13, {}),
    ("inventory", "SERVER", "POST /reservations", 1, 22, 106, {}),
    ("inventory", "CLIENT", "SELECT shop.warehouse", 3, 26, 4, DB),
    *(("inventory", "CLIENT", "SELECT shop.stock", 3, 32 + at * 7, 5, DB) for at in range(12)),
    ("payment", "SERVER", "POST /charges", 1, 140, 470, {}),
    ("payment", "CLIENT", "POST /v2/authorisations", 17, 150, 110, BANK),
    ("payment", "CLIENT", "POST /v2/authorisations", 17, 268, 61, REFUSED),
    ("payment", "CLIENT", "POST /v2/authorisations", 17, 340, 240, BANK),
    ("checkout", "PRODUCER", "publish order.placed", 1, 618, 7, {"messaging.system": "kafka"}),
    ("notification", "CONSUMER", "render_receipt", -1, 700, 75, {}),
]


@dataclass(frozen=True, slots=True)
class ExampleResults:
    """What the template of the search page's rows asks of a page."""

    rows: tuple[ResultRow, ...]
    title: str = "3 traces"
    is_all: bool = True
    has_match_column: bool = True
    footer: None = None


def example_rows() -> tuple[Block, ...]:
    """The waterfall of the example: folded siblings, an error, what is below it, a lost parent."""
    trace = read_trace(TRACE_ID, _document())
    tree = build_tree(trace)
    loaded = Loaded(trace, tree, version="", is_sealed=True, received_ns=START_NS, keys={})
    loaded.analyse()
    layout = lay_out(tree, View())
    painter = RowPainter(loaded, TraceState(span=f"{19:016x}"), HUES, frozenset(), layout.window)
    return (Block(0, rows_html(map(painter.view, layout.rows(0, len(layout))))),)


def example_results() -> ExampleResults:
    """Three rows of results: one with errors, one incomplete, one that is arriving."""
    services = tuple(
        ServiceCount(name, spans, 0) for name, spans in (("checkout", 3), ("inventory", 14), ("payment", 4))
    )
    failing = (*services[:2], ServiceCount("payment", 4, 1))
    matched = MatchedSpan(f"{19:016x}", "payment", "POST /v2/authorisations", 61 * MS_NS)
    usual = {"matched": matched, "matched_count": 3}

    def row(number: int, ms: int, ago_s: int, **more) -> TraceRow:
        started_ns = START_NS - ago_s * 1_000 * MS_NS
        base = {"error_count": 0, "orphan_count": 0, "services": services, **usual, **more}
        trace_id = TRACE_ID[:-1] + str(number)
        return TraceRow(trace_id, started_ns, ms * MS_NS, "checkout", "POST /orders", 21, **base)

    failed = row(2, 640, 95, error_count=1, services=failing)
    rows = (row(1, 290, 4, is_sealed=False), failed, row(3, 310, 3700, orphan_count=1))
    return ExampleResults(result_rows(rows, START_NS, UTC, ""))


def _document() -> bytes:
    document = TracesData()
    for number, (service, kind, name, parent, start_ms, took_ms, more) in enumerate(SPANS, 1):
        resource: ResourceSpans = document.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = service
        span = resource.scope_spans.add().spans.add(name=name, kind=KINDS.index(kind, 1))
        span.trace_id = bytes.fromhex(TRACE_ID)
        span.span_id = number.to_bytes(8, "big")
        span.parent_span_id = b"" if parent == 0 else (parent if parent > 0 else 999).to_bytes(8, "big")
        span.start_time_unix_nano = START_NS + start_ms * MS_NS
        span.end_time_unix_nano = span.start_time_unix_nano + took_ms * MS_NS
        span.status.code = 2 if "error.type" in more else 0
        for key, value in more.items():
            span.attributes.add(key=key).value.string_value = value
    return document.SerializeToString()
