"""`python -m tracer_ui.probe web|otlp|tasks`: a container's health check. Exit code 0 when all is well."""

import os
import sys
import urllib.error
import urllib.request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracer_ui.settings")

import redis
from django.conf import settings

PORT_SETTINGS = {"web": "TRACER_HTTP_PORT", "otlp": "TRACER_OTLP_PORT"}


def main() -> None:
    """Asks what the one argument names, and says what is wrong."""
    if len(sys.argv) != 2 or sys.argv[1] not in (*PORT_SETTINGS, "tasks"):
        sys.exit("usage: python -m tracer_ui.probe web|otlp|tasks")
    trouble = tasks_trouble() if sys.argv[1] == "tasks" else port_trouble(getattr(settings, PORT_SETTINGS[sys.argv[1]]))
    if trouble:
        sys.exit(trouble)


def tasks_trouble() -> str:
    """Why we think that beat and the worker do not finish tasks; empty when they do."""
    from tracer_ui.celery import PULSE_KEY, PULSE_TTL_S

    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) as client:
            return "" if client.exists(PULSE_KEY) else f"no task was finished for {PULSE_TTL_S} s"
    except redis.RedisError as error:
        return f"Redis does not answer: {error}"


def port_trouble(port: int) -> str:
    """Why the process on `port` looks dead; empty when it answers."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
    except (urllib.error.URLError, OSError) as error:
        return f"port {port} does not answer: {error}"
    return ""


if __name__ == "__main__":
    main()
