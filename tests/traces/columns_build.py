"""Columns from drawings, with attributes by span name; and what was found told by span name in milliseconds."""

from __future__ import annotations

from apps.traces.column_readers import ColumnReader, columns_of
from apps.traces.contributions import Contributions, contributions_of
from apps.traces.draft import Draft
from apps.traces.family import Family
from tests.traces.build import MS, START_NS, TRACE_ID, as_trace, draw_specs, traces_data

DATABASE = {"db.system.name": "postgresql", "db.namespace": "shop"}
CACHE = {"db.system.name": "redis", "server.address": "cache.internal", "server.port": 6379}
BANK = {"http.request.method": "POST", "server.address": "bank-api", "service.peer.name": "bank-api"}
TOPIC = {"messaging.system": "kafka", "messaging.destination.name": "orders"}


def drawn_data(drawing: str, attributes: dict[str, dict] | None = None):
    specs = draw_specs(drawing)
    for spec in specs:
        spec.attributes = (attributes or {}).get(spec.name, {})
    return traces_data(specs)


def family_of(drawing: str, attributes: dict[str, dict] | None = None) -> Family:
    """Read as digest reads it; reading it as a page does must give the same columns."""
    data = drawn_data(drawing, attributes)
    columns = read_raw(data.SerializeToString())
    trace = as_trace(data)
    assert_same(columns, columns_of(trace))
    by_page = ColumnReader().read_trace(trace)
    assert_same(by_page, columns_of(trace))
    assert list(by_page.position) == list(columns_of(trace).position)
    return Family(columns)


def read_raw(payload: bytes):
    draft = Draft(bytes.fromhex(TRACE_ID))
    draft.add_document(payload)
    return ColumnReader().read(draft)


def assert_same(one, other) -> None:
    for field in type(one).__slots__:
        if field != "position":
            assert list_of(getattr(one, field)) == list_of(getattr(other, field)), field


def list_of(value) -> object:
    return list(value) if isinstance(value, tuple) else value


def found_in(drawing: str, attributes: dict[str, dict] | None = None) -> Contributions:
    return contributions_of(family_of(drawing, attributes))


def own_ms(found: Contributions) -> dict[str, float]:
    """Span name -> ms of the waited time, without spans that have none."""
    names, sums = found.family.columns.name, {}
    for index, own in enumerate(found.own_ns):
        if own:
            sums[names[index]] = sums.get(names[index], 0) + own / MS
    return sums


def path(found: Contributions) -> str:
    """The critical path, one character for each ms: the first letter of the span's name."""
    names = found.family.columns.name
    return "".join(names[span][0] * round((end - start) / MS) for start, end, span in found.segments)


def left(found: Contributions) -> dict[str, str]:
    """Top of a subtree nobody waited for -> why."""
    return {found.family.columns.name[part.span]: part.reason for part in found.beside}


def gaps_ms(found: Contributions) -> list[tuple[float, float]]:
    return [((start - START_NS) / MS, (end - START_NS) / MS) for start, end in found.gaps]
