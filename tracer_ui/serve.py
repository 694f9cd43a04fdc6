"""`python -m tracer_ui.serve web` or `… otlp`: one of the two ports, on granian."""

import os
import sys

ROLES = ("web", "otlp")
# Granian closes a connection that was idle for this long (tried: its default is 30 s, its command line stops at 60 s).
# Exporters send every 5 s or after a quiet minute, and one that meets a connection just being closed loses its batch.
KEEP_ALIVE_MS = 120_000


def main() -> None:
    """Serves until SIGTERM."""
    if sys.argv[1:] not in [[role] for role in ROLES]:
        sys.exit(f"usage: python -m tracer_ui.serve {'|'.join(ROLES)}")
    role = os.environ["TRACER_ROLE"] = sys.argv[1]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracer_ui.settings")

    from django.conf import settings
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    is_web = role == "web"
    Granian(
        "tracer_ui.wsgi:application",
        interface=Interfaces.WSGI,
        address=settings.TRACER_BIND,
        port=settings.TRACER_HTTP_PORT if is_web else settings.TRACER_OTLP_PORT,
        workers=settings.TRACER_WEB_WORKERS if is_web else settings.TRACER_OTLP_WORKERS,
        blocking_threads=settings.TRACER_THREADS,
        # A thread keeps its database connection, so threads should stay.
        blocking_threads_idle_timeout=600,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_MS),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    ).serve()


if __name__ == "__main__":
    main()
