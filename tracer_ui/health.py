"""`/healthz`: this process answers. `/readyz`: everything a request needs is there. Neither asks for a login."""

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.store.connection import StoreUnavailable
from apps.store.queries import storage_status
from tracer_ui.celery import PULSE_KEY, PULSE_TTL_S

DIGEST_LAG_LIMIT_S = 300
"""Above it new spans are still taken and found, but digest has stopped keeping up."""


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 `{"ready": true}`, or 503 with a reason for every part that is missing."""
    reasons = [reason for check in (database_trouble, redis_trouble) for reason in check()]
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def database_trouble() -> list[str]:
    """Reasons to do with PostgreSQL and digest. They name no host and no user: anybody may ask."""
    try:
        status = storage_status()
    except (Error, StoreUnavailable):
        connection.close()
        return ["The database does not answer."]
    lag_s = status.digest_lag_s
    return [f"Digest is {lag_s:.0f} s behind."] if lag_s > DIGEST_LAG_LIMIT_S else []


def redis_trouble() -> list[str]:
    """Reasons to do with Redis, beat and the workers."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            beats = client.exists(PULSE_KEY)
    except redis.RedisError:
        return ["Redis does not answer."]
    return [] if beats else [f"Beat and the worker have finished no task for {PULSE_TTL_S} s."]
