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

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("web", "otlp", "worker", "beat", "postgres", "redis")


class Product:
    """`with Product() as product:` starts everything in a temporary folder and leaves nothing behind."""

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
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            self.environment.pop(name, None)
        self.log = (self.home / "log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tracer_ui.up"], cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log
        )
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def traces_url(self) -> str:
        return f"http://127.0.0.1:{self.otlp_port}/v1/traces"

    def cpu_seconds(self) -> dict[str, float]:
        """CPU seconds used so far by role, children that have ended included."""
        used = dict.fromkeys(ROLES, 0.0)
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                role, times = _role(process), process.cpu_times()
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


def _role(process: psutil.Process) -> str | None:
    words = " ".join(process.cmdline()) or process.name()
    marks = {"serve web": "web", "serve otlp": "otlp", " beat": "beat", " worker": "worker", "redis": "redis",
             "postgres": "postgres"}  # fmt: skip
    return next((role for mark, role in marks.items() if mark in words), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
