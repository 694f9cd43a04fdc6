"""What the rollups answer equals the sum of the minutes in the window, at whatever stage its facts are."""

from __future__ import annotations

import random
import time
from bisect import bisect_right
from collections import defaultdict

import pytest

from apps.insights import key_parts, queries
from apps.insights.fold import fold
from apps.insights.freshness import freshness
from apps.insights.keys import OTHER
from apps.insights.seen import services_seen
from apps.insights.series import series
from apps.insights.usual import forget_usual, usual
from apps.insights.window import Window
from apps.store.connection import store_cursor
from apps.traces.histogram import Histogram
from apps.traces.moments import DAY_NS, HOUR_NS, MINUTE_NS
from tests.insights.brute import COVERAGE, EDGE, ERROR, NAME, PART, SERVICE, Count, expected
from tests.insights.incident import checkout, last_minute_ns
from tests.insights.test_exact import whole_traces
from tests.store.shop import cut, random_traces
from tests.storing import NS, digest_all, send

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def counts(store):
    """Forty traces of the last hour, half of them sealed late, folded at different times."""
    traces = random_traces(7, 40, spans=20)
    for n, batch in enumerate(cut(traces, 7, 6)):
        send(batch)
        digest_all()
        if n in (1, 3):
            fold(time.time_ns() + n * HOUR_NS)
    return expected(whole_traces(40))


def sums(counts, kind: int, window: Window, prefix: tuple = ()) -> dict[tuple, Count]:
    found = defaultdict(Count)
    for (k, parts, minute), count in counts.items():
        inside = window.start_ns <= minute * MINUTE_NS < window.end_ns
        if k == kind and inside and parts[: len(prefix)] == prefix:
            found[parts].merge(count)
    return {parts: count for parts, count in found.items() if count.samples}


def windows(seed: int) -> list[Window]:
    pick, now = random.Random(seed), time.time_ns() // MINUTE_NS * MINUTE_NS
    whole = [Window(now - 7 * DAY_NS, now + DAY_NS), Window(now - HOUR_NS, now + MINUTE_NS)]
    starts = [now - pick.randrange(150) * MINUTE_NS for _ in range(6)]
    return whole + [Window(start, start + pick.randrange(1, 200) * MINUTE_NS) for start in starts]


def same(figures: queries.Figures, count: Count, kind: int) -> bool:
    assert (figures.weight, figures.errors, figures.samples, figures.sum_ns) == count.numbers[:4]
    assert figures.histogram.counts == count.numbers[4]
    assert (figures.calls_histogram or Histogram()).counts == count.numbers[5]
    assert [(e.duration_ns, e.start_ns, e.trace_id, e.span_id) for e in figures.examples] == count.best(kind)
    return True


def test_traffic_is_the_edges_and_the_services_of_each_window(counts):
    asked = windows(1)
    for window, found in zip(asked, queries.traffic(1, asked), strict=True):
        assert found.edges == queries.edges(1, window)
        wanted: dict[str, Count] = defaultdict(Count)
        for (service, _), count in sums(counts, SERVICE, window).items():
            wanted[service].merge(count)
        assert found.services.keys() == wanted.keys()
        assert all(same(figures, wanted[service], SERVICE) for service, figures in found.services.items())


