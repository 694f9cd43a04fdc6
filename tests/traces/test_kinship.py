"""Columns read the same from both sources, and know the same parents as the tree of the trace page."""

import random
import re
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from apps.traces import wire
from apps.traces.column_readers import columns_of
from apps.traces.columns import Columns
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.family import Family
from apps.traces.kinship import CUT, LOST, find_children, find_parents, main_root, top_down
from apps.traces.otlp import read_trace
from apps.traces.tree_building import build_tree
from tests.traces.build import as_trace, draw_specs, key_values, random_specs, traces_data
from tests.traces.columns_build import assert_same, read_raw
from tests.traces.test_contributions_sum import check
from tests.traces.wild import TRACE_ID, wild_rows

HERE = Path(__file__).parent


def data_of(rows) -> TracesData:
    """OTLP of rows; their calls are told by attributes."""
    data = TracesData()
    for start, minus_end, own_id, service, name, kind, parent_id, _, is_error, call, trace_state, *rest in rows:
        links, version = rest
        group = data.resource_spans.add()
        group.resource.attributes.extend(key_values({"service.name": service, "service.version": version}))
        span = group.scope_spans.add().spans.add(
            trace_id=TRACE_ID, span_id=own_id, parent_span_id=parent_id, name=name, kind=kind, trace_state=trace_state,
            start_time_unix_nano=start, end_time_unix_nano=min(-minus_end, (1 << 64) - 1),
        )  # fmt: skip
        span.status.code = 2 if is_error else 0
        span.attributes.extend(key_values({"order.id": start, "http.request.method": "GET"}))
        if call:
            names = {"database": {"db.system.name": "postgresql"}, "queue": {"messaging.system": "kafka"}}
            span.attributes.extend(key_values(names.get(call.work, {"server.address": "bank-api"})))
        for trace_id, linked in links:
            span.links.add(trace_id=trace_id, span_id=linked)
    return data


def assert_as_tree(columns: Columns, tree) -> None:
    parents = find_parents(columns)
    index_of = {position: index for index, position in enumerate(columns.position)}
    for node in tree.nodes:
        parent = parents[index_of[node.position]]
        assert (node.is_orphan, node.is_cut) == (parent == LOST, parent == CUT)
        assert (index_of[node.parent.position] if node.parent else -1) == max(parent, -1)
    if tree.nodes:
        root = main_root(parents)
        assert (columns.start[root], parents[root]) == (tree.main_root.span.start_ns, min(parents[root], -1))


@pytest.mark.parametrize("seed", range(150))
def test_wild_traces_read_alike_and_have_the_parents_of_the_tree(seed):
    rows = sorted(wild_rows(random.Random(seed), 30))
    data = data_of(rows)
    trace = as_trace(data)
    columns = columns_of(trace)
    assert_same(read_raw(data.SerializeToString()), columns)
    assert_as_tree(columns, build_tree(trace))


def test_plausible_traces_read_alike_and_have_the_parents_of_the_tree():
    for seed in range(5):
        data = traces_data(random_specs(seed, 300), by_service=True)
        columns = columns_of(as_trace(data))
        assert_same(read_raw(data.SerializeToString()), columns)
        assert_as_tree(columns, build_tree(as_trace(data)))


def drawings() -> list[str]:
    """Every drawing in the tests of this folder: all the odd traces somebody thought of."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        for text in re.findall(r'"""\n(.*?)"""', path.read_text(encoding="utf-8"), re.S):
            lines = [line for line in text.splitlines() if line.strip()]
            if lines and all(re.search(r"\|\s*(\[=*\]|\.|<=+|\[=*\]\s*!)\s*!?$", line) for line in lines):
                found.append(text)
    return found


def test_every_drawn_trace_reads_alike_and_its_parts_sum_up():
    texts = drawings()
    assert len(texts) > 60
    for text in texts:
        data = traces_data(draw_specs(text))
        trace = as_trace(data)
        columns = columns_of(trace)
        assert_same(read_raw(data.SerializeToString()), columns)
        family = Family(columns)
        check(contributions_of(family))
        edges_of(family)


def test_attributes_of_any_shape_are_read_alike():
    values = {
        "error": "boom", "peer.service": 7, "server.address": ["a"], "k" * 200: "long key", "": "no key",
        "db.namespace": None, "rpc.method": "a/b", "e" * 127: 1, "url.full": "http://[bad",
    }  # fmt: skip
    for kind in ("CLIENT", "SERVER", "INTERNAL", "CONSUMER", "PRODUCER"):
        spec = ("shop", "name", None, 0, 5, values, kind)
        data = traces_data([spec])
        assert_same(read_raw(data.SerializeToString()), columns_of(as_trace(data)))
        assert columns_of(as_trace(data)).is_error == (True,)


def test_an_empty_attribute_is_read_alike():
    data = traces_data([("shop", "name", None, 0, 5, {"url.full": "http://u.example/7"}, "CLIENT")])
    data.resource_spans[0].scope_spans[0].spans[0].attributes.add()
    columns = columns_of(as_trace(data))
    assert_same(read_raw(data.SerializeToString()), columns)
    assert columns.call[0].peer.name == "u.example"


def test_an_attribute_whose_value_is_written_before_its_key_is_read_alike():
    data = traces_data([("shop", "name", None, 0, 5, {}, "CLIENT")])
    document = wire.RawTracesData.FromString(data.SerializeToString())
    span = wire.RawSpan.FromString(document.resource_spans[0].scope_spans[0].spans[0])
    span.attributes.append(b"\x12\x06\x0a\x04bank" + b"\x0a\x0cpeer.service")
    document.resource_spans[0].scope_spans[0].spans[0] = span.SerializeToString()
    columns = columns_of(read_trace(TRACE_ID.hex(), document.SerializeToString()))
    assert_same(read_raw(document.SerializeToString()), columns)
    assert columns.call[0].peer.name == "bank"


@pytest.mark.parametrize("kind", ["CLIENT", "PRODUCER", "CONSUMER", "INTERNAL"])
def test_any_mixture_of_attributes_is_read_alike(kind):
    values = {
        "peer.service": "bank", "server.address": "b.example", "server.port": 8443, "url.full": "http://u.example/7",
        "http.url": "http://old.example:81/", "net.sock.peer.name": "sock.example", "network.peer.address": "10.0.0.7",
        "rpc.service": "shop.Cart", "rpc.system": "grpc", "db.system": "mysql", "db.name": "orders", "error": "false",
        "messaging.system": "kafka", "messaging.destination.name": "orders", "messaging.operation": "receive",
        "order.id": 7,
    }  # fmt: skip
    pick = random.Random(kind)
    for _ in range(150):
        keys = pick.sample(sorted(values), pick.randrange(5))
        data = traces_data([("shop", "name", None, 0, 5, {key: values[key] for key in keys}, kind)])
        columns = columns_of(as_trace(data))
        assert_same(read_raw(data.SerializeToString()), columns)
        assert columns.is_error == (False,)


def test_parents_come_before_children_in_any_trace():
    for seed in range(200):
        parents = find_parents(Columns(TRACE_ID, wild_rows(random.Random(seed), 30)))
        order = list(top_down(parents, find_children(parents)))
        assert sorted(order) == list(range(30))
        seen = set()
        for index in order:
            assert parents[index] < 0 or parents[index] in seen
            seen.add(index)
