"""The product under measurement: the real processes on ports and data of their own, and the CPU each has used."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

from tracer_ui.privileges import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("web", "otlp", "worker", "beat", "postgres", "redis")


class Product:
    """`with Product() as product:` starts everything in a temporary folder and leaves nothing behind. `more` are
    further settings, by the names of their variables."""

    def __init__(self, **more: str):
        self.more = more

    def __enter__(self) -> Product:
        self.home = Path(tempfile.mkdtemp(prefix="tracer-bench-"))
        self.home.chmod(0o755)
        self.http_port, self.otlp_port = _free_port(), _free_port()
        self.environment = {
            **os.environ,
            "TRACER_DATA_DIR": str(self.home / "var"),
            "TRACER_HTTP_PORT": str(self.http_port),
            "TRACER_OTLP_PORT": str(self.otlp_port),
            "TRACER_MAX_BACKLOG_SPANS": "10000000",
            **self.more,
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self.environment.pop(name, None)
        self.log = (self.home / "log").open("w")
        self.start()
        self._wait_until_ready()
        return self

    def start(self) -> None:
        """Start the supervisor, at first or after it was killed; returns at once."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tracer_ui.up"], cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    @property
    def traces_url(self) -> str:
        return f"http://127.0.0.1:{self.otlp_port}/v1/traces"

    def cpu_seconds(self) -> dict[str, float]:
        """CPU seconds used so far by role, children that have ended included."""
        used = dict.fromkeys(ROLES, 0.0)
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                role, times = role_of(process), process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            if role:
                used[role] += times.user + times.system
                if role == "postgres":
                    used[role] += times.children_user + times.children_system
        return used

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.5)
        raise RuntimeError(f"not ready after 120 s:\n{(self.home / 'log').read_text()[-4000:]}")


def role_of(process: psutil.Process) -> str | None:
    """What a process of the product is, by its command line; None for the guard and for passing commands."""
    words = " ".join(process.cmdline()) or process.name()
    # "postgres: autovacuum worker" is PostgreSQL's, hence first.
    marks = {"postgres": "postgres", "redis": "redis", "serve web": "web", "serve otlp": "otlp", " beat": "beat",
             " worker": "worker"}  # fmt: skip
    return next((role for mark, role in marks.items() if mark in words), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
