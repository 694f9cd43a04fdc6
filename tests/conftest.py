"""Starts PostgreSQL and Redis in a temporary directory before Django reads its settings."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import django
import pytest

ROOT = Path(__file__).resolve().parent.parent


def start_services() -> None:
    """Both embedded services for this test run, stopped (and their data removed) when it ends."""
    home = Path(tempfile.mkdtemp(prefix="tracer-test-"))
    home.chmod(0o755)
    data_dir = home / "var"
    command = [sys.executable, "-m", "tracer_ui.embedded", "--data-dir", str(data_dir)]
    with (home / "services.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )

    def stop() -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    lines = [process.stdout.readline() for _ in range(3)]
    if not all(lines):
        raise RuntimeError("PostgreSQL and Redis did not start:\n" + (home / "services.log").read_text())
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ["TRACER_DATA_DIR"] = str(data_dir)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"


start_services()
django.setup()  # settings are read here, after the environment is ready


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Pages name their static files by hash, which needs the collected files."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
