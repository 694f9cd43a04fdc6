"""What contributions, edges and verdicts cost a worker, and that their parts sum up: `python bench/contributions.py`.

    python bench/contributions.py [--hours 1] [--spans 50000] [--random 100000]

CPU time of one process in µs a span: over the demo shop's traces (raw spans, as digest has them), and over one large
trace as a page opens it. `--random` checks the sum on that many random traces besides (0 for none).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from apps.traces.column_readers import ColumnReader
from apps.traces.contributions import contributions_of
from apps.traces.draft import Draft
from apps.traces.edges import edges_of
from apps.traces.error_origin import draft_reader
from apps.traces.family import Family
from apps.traces.verdict.codec import pack
from apps.traces.verdict.failures import failures_of
from apps.traces.verdict.judge import judge
from apps.traces.verdict.waits import waits_in
from apps.traces.work import by_name
from tests.demo.conftest import drafts, make_day
from tests.traces.build import random_trace
from tests.traces.test_contributions_sum import check
from tests.traces.usual_build import UsualSum
from tests.traces.wild import wild


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1, help="of the demo shop")
    parser.add_argument("--spans", type=int, default=50_000, help="of the large trace")
    parser.add_argument("--random", type=int, default=0, help="random traces to check")
    asked = parser.parse_args()
    shop = list(drafts(make_day(hours=asked.hours)))
    spans = sum(draft.span_count for draft in shop)
    print(f"demo shop: {len(shop)} traces, {spans} spans")
    reader = ColumnReader()
    verdicts(shop, spans, *stages(spans, lambda: [reader.read(draft) for draft in shop]))
    print(f"one trace of {asked.spans} spans")
    trace = random_trace(1, asked.spans)
    stages(asked.spans, lambda: [reader.read_trace(trace)])
    if asked.random:
        for seed in range(asked.random):
            check(contributions_of(Family(wild(seed))))
        print(f"{asked.random} random traces: every sum exact")


def stages(spans: int, read: Callable) -> tuple[list, list, list]:
    columns = timed("columns", spans, read)
    families = timed("parents, children, calls", spans, lambda: [Family(one) for one in columns])
    found = timed("contributions", spans, lambda: [contributions_of(family) for family in families])
    parts = timed("by name and kind of work", spans, lambda: [by_name(one) for one in found])
    edges = timed("edges", spans, lambda: [edges_of(family) for family in families])
    return found, parts, edges


def verdicts(shop: list[Draft], spans: int, found: list, parts: list, edges: list) -> None:
    """Each trace against what is usual among all of its root span name."""
    sums = defaultdict(UsualSum)
    roots = [(one.family.columns.service[one.family.main], one.family.columns.name[one.family.main]) for one in found]
    for root, *told in zip(roots, found, parts, strict=True):
        sums[root].add(*told)
    usual = {root: sum_.usual() for root, sum_ in sums.items()}
    traces = list(zip(shop, roots, found, parts, edges, strict=True))

    def judged(draft, root, found, parts, edges):
        return pack(judge(found, parts, usual[root], failures_of(found, draft_reader(draft)), waits_in(edges.edges)))

    packed = timed("verdict", spans, lambda: [judged(*trace) for trace in traces])
    print(f"  {'bytes of a verdict':28} {sum(map(len, packed)) / len(packed):6.1f}")


def timed(what: str, spans: int, run: Callable):
    """The best of three: the machine has other things to do, too."""
    best, result = float("inf"), None
    for _ in range(3):
        result, before = None, time.process_time()
        result = run()
        best = min(best, time.process_time() - before)
    print(f"  {what:28} {best / spans * 1e6:6.2f} µs a span")
    return result


if __name__ == "__main__":
    main()
