"""Known answers: one fault at a time in the demo shop's traces, and how often the verdict is right.

    python bench/known_answers.py [--cases 200] [--seed 1] [--usual 400] [--healthy 200]

`--usual` traces of each flow make what is usual; `--healthy` other ones of each must be nothing unusual. Prints the
confusion table, every miss, and the figures of docs/verdict.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.demo.known_answers import (
    COUNTS,
    Bench,
    Result,
    confusion,
    healthy,
    told,
    usual_by_root,
    verdict_of,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--usual", type=int, default=400)
    parser.add_argument("--healthy", type=int, default=200)
    parser.add_argument("--all", action="store_true", help="print every case, not only the misses")
    asked = parser.parse_args()
    bench = Bench(asked.seed)
    flows = healthy(bench.stage, asked.usual, 500_000_000)
    usual = usual_by_root(seen for traces in flows.values() for seen in traces)
    counts = {fault: round(count * asked.cases / sum(COUNTS.values())) for fault, count in COUNTS.items()}
    results = [Result(case, verdict_of(case.seen, usual)) for case in bench.cases(counts)]
    print_cases(results, asked.all)
    print_healthy(healthy(bench.stage, asked.healthy, 700_000_000), usual)


def print_cases(results: list[Result], everything: bool) -> None:
    table = confusion(results)
    told_causes = sorted({cause for causes in table.values() for cause in causes})
    width = max(map(len, (*table, *told_causes)))
    print(f"{'injected':{width}}  " + "  ".join(told_causes))
    for cause, causes in sorted(table.items()):
        print(f"{cause:{width}}  " + "  ".join(str(causes[name] or "·").rjust(len(name)) for name in told_causes))
    by_fault = {fault: [r for r in results if r.case.fault == fault] for fault in COUNTS}
    print()
    for fault, mine in {**by_fault, "all": results}.items():
        right, timed = sum(r.is_right for r in mine), [r for r in mine if r.case.time_ns is not None]
        in_time = sum(r.is_time_right for r in timed)
        print(f"{fault:24} right {right:3} of {len(mine):3}   time within 5 % {in_time:3} of {len(timed):3}")
    print("\nmisses" if not everything else "\ncases")
    for r in results:
        if everything or not (r.is_right and r.is_time_right):
            marks = ("" if r.is_right else " WRONG") + ("" if r.is_time_right else " TIME")
            print(f"- {r.case.flow}: {r.case.what}; wanted {r.case.cause} in {r.case.service}{marks}\n  {told(r)}")


def print_healthy(flows: dict, usual: dict) -> None:
    causes, loud = Counter(), []
    for flow, traces in flows.items():
        for seen in traces:
            verdict = verdict_of(seen, usual)
            causes[verdict.main.cause] += 1
            if verdict.main.cause != "nothing_unusual":
                loud.append((flow, verdict))
    total = sum(causes.values())
    print(f"\nhealthy: {causes['nothing_unusual']} of {total} nothing unusual "
          f"({100 * causes['nothing_unusual'] / total:.2f} %); {dict(causes)}")  # fmt: skip
    for flow, count in Counter(flow for flow, _ in loud).most_common():
        print(f"  {flow}: {count} of {len(flows[flow])}")


if __name__ == "__main__":
    main()
