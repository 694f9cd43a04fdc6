"""`python -m tracer_ui.up [--demo]`: the whole product in the foreground, until Ctrl-C or SIGTERM."""

import argparse
import errno
import fcntl
import os
import socket
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TextIO

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracer_ui.settings")

import psycopg
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tracer_ui.embedded import start_services
from tracer_ui.supervisor import Program, ProgramFailed, Supervisor

STEP_TIMEOUT_S = 600.0
READY_TIMEOUT_S = 60.0


def main() -> None:
    """Starts everything in order; every trouble is one line that says what to do."""
    parser = argparse.ArgumentParser(prog="python -m tracer_ui.up", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="also run the demo shop, which sends traces")
    arguments = parser.parse_args()
    supervisor = Supervisor()
    supervisor.catch_signals()
    try:
        with closing(lock_data_dir(settings.TRACER_DATA_DIR)):
            for name in ("TRACER_HTTP_PORT", "TRACER_OTLP_PORT"):
                check_port_is_free(name)
            check_given_services()
            # Our children run in the checkout, and must not read a relative path from there.
            os.environ["TRACER_DATA_DIR"] = str(settings.TRACER_DATA_DIR)
            os.chdir(settings.BASE_DIR)
            try:
                run(supervisor, demo=arguments.demo)
            finally:
                supervisor.stop_all(first=("demo",), last=("redis", "postgres"))
    except (ImproperlyConfigured, ProgramFailed, RuntimeError, OSError) as error:
        sys.exit(f"tracer-ui: {error}")


def run(supervisor: Supervisor, *, demo: bool) -> None:
    """Services, then the schema, then the four processes; returns when asked to stop."""
    start_services(
        supervisor,
        settings.TRACER_DATA_DIR,
        postgres=settings.TRACER_EMBEDDED_DATABASE,
        redis=settings.TRACER_EMBEDDED_REDIS,
    )
    if not supervisor.stopping:
        steps = [manage(step, "--noinput", "--verbosity=0") for step in ("migrate", "collectstatic")]
        supervisor.finish(steps, STEP_TIMEOUT_S)
    if supervisor.stopping:
        return
    for program in product_programs():
        supervisor.start(program)
    if supervisor.pump(until=both_ports_answer, timeout_s=READY_TIMEOUT_S):
        announce(supervisor)
    elif not supervisor.stopping:
        raise ProgramFailed(f"the web server did not answer within {READY_TIMEOUT_S:.0f} s; its last lines are above")
    if demo and not supervisor.stopping:
        diary = settings.TRACER_DATA_DIR / "demo-shop.json"
        supervisor.start(manage("demo_shop", f"--diary={diary}", name="demo"))
    supervisor.run()


def product_programs() -> list[Program]:
    """The four processes, by the commands that docker-compose.yml uses too."""
    celery = [sys.executable, "-m", "celery", "--quiet", "--app=tracer_ui"]
    worker = ["worker", "--pool=prefork", f"--concurrency={settings.TRACER_WORKER_PROCESSES}", "-O", "fair"]
    return [
        Program("web", [sys.executable, "-m", "tracer_ui.serve", "web"]),
        Program("otlp", [sys.executable, "-m", "tracer_ui.serve", "otlp"]),
        Program("worker", [*celery, *worker, "--without-gossip", "--without-mingle", "--loglevel=WARNING"]),
        Program("beat", [*celery, "beat", "--scheduler=celery.beat:Scheduler", "--loglevel=WARNING", "--pidfile="]),
    ]


def manage(command: str, *options: str, name: str = "") -> Program:
    """`manage.py <command>` as a program."""
    return Program(name or command, [sys.executable, str(settings.BASE_DIR / "manage.py"), command, *options])


def lock_data_dir(directory: Path) -> TextIO:
    """Holds the data directory for us; raises RuntimeError when another instance has it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / "lock").open("w")
    except OSError as error:
        raise RuntimeError(f"TRACER_DATA_DIR={directory} cannot be used: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise RuntimeError(f"another instance runs on {directory}; set TRACER_DATA_DIR to use another one") from None
    return lock


def check_port_is_free(name: str) -> None:
    """Raises RuntimeError naming the port and the setting when something listens there already."""
    port = getattr(settings, name)
    family = socket.AF_INET6 if ":" in settings.TRACER_BIND else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.TRACER_BIND, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise RuntimeError(f"port {port} is taken; set {name} to a free one") from None
            raise RuntimeError(
                f"cannot listen on {settings.TRACER_BIND} port {port} ({name}): {error.strerror}"
            ) from None


def check_given_services() -> None:
    """Raises RuntimeError naming DATABASE_URL or REDIS_URL when the server that was given does not let us in."""
    if not settings.TRACER_EMBEDDED_DATABASE:
        try:
            psycopg.connect(settings.DATABASE_URL, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            raise RuntimeError(f"the PostgreSQL of DATABASE_URL does not let us in: {error}") from None
    if not settings.TRACER_EMBEDDED_REDIS:
        try:
            with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5) as client:
                client.ping()
        except redis.RedisError as error:
            raise RuntimeError(f"the Redis of REDIS_URL does not let us in: {error}") from None


def local_url(port: int) -> str:
    """How this machine reaches a port of ours."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.TRACER_BIND, settings.TRACER_BIND)
    return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{port}"


def both_ports_answer() -> bool:
    """Whether web and otlp serve requests."""
    for port in (settings.TRACER_HTTP_PORT, settings.TRACER_OTLP_PORT):
        try:
            urllib.request.urlopen(local_url(port) + "/healthz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            return False
    return True


def announce(supervisor: Supervisor) -> None:
    """Says where it is."""
    supervisor.say(f"open   {settings.TRACER_PUBLIC_URL or local_url(settings.TRACER_HTTP_PORT)}/")
    supervisor.say(f"send   OTEL_EXPORTER_OTLP_ENDPOINT={local_url(settings.TRACER_OTLP_PORT)}")
    supervisor.say("       OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
    supervisor.say(f"data   {settings.TRACER_DATA_DIR}")
    supervisor.say("stop   Ctrl-C")


if __name__ == "__main__":
    main()
