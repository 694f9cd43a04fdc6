"""Shapes that make careless code quadratic, at 20 000 spans. A quadratic step takes minutes there."""

import random

import pytest

from apps.traces.columns import Columns
from apps.traces.contributions import contributions_of
from apps.traces.edges import edges_of
from apps.traces.family import Family
from apps.traces.work import by_name
from tests.costs import within
from tests.traces.test_contributions_sum import TRACE_ID
from tests.traces.wild import EXTERNAL, QUEUE, span_id

SPANS = 20_000
END = 10 * SPANS


def row(n, start, end, parent, kind=1, service="web", own=None, links=()):
    call = EXTERNAL if kind in (3, 4) else QUEUE if kind == 5 else None
    parent_id = span_id(parent) if isinstance(parent, int) else parent or b""
    return start, -end, own or span_id(n), service, "name", kind, parent_id, n, False, call, "", links, ""


SHAPES = {
    "a chain": lambda n: row(n, 1 + n, END - n, n - 1 if n else None),
    "a chain of calls": lambda n: row(n, 1 + n, END - n, n - 1 if n else None, 3),
    "a chain through services": lambda n: row(n, 1 + n, END - n, n - 1 if n else None, 3 - n % 2, f"s{n // 2 % 5}"),
    "a star": lambda n: row(n, 1 + n, 1 + n + n % 50, 0 if n else None) if n else row(0, 1, END, None),
    "a chain in which everything outlives its parent": lambda n: row(n, 1 + n, END + n, n - 1 if n else None),
    "leaves that outlive a long chain": lambda n: (
        row(n, 1 + n, END - n, n - 1 if n else None) if n < SPANS // 2 else row(n, SPANS, END - 5, SPANS // 2 - 1)
    ),
    "orphans": lambda n: row(n, 1 + n, END - n, b"lost" + n.to_bytes(4, "big") if n else None, 2 + n % 2, f"s{n % 7}"),
    "roots": lambda n: row(n, 1 + n, END - n, None, 2),
    "one id": lambda n: row(n, 1 + n, END - n, 0, 2 + n % 2, own=span_id(0)),
    "a circle": lambda n: row(n, 1 + n, END - n, (n + 1) % SPANS),
    "a chain without usable times": lambda n: row(n, 1 + n, END if not n else 0, n - 1 if n else None),
    "consumers with links": lambda n: row(
        n, 1 + n, END - n, 0 if n else None, 5 if n else 4, "mail", links=((TRACE_ID, span_id(n - 1)),) * 3 if n else ()
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_is_quadratic(shape):
    rows = [SHAPES[shape](n) for n in range(SPANS)]
    random.Random(1).shuffle(rows)

    def divide():
        family = Family(Columns(TRACE_ID, rows))
        found = contributions_of(family)
        by_name(found)
        edges_of(family)
        return found

    found = within(3, divide)
    assert sum(found.own_ns) == found.waited_ns
