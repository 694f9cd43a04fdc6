"""Work that a timer starts: the nightly settlement (a huge trace) and the search index (a long one)."""

from __future__ import annotations

from apps.demo.agenda import Process
from apps.demo.entries import job
from apps.demo.shop import Shop
from apps.demo.work import Work

ORDERS_A_CHUNK = 50
REINDEX_STEPS = 90


def nightly_batch(shop: Shop) -> Process:
    """Settle `batch_orders` orders in one trace: three spans an order, a few milliseconds each."""
    orders = shop.settings.batch_orders
    with job(shop, "nightly", "settle_orders", {"batch.orders": orders, "batch.day": "yesterday"}) as batch:
        for first in range(0, orders, ORDERS_A_CHUNK):
            batch.now_ns = max(batch.now_ns, shop.now_ns)
            with batch.step("settle_chunk", {"batch.first": first}) as chunk:
                for number in range(first, min(first + ORDERS_A_CHUNK, orders)):
                    _settle(chunk, number)
                with chunk.external("bank-api", "POST /v2/settlements", {"batch.size": ORDERS_A_CHUNK}) as bank:
                    bank.spend(320)
            yield batch.now_ns - shop.now_ns


def _settle(chunk: Work, number: int) -> None:
    with chunk.step("settle_order", {"batch.position": number}) as order:
        order.query("orders-db", "SELECT orders.order", 1.8)
        order.query("orders-db", "INSERT orders.settlement", 2.9)
        order.spend(0.5)


def long_reindex(shop: Shop) -> Process:
    """Build the search index anew: 90 steps in 45 minutes, the root span being sent last of all."""
    with job(shop, "catalog", "search:reindex", {"index.name": "products"}) as reindex:
        for step in range(REINDEX_STEPS):
            reindex.now_ns = max(reindex.now_ns, shop.now_ns)
            with reindex.step("reindex_batch", {"index.batch": step}) as batch:
                batch.query("catalog-db", "getMore products", 60)
                batch.query("opensearch", "bulk products", 420, {"db.operation.batch.size": 200})
            if step % 30 == 29:
                reindex.event("progress", {"index.done": 200 * (step + 1)})
            yield shop.after(reindex.now_ns, 27, 32)
