"""docs/benchmarks.md from the figures of one run; the figures themselves are kept beside it as JSON."""

from __future__ import annotations

import json
from pathlib import Path

HEAD = """# Benchmarks

Figures of one run, printed as they came out; repeat it with `make bench`. Wall times on shared machines are noisy:
compare ratios and CPU seconds per million spans.

- command: `{command}`
- machine: {processor}, {memory}, {system}
- data: 26-span traces over 6 services, {bytes:.0f} bytes a span on the wire (uncompressed protobuf), 20 000 users,
  10 million orders, 2 % of traces with an error; batches by service, as SDKs send them
- the generator, all server processes, PostgreSQL and Redis share the machine; `synchronous_commit = on`
"""


def write_report(results: dict, path: Path) -> None:
    """Write the report and `<name>.json` beside it."""
    parts = [HEAD.format(command=results["command"], bytes=325, **results["machine"])]
    parts += [_ingest(results["ingest"]), _storage(results["sizes"]), _searches(results["sizes"])]
    path.write_text("\n".join(parts))
    path.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def _ingest(results: list[dict]) -> str:
    roles = list(results[0]["cpu_s_a_million"])
    rates = [
        [_load(r), f"{r['spans_a_second']:,}", f"{r['acknowledged']:,}", f"{r['found']:,}",
         *(r["request_ms"][n] for n in ("p50", "p95", "max")), r["lag_at_end_s"], r["lag_most_s"], r["drained_after_s"],
         r.get("rollups_behind_s", {}).get("p95", "")]
        for r in results
    ]  # fmt: skip
    cpu = [
        [r["batch"], *(r["cpu_s_a_million"][role] for role in roles), r["generator_cpu_s_a_million"]] for r in results
    ]
    return "\n".join([
        "## Ingest, with digest running\n",
        _table(["spans a batch", "acknowledged spans/s", "acknowledged", "found afterwards", "request p50 ms", "p95",
                "max", "digest behind at the end, s", "at most, s", "all sealed after, s",
                "rollups behind arrival, p95 s"], rates),
        "CPU seconds per million spans, from the first request until everything was sealed:\n",
        _table(["spans a batch", *roles, "(generator)"], cpu),
    ])  # fmt: skip


def _load(result: dict) -> str:
    return f"{result['batch']}, held to {result['rate']:,}/s" if result["rate"] else f"{result['batch']}, full speed"


def _storage(sizes: list[dict]) -> str:
    if not sizes:
        return ""
    kinds = list(sizes[-1]["bytes_a_span"])
    rows = [[kind, *(s["bytes_a_span"].get(kind, "") for s in sizes)] for kind in kinds]
    rows.append(["digest CPU s per million spans", *(s["digest_cpu_s_a_million"] for s in sizes)])
    return "## Bytes per sealed span\n\n" + _table(["", *(_size(s) for s in sizes)], rows)


def _searches(sizes: list[dict]) -> str:
    if not sizes:
        return ""
    rows = []
    for n, search in enumerate(sizes[-1]["searches"]):
        row: list[object] = [search["kind"]]
        for size in sizes:
            found = size["searches"][n]
            row += [found["rows"], f"{found['p50_ms']} / {found['p95_ms']} / {found['max_ms']}"]
        rows.append(row)
    head = [""] + [cell for s in sizes for cell in ("found", f"{_size(s)}: p50 / p95 / max ms")]
    said = "## Searches at the server, while 5 000 spans/s arrive\n\n"
    how = "Asked in a process set up as the web's is. Time window: 7 days. A page is 20 traces.\n\n"
    return said + how + _table(head, rows)


def _size(size: dict) -> str:
    return f"{size['spans'] / 1e6:.1f} M spans"
