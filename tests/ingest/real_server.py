"""One of our two servers, started as it is deployed, on a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path

from tracer_ui.privileges import die_with_parent

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RealServer:
    port: int
    process: subprocess.Popen
    words: dict[str, str] = field(default_factory=dict)
    """What `{secret}`, `{public}` and `{basic}` stand for in a row of the table."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fill(self, text: str) -> str:
        for name, value in self.words.items():
            text = text.replace("{" + name + "}", value)
        return text

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def start(environment: dict[str, str], log: Path, role: str = "otlp") -> RealServer:
    """One worker process; returns when the port answers."""
    port = free_port()
    settings = {
        f"TRACER_{'OTLP' if role == 'otlp' else 'HTTP'}_PORT": str(port),
        "TRACER_OTLP_WORKERS": "1", "TRACER_WEB_WORKERS": "1", "TRACER_THREADS": "4",
    }  # fmt: skip
    command = [sys.executable, "-m", "tracer_ui.serve", role]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings | environment, stdout=output, stderr=output,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return RealServer(port, process)
        except OSError:
            time.sleep(0.05)
    process.kill()
    raise RuntimeError("The server did not start:\n" + log.read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def key_words(secret: str, public: str) -> dict[str, str]:
    basic = "Basic " + b64encode(f"sender:{secret}".encode()).decode()
    return {"secret": secret, "public": public, "basic": basic}
