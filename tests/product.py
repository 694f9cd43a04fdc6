"""Runs the real product in a directory of its own, as `make up` does."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tracer_ui.privileges import die_with_parent

ROOT = Path(__file__).resolve().parent.parent


class Product:
    """One instance: `web_url` and `otlp_url` once started, `log()` for what it printed."""

    def __init__(self, home: Path, web_port: int, otlp_port: int, environment: dict[str, str] | None = None) -> None:
        self.home, self.data_dir = home, home / "var"
        self.web_url, self.otlp_url = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{otlp_port}"
        mine = {
            "TRACER_DATA_DIR": str(self.data_dir),
            "TRACER_HTTP_PORT": str(web_port),
            "TRACER_OTLP_PORT": str(otlp_port),
            **(environment or {}),
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TRACER_")}
        self.environment = {**inherited, **mine}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_s: float = 90.0) -> None:
        """Starts it and waits until both ports answer; raises RuntimeError with its output."""
        with (self.home / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tracer_ui.up"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )
        deadline_s = time.monotonic() + timeout_s
        while not (answers(self.web_url) and answers(self.otlp_url)):
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                raise RuntimeError("the product did not start:\n" + self.log()[-4000:])
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 60.0) -> int:
        """Sends a signal and waits for the end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout_s)

    def shell(self, code: str) -> str:
        """What `code` prints when run inside this instance."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", code]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def log(self) -> str:
        """Everything it printed so far."""
        return (self.home / "output.log").read_text(errors="replace")


class IdleConnection(threading.Thread):
    """A connection that is used, then left alone, then used again, while other tests run."""

    def __init__(self, url: str, pause_s: float) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        self.pause_s, self.answers, self.sockets = pause_s, [], []
        self.start()

    def run(self) -> None:
        with closing(self.connection), suppress(OSError, http.client.HTTPException):  # the product may stop earlier
            for pause_s in (self.pause_s, 0):
                self.connection.request("GET", "/healthz")
                self.sockets.append(self.connection.sock)
                self.answers.append(self.connection.getresponse().read())
                time.sleep(pause_s)


def answers(url: str) -> bool:
    """Whether a server answers /healthz there."""
    try:
        urllib.request.urlopen(url + "/healthz", timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
