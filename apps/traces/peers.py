"""Whom a call reaches when the other side sends no spans: a database, a cache, a queue, somebody external."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from apps.traces.model import KINDS
from apps.traces.semconv import (
    DB_NAMESPACE,
    DB_SYSTEM,
    MESSAGING_DESTINATION,
    MESSAGING_OPERATION,
    MESSAGING_SYSTEM,
    NETWORK_ADDRESS,
    PEER_SERVICE,
    RPC_METHOD,
    RPC_SYSTEM,
    SERVER_ADDRESS,
    SERVER_PORT,
    URL_FULL,
    first_of,
    peer_in,
    work_in,
)
from apps.traces.values import value_text

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5

KEYS = frozenset(
    DB_SYSTEM + DB_NAMESPACE + MESSAGING_SYSTEM + MESSAGING_DESTINATION + MESSAGING_OPERATION + PEER_SERVICE
    + SERVER_ADDRESS + SERVER_PORT + NETWORK_ADDRESS + URL_FULL + RPC_SYSTEM + RPC_METHOD
    + ("rpc.service", "celery.task_name", "server.address")
)  # fmt: skip
"""All attributes that `call_in` reads."""

UNNAMED_HOST = "unnamed host"
"""Peers known by nothing but an address of numbers stand together under this name."""
UNKNOWN_QUEUE = "unknown queue"


class Node(NamedTuple):
    """A place on the service map. `kind`: service, database, cache, queue, external or user."""

    kind: str
    name: str


USER = Node("user", "user")
"""Whoever calls a root SERVER span."""


@lru_cache(maxsize=10_000)
def service_node(name: str) -> Node:
    return Node("service", name)


class Call(NamedTuple):
    """What a span does outside of its service. `work`: database, cache, queue or external."""

    work: str
    peer: Node
    operation: str
    """The messaging operation in small letters (`receive`, `process`, `send`, …), or ""."""


def call_in(kind: int, attributes: Mapping[str, object]) -> Call | None:
    """None for a span that calls nobody: SERVER, and INTERNAL unless it names a database.

    `kind` is OTLP's number. A CONSUMER gets the queue it takes from.
    """
    if kind == SERVER:
        return None
    work = work_in(KINDS[kind] if 0 <= kind < len(KINDS) else "INTERNAL", attributes)
    operation = value_text(first_of(attributes, MESSAGING_OPERATION)).lower()
    if kind == CONSUMER or (work == "queue" and kind in (CLIENT, PRODUCER)):
        return Call("queue", Node("queue", _queue(attributes)), operation)
    if work in ("db", "cache"):
        return _database(work, attributes)
    return Call("external", Node("external", _outside(attributes)), "") if kind in (CLIENT, PRODUCER) else None


def _database(work: str, attributes: Mapping[str, object]) -> Call:
    """`postgresql · shop`. Redis numbers its namespaces: there the server's address says more."""
    kind = "cache" if work == "cache" else "database"
    named = value_text(first_of(attributes, PEER_SERVICE))
    if not named:
        system = value_text(first_of(attributes, DB_SYSTEM))
        namespace = value_text(first_of(attributes, DB_NAMESPACE))
        detail = namespace if not namespace.isdigit() else ""
        detail = detail or value_text(first_of(attributes, SERVER_ADDRESS))
        named = f"{system} · {detail}" if detail else system
    return Call(kind, Node(kind, named), "")


def _queue(attributes: Mapping[str, object]) -> str:
    """`kafka:order.events`; the template where the name is made up for every message."""
    destination = value_text(
        attributes.get("messaging.destination.template") or first_of(attributes, MESSAGING_DESTINATION)
    )
    system = value_text(first_of(attributes, MESSAGING_SYSTEM))
    return ":".join(part for part in (system, destination) if part) or UNKNOWN_QUEUE


def _outside(attributes: Mapping[str, object]) -> str:
    name = peer_in("CLIENT", attributes)
    return UNNAMED_HOST if not name or _is_number(name) else name


def _is_number(name: str) -> bool:
    host = name
    if name.startswith("["):
        host = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        host = name.partition(":")[0]
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
