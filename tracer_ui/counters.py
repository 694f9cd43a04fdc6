"""Counts answers by port and status over all processes: in memory with each request, in Redis every few seconds."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

import redis
from django.conf import settings

KEY = "tracer:answers"
EVERY_S = 2.0

_log = logging.getLogger(__name__)


class CountedRequests:
    """A WSGI application around another one. Redis being away delays the counts, and never a request."""

    def __init__(self, application: Callable) -> None:
        self.application = application
        self.guard = threading.Lock()
        self.pending: Counter[str] = Counter()
        self.thread: threading.Thread | None = None

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        def counted_start(status: str, headers: list, *rest: object) -> object:
            self.note(kind_of(environ.get("PATH_INFO", "")), status[:3])
            return start_response(status, headers, *rest)

        return self.application(environ, counted_start)

    def note(self, kind: str, status: str) -> None:
        """Counts one answer. The thread is started here, after the server has forked its workers."""
        with self.guard:
            self.pending[f"{settings.TRACER_ROLE} {kind} {status}"] += 1
            if self.thread is None:
                self.thread = threading.Thread(target=self.write_for_ever, name="counters", daemon=True)
                self.thread.start()

    def write_for_ever(self) -> None:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        while True:
            time.sleep(EVERY_S)
            with self.guard:
                counts, self.pending = self.pending, Counter()
            if not counts:
                continue
            try:
                pipeline = client.pipeline()
                for field, count in counts.items():
                    pipeline.hincrby(KEY, field, count)
                pipeline.execute()
            except redis.RedisError:
                with self.guard:
                    self.pending.update(counts)


def kind_of(path: str) -> str:
    """What a request was for: few words, so that a stranger's URLs cannot make up new ones."""
    if "/v1/traces" in path and not path.startswith("/api/"):
        return "traces"
    if path.startswith(("/v1/", "/ingest/")):
        return "other_ingest"
    if path.startswith(("/healthz", "/readyz", "/metrics")):
        return "health"
    if path.startswith(("/api/", "/jaeger/")):
        return "api"
    return "static" if path.startswith("/static/") else "page"
