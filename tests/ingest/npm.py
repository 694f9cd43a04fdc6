"""The JavaScript SDKs of tests/sdk/package.json, installed once into a cache directory of this user."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "sdk"


def installed() -> Path:
    """A directory with node_modules and copies of our scripts. Raises RuntimeError when npm is missing or fails: what
    only a JavaScript SDK sends would otherwise go unseen."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        raise RuntimeError(f"these tests need {' and '.join(missing)}: apt-get install nodejs npm")
    manifest = (SOURCES / "package.json").read_bytes()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tracer-ui"
    place = base / f"sdk-{hashlib.sha256(manifest).hexdigest()[:12]}"
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.copy(SOURCES / "package.json", place)
            install(place)
            (place / "complete").touch()
    return place


def install(place: Path) -> None:
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"npm install failed in {place}:\n{done.stderr}")


if __name__ == "__main__":
    print(installed())
