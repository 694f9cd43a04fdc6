"""Where the embedded PostgreSQL and Redis listen: addresses that follow from the data directory alone."""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

DATABASE_USER = DATABASE_NAME = "tracer"
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path holds 108, the last is NUL
POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"


def socket_directory(data_dir: Path) -> Path:
    """`run/` in the data directory, or a short directory in /tmp when a socket path there would be too long."""
    directory = data_dir.absolute() / "run"
    if len(os.fsencode(directory / POSTGRES_SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES:
        return directory
    digest = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path("/tmp") / f"tracer-ui-{digest}"


def database_url(data_dir: Path, name: str = DATABASE_NAME) -> str:
    """A libpq URL for database `name` of the embedded server."""
    return f"postgresql://{DATABASE_USER}@{quote(str(socket_directory(data_dir)), safe='')}/{name}"


def redis_url(data_dir: Path) -> str:
    """A redis-py URL for the embedded Redis."""
    return f"unix://{quote(str(socket_directory(data_dir) / 'redis.sock'))}"
