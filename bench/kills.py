"""SIGKILL for one of the product's processes, or for all of them at once."""

from __future__ import annotations

import os
import random
import signal
import time

import psutil

from bench.product import Product, role_of

KINDS = ("web", "otlp", "worker", "beat", "postgres", "redis", "all")
STARTED_AGAIN_WITHIN_S = 120.0


class Killer:
    """Chooses victims in a running product."""

    def __init__(self, product: Product, pick: random.Random):
        self.product, self.pick = product, pick

    def kill(self, kind: str, digesting: list[int]) -> str:
        """SIGKILL for one process of that kind (its leader or one of its children); which. `digesting` are the
        PostgreSQL backends to choose from, when there are any."""
        if kind == "all":
            return self._kill_everything()
        until = time.monotonic() + STARTED_AGAIN_WITHIN_S
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
        raise RuntimeError(f"{kind} was not started again within {STARTED_AGAIN_WITHIN_S:.0f} s")

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
        until = time.monotonic() + STARTED_AGAIN_WITHIN_S
        while time.monotonic() < until:
            self.product.start()
            time.sleep(3.0)
            if self.product.process.poll() is None:
                return "supervisor" if len(victims) == 1 else "everything"
        raise RuntimeError(f"it could not be started again within {STARTED_AGAIN_WITHIN_S:.0f} s")


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
