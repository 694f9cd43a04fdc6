"""What to show first of a trace with spans far off in time."""

from apps.traces.strays import first_look
from apps.traces.tree_building import build_tree
from tests.traces.build import SpanSpec, as_trace, traces_data

DAY_MS = 86_400_000


def look(*specs: SpanSpec):
    return first_look(build_tree(as_trace(traces_data(specs))))


def test_an_ordinary_trace_is_shown_whole():
    assert look(SpanSpec("web", "root", None, 0, 50), SpanSpec("web", "later", 0, 40, 5_000)) is None


def test_a_day_of_slow_work_is_no_stray():
    assert look(SpanSpec("batch", "root", None, 0, DAY_MS), SpanSpec("batch", "step", 0, 5, 2 * DAY_MS)) is None


def test_the_roots_own_time_is_shown_when_a_clock_is_days_off():
    window = look(SpanSpec("web", "root", None, 3 * DAY_MS, 50), SpanSpec("web", "stray", 0, 0, 5))
    start_ns = 3 * DAY_MS * 1_000_000
    assert (window.from_ns, window.to_ns) == (start_ns - 5_000_000, start_ns + 50_000_000)