@pytest.mark.parametrize("seed", range(3))
def test_every_window_is_the_sum_of_its_minutes(counts, seed):
    for window in windows(seed):
        for kind, found in (
            (EDGE, queries.edges(1, window)),
            (NAME, queries.span_names(1, window)),
            (ERROR, queries.errors(1, window)),
        ):
            wanted = sums(counts, kind, window)
            assert {tuple(key) for key in found} == set(wanted)
            assert all(same(figures, wanted[key], kind) for key, figures in found.items())
        wanted = sums(counts, SERVICE, window)
        together: dict[str, Count] = defaultdict(Count)
        for (service, _), count in wanted.items():
            together[service].merge(count)
        entered = queries.entered(1, window)
        assert {(service, version) for service, one in entered.items() for version in one.versions} == set(wanted)
        assert all(same(one.figures, together[service], SERVICE) for service, one in entered.items())
        for service in entered:
            for version, figures in queries.versions(1, window, service).items():
                assert same(figures, wanted.pop((service, version)), SERVICE)
        assert not wanted
        cheap = queries.span_names(1, window, histograms=False)
        assert {tuple(k): (f.weight, f.max_ns) for k, f in cheap.items()} == {
            k: (c.weight, c.max_ns) for k, c in sums(counts, NAME, window).items()
        }


def test_parts_and_roots_of_a_root_span_name(counts):
    for window in windows(5):
        wholes = {k[:2]: c for k, c in sums(counts, PART, window).items() if k[2:] == ("", "", "")}
        roots = queries.roots(1, window)
        assert roots.keys() == wholes.keys()
        for root in roots:
            wanted = sums(counts, PART, window, root)
            found = queries.parts(1, window, *root)
            assert {(*root, *key) for key in found} == wanted.keys()
            assert all(same(figures, wanted[*root, *key], PART) for key, figures in found.items())


def test_one_services_span_names_and_certain_keys(counts):
    (window, *_) = windows(1)
    everything = queries.span_names(1, window)
    mine = queries.span_names(1, window, service="service-1")
    assert mine == {key: found for key, found in everything.items() if key.service == "service-1"}
    keys = list(everything)[::3]
    assert queries.span_names(1, window, keys=keys) == {key: everything[key] for key in keys}
    assert queries.span_names(1, window, keys=[]) == {}


def test_coverage_counts_traces_and_spans(counts):
    (window, *_) = windows(1)
    words = {parts[0]: count.samples for parts, count in sums(counts, COVERAGE, window).items()}
    found = queries.coverage(1, window)
    assert (found.traces, found.spans, found.error_traces) == (40, words["spans"], words["error_traces"])
    assert (found.incomplete, found.rootless, found.unanalysed, found.sampled_share) == (0, 0, 0, 0)


@pytest.mark.parametrize("step_minutes", [1, 5, 60, 1440])
def test_series_add_up_to_the_window(counts, step_minutes):
    for window in windows(2):
        step_ns = step_minutes * MINUTE_NS
        found = series(1, window, NAME, (), step_ns, group=1)
        wanted: dict[tuple[str, int], Count] = defaultdict(Count)
        for (kind, parts, minute), count in counts.items():
            if kind == NAME and window.start_ns <= minute * MINUTE_NS < window.end_ns:
                wanted[parts[0], bisect_right(found.steps, minute * MINUTE_NS) - 1].merge(count)
        for (service,), points in found.lines.items():
            for place, figures in enumerate(points):
                assert same(figures, wanted.pop((service, place), Count()), NAME)
        assert not any(count.samples for count in wanted.values())
        one = series(1, window, NAME, ("service-1",), step_ns)
        if sums(counts, NAME, window, ("service-1",)):
            assert one.lines[()] == found.lines[("service-1",)]


def test_the_usual_of_a_root_has_its_parts(counts):
    window, now = windows(1)[0], time.time_ns()
    whole = queries.parts(1, window, "service-0", "GET /")
    forget_usual()  # Digest has asked already, when nothing was there.
    found = usual(1, "service-0", "GET /", now)
    assert found.traces == whole["", "", ""].samples == 40
    assert found.waited_p95_ns == round(whole["", "", ""].p(0.95))
    services = {k.service for k in whole if k.service and not k.work}
    assert (found.services.keys(), len(found.parts)) == (services, len(whole) - 1 - len(services))
    assert usual(1, "no such", "GET /", now).traces == 0


