"""What a map says of a node that only its callers tell of."""

import pytest

from apps.insights.figures import Figures
from apps.insights.map_change import FASTER_EDGE, MORE_ERRORS, SLOWER_EDGE
from apps.insights.map_graph import Ends, Link
from apps.insights.service_map import _nodes
from apps.traces.histogram import Histogram
from apps.traces.peers import Node
from apps.traces.sampling import CALL

STOCK = Node("database", "postgresql · stock")
CALLERS = Node("service", "lists"), Node("service", "reports")


def calls(count: int, ms: float, errors: int = 0) -> Figures:
    took_ns = round(ms * 1_000_000)
    histogram = Histogram({bucket: n * CALL for bucket, n in Histogram.of([took_ns] * count).counts.items()})
    return Figures(count * CALL, errors * CALL, count, count * took_ns, took_ns, histogram)


def words(before: tuple[Figures, Figures], now: tuple[Figures, Figures]) -> tuple[str, ...]:
    sides = [
        {Ends(caller, STOCK): Link("database", (), figures) for caller, figures in zip(CALLERS, side, strict=True)}
        for side in (now, before)
    ]  # fmt: skip
    return _nodes(*sides, {}, {})[STOCK].words


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ((calls(60, 10), calls(60, 90)), ()),
        ((calls(600, 10), calls(60, 90)), ()),
        ((calls(60, 40), calls(60, 300)), (SLOWER_EDGE,)),
        ((calls(60, 10, errors=30), calls(60, 90)), (MORE_ERRORS,)),
        ((calls(3000, 10), calls(6, 90)), ()),
        ((calls(2000, 3), calls(60, 20)), (FASTER_EDGE,)),
    ],
    ids=["the fast one calls less", "as before", "slower for both", "errors are errors", "only the fast one",
         "faster for both"],
)  # fmt: skip
def test_a_database_is_slower_where_its_calls_are_not_where_others_call_it(now, told):
    assert words((calls(2000, 10), calls(60, 90)), now) == told
