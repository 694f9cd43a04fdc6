"""Who talks to whom in the demo shop, declared: what a service map of its spans has to show, no more and no less."""

from __future__ import annotations

from typing import NamedTuple

USERS = "users"


class Edge(NamedTuple):
    """`kind`: http, rpc, db, cache, search, external, publish (service -> queue) or consume (queue -> service)."""

    source: str
    target: str
    kind: str


def _edges(kind: str, **targets: str) -> set[Edge]:
    return {Edge(source, target, kind) for source, names in targets.items() for target in names.split()}


EDGES: frozenset[Edge] = frozenset().union(
    _edges(
        "http",
        users="storefront gateway fulfilment",
        storefront="gateway",
        gateway="auth account catalog cart checkout order",
        checkout="cart inventory pricing payment order",
        cart="pricing",
        order="payment",
        fulfilment="inventory",
        notification="account",
    ),
    _edges("rpc", storefront="recommendation"),
    _edges(
        "db",
        account="shop-db",
        pricing="shop-db",
        inventory="shop-db",
        fulfilment="shop-db",
        notification="shop-db",
        payment="orders-db",
        order="orders-db",
        nightly="orders-db",
        catalog="catalog-db",
    ),
    _edges("cache", auth="redis", cart="redis", pricing="redis", recommendation="redis"),
    _edges("search", catalog="opensearch"),
    _edges("external", payment="bank-api", fulfilment="parcel-api", notification="mail-api", nightly="bank-api"),
    _edges("publish", order="order.events", fulfilment="parcel.events"),
    {
        Edge("order.events", "fulfilment", "consume"),
        Edge("order.events", "notification", "consume"),
        Edge("parcel.events", "notification", "consume"),
        Edge("parcel.events", "order", "consume"),
    },
)