def test_names_are_right_however_few_a_process_remembers(counts, monkeypatch):
    (window, *_) = windows(1)
    wanted = queries.span_names(1, window)
    monkeypatch.setattr(key_parts, "MOST", 5)
    monkeypatch.setattr(key_parts, "_known", {})
    for _ in range(2):
        assert queries.span_names(1, window, service="service-1") == {
            key: found for key, found in wanted.items() if key.service == "service-1"
        }
        assert queries.span_names(1, window) == wanted
        assert len(key_parts._known) <= key_parts.MOST


def test_facts_whose_key_was_dropped_are_nobodys(counts):
    (window, *_) = windows(1)
    wanted = queries.span_names(1, window)
    gone = next(iter(wanted))
    with store_cursor() as cursor:
        cursor.execute("DELETE FROM rollup_key WHERE kind = %s AND parts = %s", [NAME, list(gone)])
        key_parts._known.clear()
    del wanted[gone]
    assert queries.span_names(1, window) == wanted


def test_nothing_crosses_workspaces(counts):
    now = time.time_ns()
    send(*random_traces(8, 5), workspace_id=2)
    digest_all()
    fold(now + 5 * HOUR_NS)
    assert expected(whole_traces(40)) == counts
    window = windows(1)[0]
    assert queries.coverage(1, window).traces == 40
    assert queries.coverage(2, window).traces == 5
    assert queries.coverage(3, window).traces == 0
    for ask in (queries.edges, queries.span_names, queries.entered, queries.roots, queries.errors):
        assert ask(3, window) == {}
        assert ask(1, window) != ask(2, window)


def test_keys_know_when_they_were_first_and_last_seen(counts):
    minutes = defaultdict(list)
    for kind, parts, minute in counts:
        if kind == NAME and parts[0] == "service-1":
            minutes[parts].append(minute * MINUTE_NS)
    found = queries.first_seen(1, NAME, ("service-1",))
    assert found.keys() == minutes.keys()
    for parts, (first, last) in found.items():
        assert first == min(minutes[parts]) and max(minutes[parts]) - 10 * MINUTE_NS <= last <= max(minutes[parts])
    some = [*found][:2]
    assert queries.first_seen_of(1, NAME, [*some, ("service-1", "never", "SERVER", "", "")]) == {
        k: found[k] for k in some
    }
    assert queries.first_seen_of(2, NAME, some) == queries.first_seen_of(1, EDGE, some) == {}


def test_services_know_to_the_minute_when_they_sent_last(counts):
    minutes = defaultdict(list)
    for kind, parts, minute in counts:
        if kind == SERVICE:
            minutes[parts].append(minute * MINUTE_NS)
    found = {parts: seen for parts, seen in services_seen(1).items() if parts[0] != OTHER}
    assert found == {parts: (min(all_), max(all_)) for parts, all_ in minutes.items()}
    assert {service for service, _ in services_seen(1, "service-1")} == {"service-1"}


def test_hours_told_at_once_leave_no_key_more_than_ten_minutes_behind():
    """Each hour is stored before the next one, as by a sender that tells its past."""
    dice, end = random.Random(3), last_minute_ns()
    for ago in (180, 120, 60, 1):
        send(*(checkout(ago * 10 + n, end - ago * MINUTE_NS, dice) for n in range(3)))
        digest_all(later_s=120)
    last = end - MINUTE_NS - 10 * MINUTE_NS
    assert all(seen >= last for _, seen in queries.first_seen(1, SERVICE, ()).values())


def test_rollups_are_fresh_to_the_oldest_span_that_is_not_sealed():
    now = time.time_ns()
    assert freshness(1, now).behind_s == 0
    send(*random_traces(1, 3))
    found = freshness(1, now + 5 * NS)
    assert 4 < found.behind_s < 6 and found.fresh_to_ns <= time.time_ns()
    assert freshness(2, now + 5 * NS).behind_s == 0
    digest_all()
    assert freshness(1, now + 5 * NS).behind_s == 0
