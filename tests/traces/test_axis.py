import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.traces.axis import Window, tick_text, ticks
from apps.traces.minimap import minimap
from apps.traces.tree_building import build_tree
from tests.traces.build import MS, as_trace, draw, random_trace, trace_of, traces_data
from tests.traces.test_tree import wild_spans


def labels(duration_ns, from_ns=None, to_ns=None) -> list[str]:
    found = ticks(Window.within(duration_ns, from_ns, to_ns), duration_ns)
    return [tick.text.replace("\u00a0", " ") for tick in found]


@pytest.mark.parametrize(
    ("duration_ns", "expected"),
    [
        (1_726 * MS, ["0", "250 ms", "500 ms", "750 ms", "1 s", "1.25 s", "1.5 s", "1.73 s"]),
        (0, ["0", "0 ns"]),
        (5, ["0", "1 ns", "2 ns", "3 ns", "4 ns", "5 ns"]),
        (100 * MS, ["0", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms"]),
        (400_000_000_000, ["0", "1 min", "2 min", "3 min", "4 min", "5 min", "6 min", "6 min 40 s"]),
    ],
)
def test_ticks_stand_at_round_times_and_end_with_the_duration(duration_ns, expected):
    assert labels(duration_ns) == expected


def test_a_zoomed_axis_has_round_offsets_too():
    assert labels(1_726 * MS, 1_061 * MS, 1_063 * MS) == [
        "1.061 s",
        "1.06125 s",
        "1.0615 s",
        "1.06175 s",
        "1.062 s",
        "1.06225 s",
        "1.0625 s",
        "1.06275 s",
        "1.063 s",
    ]


def test_the_outer_ticks_do_not_hang_over():
    found = ticks(Window.within(100 * MS), 100 * MS)
    assert [tick.anchor for tick in found] == ["start", "mid", "mid", "mid", "mid", "end"]


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0"),
        (1_250 * MS, "1.25 s"),
        (7_200_000_000_000, "2 h"),
        (125_000_000_000, "2 min 5 s"),
        (61_500 * MS, "61.5 s"),
        (1_500, "1.5 µs"),
    ],
)
def test_tick_texts_are_exact_and_short(ns, text):
    assert tick_text(ns).replace("\u00a0", " ") == text


@given(st.integers(0, 2**63), st.integers(0, 2**63), st.integers(0, 2**63))
def test_ticks_are_few_in_order_and_on_the_axis(duration, start, end):
    window = Window.within(duration, start, end)
    found = ticks(window, duration)
    assert len(found) <= 10
    assert all(0 <= tick.x <= 100 for tick in found)
    assert [tick.x for tick in found] == sorted(tick.x for tick in found)


@given(st.integers(0, 10**12), st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12))
def test_a_bar_never_leaves_the_axis(duration, start, end):
    bar = Window.within(duration).bar(start, end)
    assert 0 <= bar.x <= bar.x + bar.width <= 100.001


def test_the_minimap_draws_each_span_of_a_small_trace():
    bars = minimap(
        build_tree(
            draw("""
        web root            |[========]
          db select         |  [==] !
    """)
        )
    )
    assert [(bar.x, bar.y, bar.width, bar.height, bar.service, bar.has_error) for bar in bars] == [
        (0, 0, 100, 50, "web", False),
        (20, 50, 40, 50, "db", True),
    ]


def test_the_minimap_of_a_huge_trace_stays_small_and_keeps_its_errors():
    bars = minimap(build_tree(random_trace(3, 20_000)))
    assert 36 <= len(bars) <= 396
    assert any(bar.has_error for bar in bars)
    fan = minimap(build_tree(trace_of(*(("a", "n", 0 if i else None, i, 1 if i else 10_000) for i in range(10_000)))))
    # Neighbours melt: each line is one bar over its share, not a dot.
    assert len(fan) == 36 and all(bar.width > 2 for bar in fan)


@given(wild_spans)
def test_the_minimap_stays_within_its_frame(specs):
    for bar in minimap(build_tree(as_trace(traces_data(specs)))):
        assert 0 <= bar.x <= 100 and bar.x + bar.width <= 100.26
        assert bar.y >= 0 and bar.y + bar.height <= 100.01
