"""How often somebody may guess a password: failed log-ins are counted in Redis for a quarter of an hour."""

from __future__ import annotations

import logging
from hashlib import blake2b

import redis
from django.conf import settings

SECONDS = 15 * 60
MOST_FROM_ONE_ADDRESS, MOST_FOR_A_NAME = 10, 50
"""Fewer from one address, so that a stranger's guesses do not shut out the one whose name it is; some from all
addresses together, for a name is what many strangers would guess at."""
_MOST = (MOST_FROM_ONE_ADDRESS, MOST_FOR_A_NAME)

_log = logging.getLogger(__name__)


def seconds_to_wait(name: str, address: str) -> int:
    """0 when this name may be tried from this address; without Redis always 0, for people have to get in."""
    keys = _keys(name, address)
    try:
        with _client() as client:
            counts = client.mget(keys)
            shut = [key for key, count, most in zip(keys, counts, _MOST, strict=True) if int(count or 0) >= most]
            return max(0, *map(client.ttl, shut)) if shut else 0  # a key that is just gone has -2
    except redis.RedisError as error:
        _log.warning("Failed log-ins are not counted: %s", error)
        return 0


def note_failure(name: str, address: str) -> None:
    try:
        with _client() as client, client.pipeline() as pipeline:
            for key in _keys(name, address):
                pipeline.incr(key).expire(key, SECONDS)
            pipeline.execute()
    except redis.RedisError as error:
        _log.warning("A failed log-in was not counted: %s", error)


def forget_failures(name: str, address: str) -> None:
    """After a log-in from this address; what others have tried stays counted."""
    try:
        with _client() as client:
            client.delete(_keys(name, address)[0])
    except redis.RedisError as error:
        _log.warning("Failed log-ins were not forgotten: %s", error)


def _keys(name: str, address: str) -> list[str]:
    """By what is counted, as in `_MOST`. Names are what strangers type: bounded, and not to be read in Redis."""
    return [
        "tracer:attempts:" + blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
        for parts in ((name.casefold(), address), (name.casefold(),))
    ]


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
