"""A smaller run of bench/known_answers.py: faults put into the shop's traces are found, healthy ones stay quiet."""

import pytest

from tests.demo.known_answers import Bench, Result, healthy, told, usual_by_root, verdict_of

COUNTS = {
    "delay": 12, "n_plus_one": 10, "retry_storm": 8, "error": 8, "queue_backlog": 6, "missing_instrumentation": 6,
}  # fmt: skip
SEED = 11


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(SEED)


@pytest.fixture(scope="module")
def usual(bench):
    flows = healthy(bench.stage, 60, 500_000_000)
    return usual_by_root(seen for traces in flows.values() for seen in traces)


def test_the_sentence_names_service_and_cause_and_the_time_is_right(bench, usual):
    results = [Result(case, verdict_of(case.seen, usual)) for case in bench.cases(COUNTS)]
    misses = [(r.case.flow, r.case.what, r.case.cause, r.case.service, told(r)) for r in results if not r.is_right]
    assert len(misses) <= 0.05 * len(results), misses
    late = [(r.case.what, r.case.time_ns, told(r)) for r in results if not r.is_time_right]
    assert len(late) <= 0.05 * len(results), late


def test_healthy_traces_are_nothing_unusual(bench, usual):
    verdicts = [verdict_of(seen, usual) for traces in healthy(bench.stage, 20, 700_000_000).values() for seen in traces]
    loud = [verdict for verdict in verdicts if verdict.main.cause != "nothing_unusual"]
    assert len(loud) <= 0.02 * len(verdicts), loud


def test_the_ledger_is_what_the_root_span_lasted(bench):
    """The truth itself: what services spent adds up to how long somebody waited."""
    for flow, traces in {"check out": 3, "home": 3, "notify": 3, "refund": 3}.items():
        for n in range(traces):
            made = bench.stage.make(flow, 900_000_000 + n)
            root = next(span for span in made.spans if span.parent is None)
            assert sum(made.ledger.spent_ns.values()) == root.end_time - root.start_time
