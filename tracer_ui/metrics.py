"""`/metrics` in Prometheus' text format. Every figure is true for the whole installation, whichever process answers."""

import hmac
from collections.abc import Iterator

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse

from apps.store.connection import StoreUnavailable
from apps.store.queries import storage_status
from tracer_ui.counters import KEY

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[dict[str, str], float]


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures; 401 without TRACER_METRICS_TOKEN where a login would be needed."""
    if not may_read(request):
        answer = HttpResponse("Send Authorization: Bearer <TRACER_METRICS_TOKEN>.\n", "text/plain", 401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse("".join([*from_database(), *from_redis()]), content_type=CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """Anybody on an open instance without a token; otherwise who holds the token."""
    token = settings.TRACER_METRICS_TOKEN
    if not token:
        return settings.TRACER_OPEN
    given = request.headers.get("Authorization", "").encode()
    return hmac.compare_digest(given, f"Bearer {token}".encode())


def from_database() -> Iterator[str]:
    """Storage and what was accepted; only `tracer_database_up 0` when PostgreSQL is away."""
    try:
        status = storage_status()
        with connection.cursor() as cursor:
            cursor.execute("SELECT workspace_id, sum(spans) FROM ingest_sender GROUP BY workspace_id")
            accepted = [({"workspace": str(workspace)}, float(spans)) for workspace, spans in cursor.fetchall()]
            cursor.execute("SELECT pg_database_size(current_database())")
            (size_bytes,) = cursor.fetchone()
    except (Error, StoreUnavailable):
        connection.close()
        yield family("tracer_database_up", "gauge", "Whether PostgreSQL answers.", [({}, 0)])
        return
    yield family("tracer_database_up", "gauge", "Whether PostgreSQL answers.", [({}, 1)])
    yield family("tracer_database_bytes", "gauge", "Size of the database on disk.", [({}, size_bytes)])
    yield family("tracer_spans_accepted_total", "counter", "Spans stored and acknowledged.", accepted)
    yield family("tracer_backlog_spans", "gauge", "Spans stored but not yet digested.", [({}, status.backlog_spans)])
    yield family("tracer_digest_lag_seconds", "gauge", "How far digest is behind.", [({}, status.digest_lag_s)])


def from_redis() -> Iterator[str]:
    """Answers by port, kind and status, and the task queue; only `tracer_redis_up 0` when Redis is away."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, decode_responses=True) as client:
            answers, queued = client.hgetall(KEY), client.llen("celery")
            memory_bytes = client.info("memory")["used_memory"]
    except redis.RedisError:
        yield family("tracer_redis_up", "gauge", "Whether Redis answers.", [({}, 0)])
        return
    samples = []
    for field, count in sorted(answers.items()):
        port, kind, status = field.split()
        samples.append(({"port": port, "kind": kind, "status": status}, float(count)))
    yield family("tracer_redis_up", "gauge", "Whether Redis answers.", [({}, 1)])
    yield family("tracer_redis_memory_bytes", "gauge", "Memory used by Redis.", [({}, memory_bytes)])
    yield family("tracer_tasks_queued", "gauge", "Celery tasks waiting for a worker.", [({}, queued)])
    yield family("tracer_answers_total", "counter", "HTTP answers since Redis started.", samples)


def family(name: str, kind: str, about: str, samples: list[Sample]) -> str:
    """One metric with its samples. Label values are our own words and numbers, so they need no escaping."""
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        written = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines.append(f"{name}{{{written}}} {value:.17g}" if written else f"{name} {value:.17g}")
    return "\n".join(lines) + "\n"
