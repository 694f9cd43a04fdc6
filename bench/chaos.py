"""Kills the product's processes at random moments under load, then counts every span that was acknowledged.

    python bench/chaos.py [--kinds web,otlp,worker,beat,postgres,redis,all:10] [--kills 20] [--rate 2000] [--log FILE]

The product is the real one, on ports and data of its own. `all` kills every process at once, the supervisor included,
and starts it again; the other kinds must come back without help. About two minutes a kind; prints one table.
`all:10` kills ten times, whatever --kills says.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from bench.exporters import SERVICES, Diary, Exporter, Traffic
from bench.product import Product, role_of
from bench.storage import Storage
from bench.tally import Tally, read_store, tally

KINDS = ("web", "otlp", "worker", "beat", "postgres", "redis", "all")
RECOVERY_TIMEOUT_S = 120.0
AGAIN_AT_ONCE = 0.2
"""Part of the kills that do not wait until the system has recovered from the one before."""
AIMED, AIM_TIMEOUT_S = 0.5, 3.0
"""Part of the kills that wait for the moment when digest has a shard in its hands: a few per cent of all moments."""
DIGESTING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 0x74726163 AND granted"
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


class Chaos:
    """A product under load, whose processes can be killed."""

    def __init__(self, product: Product, storage: Storage, *, spans_per_s: float, seed: int):
        self.product, self.storage, self.spans_per_s = product, storage, spans_per_s
        self.pick = random.Random(seed)
        self.diaries: list[Diary] = []

    def run(self, kind: str, kills: int) -> Outcome:
        """Kill `kills` times under load; then wait until all is sealed, and count."""
        diary, killed, during_digest, digest_s = Diary(), [], 0, 0.0
        self.diaries.append(diary)
        stopped, began_at = threading.Event(), time.time()
        traffic = Traffic(self.spans_per_s, self.pick.randrange(1 << 30))
        addresses = (self.product.address(self.product.http_port), self.product.address(self.product.otlp_port))
        exporters = [Exporter(s, addresses[n % 2], traffic, diary, stopped) for n, s in enumerate(SERVICES)]
        for exporter in exporters:
            exporter.start()
        time.sleep(1.0)
        for _ in range(kills):
            time.sleep(self.pick.uniform(0.0, 1.5))
            digesting = self.aim() if self.pick.random() < AIMED else []
            killed.append(self.kill(kind, digesting))
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
        return Outcome("together, at the end", [], 0, counted, {}, [], 0.0, 0.0)

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

    def kill(self, kind: str, digesting: list[int]) -> str:
        """SIGKILL for one process of that kind (its leader or one of its children); which. `digesting` are the
        PostgreSQL backends to choose from, when there are any."""
        if kind == "all":
            return self._kill_everything()
        until = time.monotonic() + RECOVERY_TIMEOUT_S
        while time.monotonic() < until:
            supervisor = psutil.Process(self.product.process.pid)
            try:
                leader = next((p for p in supervisor.children() if role_of(p) == kind), None)
                if leader is not None:
                    children = leader.children(recursive=True)
                    children = [p for p in children if p.pid in digesting] or children
                    victim = self.pick.choice(children) if children and self.pick.random() < 0.5 else leader
                    name = "leader" if victim is leader else _what(victim)
                    victim.kill()
                    return name
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{kind} was not started again within {RECOVERY_TIMEOUT_S:.0f} s")

    def _kill_everything(self) -> str:
        """Either every process at once, as when a container is killed, or the supervisor alone, whose guard ends
        the rest. Then start again, as a service manager would, until it runs."""
        supervisor = psutil.Process(self.product.process.pid)
        victims = [supervisor] if self.pick.random() < 0.3 else _frozen(supervisor)
        self.pick.shuffle(victims)
        for victim in victims:
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.product.process.wait()
        until = time.monotonic() + RECOVERY_TIMEOUT_S
        while time.monotonic() < until:
            self.product.start()
            time.sleep(3.0)
            if self.product.process.poll() is None:
                return "supervisor" if len(victims) == 1 else "everything"
        raise RuntimeError(f"it could not be started again within {RECOVERY_TIMEOUT_S:.0f} s")

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
        return float(self.storage.rows("SELECT coalesce(min(extract(epoch FROM received_at)), 'Infinity') FROM batch")[0][0])

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


def _frozen(supervisor: psutil.Process) -> list[psutil.Process]:
    """The supervisor and all below it, stopped first: no one of them may start another while they are killed."""
    found: set[psutil.Process] = set()
    while new := {supervisor, *supervisor.children(recursive=True)} - found:
        for process in new:
            try:
                process.suspend()
            except psutil.NoSuchProcess:
                pass
        found |= new
    return sorted(found, key=lambda p: p.pid)


def _what(process: psutil.Process) -> str:
    """`postgres: checkpointer` and the like by their first words, other children as `child`."""
    words = " ".join(process.cmdline()).split()
    if words[:1] != ["postgres:"]:
        return "child"
    return "backend" if "[local]" in words else " ".join(words[1:3])


HEAD = ("kind", "kills", "of them during digest", "acknowledged spans", "and log records", "lost", "doubled", "other trouble",
        "longest without acknowledgement", "longest until sealed again")  # fmt: skip


def table(outcomes: list[Outcome]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|" + "---:|" * (len(HEAD) - 1)]
    for o in outcomes:
        others = {k: v for k, v in o.tally.troubles.items() if k not in ("lost", "doubled")}
        if o.bad_answers:
            others["bad answers"] = len(o.bad_answers)
        cells = (o.kind, len(o.killed), o.during_digest, f"{o.tally.acknowledged:,}", f"{o.tally.acknowledged_logs:,}", o.tally.lost,
                 o.tally.doubled, ", ".join(f"{k} {v}" for k, v in others.items()) or 0, f"{o.longest_gap_s:.1f} s",
                 f"{o.longest_digest_s:.1f} s")  # fmt: skip
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
    if any(o.tally.troubles or o.bad_answers for o in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
