"""Kills the product's processes at random moments under load, then counts every span that was acknowledged.

    python bench/chaos.py [--kinds web,otlp,worker,beat,postgres,redis,all:10] [--kills 20] [--rate 2000] [--log FILE]

The product is the real one, on ports and data of its own. `all` kills every process at once, the supervisor included,
and starts it again; the other kinds must come back without help. About two minutes a kind; prints one table.
`all:10` kills ten times, whatever --kills says; `web+worker` kills these kinds in turn.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.exporters import SERVICES, Diary, Exporter, Traffic
from bench.kills import KINDS, Killer
from bench.product import Product
from bench.rollup_tally import wrong_rollups
from bench.storage import Storage
from bench.tally import Tally, read_store, tally

RECOVERY_TIMEOUT_S = 120.0
AGAIN_AT_ONCE = 0.2
"""Part of the kills that do not wait until the system has recovered from the one before."""
AIMED, AIM_TIMEOUT_S = 0.5, 3.0
"""Part of the kills that wait for the moment when digest has a shard in its hands: a few per cent of all moments."""
DIGESTING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 0x74726163 AND granted"
OLDEST_UNSEALED = "SELECT coalesce(min(extract(epoch FROM received_at)), 'Infinity') FROM batch"
QUIET_SECONDS = 1


@dataclass
class Outcome:
    """One row of the table."""

    kind: str
    killed: list[str]
    during_digest: int
    """Kills at moments when digest had a shard in its hands."""
    tally: Tally | None
    answers: dict[str, int]
    bad_answers: list[str]
    longest_gap_s: float
    """Longest time without an acknowledgement on one of the two ports."""
    longest_digest_s: float
    """Longest time from a kill until all that had arrived before it was sealed."""
    wrong_rollups: int = 0
    """Keys and days whose figures are not what all sealed traces add up to, by brute force."""


class Chaos:
    """A product under load, whose processes can be killed."""

    def __init__(self, product: Product, storage: Storage, *, spans_per_s: float, seed: int):
        self.product, self.storage, self.spans_per_s = product, storage, spans_per_s
        self.pick = random.Random(seed)
        self.killer = Killer(product, self.pick)
        self.diaries: list[Diary] = []

    def run(self, kind: str, kills: int) -> Outcome:
        """Kill `kills` times under load, kinds joined by "+" in turn; then wait until all is sealed, and count."""
        diary, killed, during_digest, digest_s = Diary(), [], 0, 0.0
        kinds = kind.split("+")
        self.diaries.append(diary)
        stopped, began_at = threading.Event(), time.time()
        traffic = Traffic(self.spans_per_s, self.pick.randrange(1 << 30))
        addresses = (self.product.address(self.product.http_port), self.product.address(self.product.otlp_port))
        exporters = [Exporter(s, addresses[n % 2], traffic, diary, stopped) for n, s in enumerate(SERVICES)]
        for exporter in exporters:
            exporter.start()
        time.sleep(1.0)
        for number in range(kills):
            time.sleep(self.pick.uniform(0.0, 1.5))
            digesting = self.aim() if self.pick.random() < AIMED else []
            killed.append(self.killer.kill(kinds[number % len(kinds)], digesting))
            during_digest += bool(digesting)
            if self.pick.random() > AGAIN_AT_ONCE:
                digest_s = max(digest_s, self.wait_until_recovered(diary))
        digest_s = max(digest_s, self.wait_until_recovered(diary))
        stopped.set()
        for exporter in exporters:
            exporter.join(60)
        self.patiently(self.storage.wait_until_sealed)
        counted = tally(diary, self.diaries, self.patiently(lambda: read_store(began_at)))
        gap_s = max(diary.longest_gap_s.values(), default=0.0)
        return Outcome(kind, killed, during_digest, counted, dict(diary.answers), diary.bad_answers, gap_s, digest_s)

    def count_all(self) -> Outcome:
        """Everything once more: what was counted after one kind of kills must have outlived those after it."""
        together = Diary()
        for diary in self.diaries:
            together.sent |= diary.sent
            together.acknowledged |= diary.acknowledged
        counted = tally(together, [together], self.patiently(read_store))
        wrong = self.patiently(wrong_rollups)
        return Outcome("together, at the end", [], 0, counted, {}, [], 0.0, 0.0, wrong)

    def aim(self) -> list[int]:
        """Wait until digest is at work, then a moment more; the backends that work for it, if there are any yet."""
        until = time.monotonic() + AIM_TIMEOUT_S
        while time.monotonic() < until:
            found = [pid for (pid,) in self.patiently(lambda: self.storage.rows(DIGESTING))]
            if found:
                time.sleep(self.pick.uniform(0.0, 0.02))
                return found
            time.sleep(0.002)
        return []

    def wait_until_recovered(self, diary: Diary) -> float:
        """Wait until both ports have acknowledged something and all that had arrived by now is sealed; seconds."""
        now, began = time.time(), time.monotonic()
        until = began + RECOVERY_TIMEOUT_S
        while time.monotonic() < until:
            if self.product.process.poll() is not None:
                self.product.start()
            is_taken = len(diary.answered_at) == 2 and min(diary.answered_at.values()) > began
            if is_taken and self.patiently(lambda: self.oldest_unsealed_at()) > now:
                return time.monotonic() - began
            time.sleep(0.1)
        raise RuntimeError(f"not recovered after {RECOVERY_TIMEOUT_S:.0f} s: {dict(diary.answers)}")

    def oldest_unsealed_at(self) -> float:
        """When the oldest unsealed batch arrived, s since 1970; infinite when there is none."""
        return float(self.storage.rows(OLDEST_UNSEALED)[0][0])

    def patiently(self, ask):
        """Our own question to a database that may be starting up."""
        from apps.store.connection import StoreUnavailable

        until = time.monotonic() + RECOVERY_TIMEOUT_S
        while True:
            try:
                return ask()
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


HEAD = ("kind", "kills", "of them during digest", "acknowledged spans", "and log records", "lost", "doubled",
        "other trouble", "longest without acknowledgement", "longest until sealed again")  # fmt: skip


def table(outcomes: list[Outcome]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|" + "---:|" * (len(HEAD) - 1)]
    for o in outcomes:
        others = {k: v for k, v in o.tally.troubles.items() if k not in ("lost", "doubled")}
        if o.wrong_rollups:
            others["wrong rollups"] = o.wrong_rollups
        if o.bad_answers:
            others["bad answers"] = len(o.bad_answers)
        cells = (o.kind, len(o.killed), o.during_digest, f"{o.tally.acknowledged:,}", f"{o.tally.acknowledged_logs:,}",
                 o.tally.lost, o.tally.doubled, ", ".join(f"{k} {v}" for k, v in others.items()) or 0,
                 f"{o.longest_gap_s:.1f} s", f"{o.longest_digest_s:.1f} s")  # fmt: skip
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=float, default=2000, help="spans a second")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--log", help="keep the product's own output in this file")
    asked = parser.parse_args()
    outcomes = []
    with Product(TRACER_QUIET_SECONDS=str(QUIET_SECONDS)) as product:
        chaos = Chaos(product, Storage(product.environment), spans_per_s=asked.rate, seed=asked.seed)
        try:
            for word in asked.kinds.split(","):
                kind, _, kills = word.partition(":")
                outcomes.append(chaos.run(kind, int(kills or asked.kills)))
                print(time.strftime("%H:%M:%S"), outcomes[-1], flush=True)
                print(table(outcomes), flush=True)
            outcomes.append(chaos.count_all())
        finally:
            if asked.log:
                shutil.copy(product.home / "log", asked.log)
    print(table(outcomes))
    if any(o.tally.troubles or o.bad_answers or o.wrong_rollups for o in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
