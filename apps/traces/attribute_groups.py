"""Attributes in the groups a person looks for them in: what the request was about first, then by technique."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from apps.traces.model import Pairs

BUSINESS_KEYS = (
    "order.id", "user.id", "customer.id", "session.id", "enduser.id", "account.id", "tenant.id", "cart.id",
    "payment.id", "invoice.id", "shipment.id", "booking.id", "subscription.id", "user.email",
)  # fmt: skip
"""What people search by unless the workspace says otherwise, most telling first."""

_BUSINESS = frozenset((
    "user", "enduser", "order", "customer", "session", "cart", "basket", "account", "tenant", "payment", "invoice",
    "product", "sku", "booking", "reservation", "shipment", "delivery", "parcel", "subscription", "merchant",
    "checkout", "organization", "organisation", "org", "member", "patient", "contract", "claim", "ticket", "coupon",
    "refund", "quote",
))  # fmt: skip
_NAMING = frozenset(("id", "ids", "uuid", "number", "no", "nr", "ref", "key", "code", "email", "name", "status"))
_WORDS = re.compile(r"[a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_PREFIXES = {
    "HTTP": ("http.", "url.", "user_agent.", "http_", "graphql."),
    "Database": ("db.", "sql.", "elasticsearch.", "mongodb.", "redis."),
    "Messaging": ("messaging.", "celery.", "message_bus.", "kafka."),
    "RPC": ("rpc.", "grpc."),
    "Exception": ("exception.", "error", "otel.status_"),
    "Code": ("code.", "thread.", "process."),
    "Network": (
        "network.",
        "net.",
        "server.",
        "client.",
        "peer.",
        "service.peer.",
        "source.",
        "destination.",
        "tls.",
        "dns.",
    ),
    "GenAI": ("gen_ai.", "llm.", "openinference."),
}
ORDER = ("Business", *_PREFIXES, "Other")
_CARRIERS = ("HTTP", "Database", "Messaging", "RPC")


@dataclass(frozen=True, slots=True)
class AttributeGroup:
    name: str
    pairs: Pairs
    """In the order sent."""


def group_attributes(pairs: Pairs, business_keys: Collection[str] = BUSINESS_KEYS) -> tuple[AttributeGroup, ...]:
    """Every pair exactly once, in groups ordered as in `ORDER`. The network's attributes stand with
    the call they belong to when there is one."""
    found: dict[str, list[tuple[str, object]]] = {}
    home = next((name for name in _CARRIERS if any(_technique(key) == name for key, _ in pairs)), "Network")
    for key, value in pairs:
        name = "Business" if key in business_keys or is_business_key(key) else _technique(key)
        found.setdefault(home if name == "Network" else name, []).append((key, value))
    return tuple(AttributeGroup(name, tuple(found[name])) for name in ORDER if name in found)


def is_business_key(key: str) -> bool:
    """`order.id`, `app.order.id`, `payment.line`, `user_id`, `orderId`; not `user_agent.name`."""
    parts = key.split(".")
    if parts[0] in ("app", "shop", "biz", "business") and len(parts) > 1:
        parts = parts[1:]
    if len(parts) > 1:
        return parts[0].lower() in _BUSINESS
    words = _WORDS.findall(_CAMEL.sub(" ", parts[0]).lower())
    return len(words) > 1 and words[0] in _BUSINESS and words[-1] in _NAMING


def _technique(key: str) -> str:
    for name, prefixes in _PREFIXES.items():
        if key.startswith(prefixes):
            return name
    return "Other"
