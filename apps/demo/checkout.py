"""Buying: one request through eight services, and what goes wrong in them."""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, set_span_in_context

from apps.demo import conventions
from apps.demo.browsing import quote, verify_session
from apps.demo.entries import serve
from apps.demo.faults import Fault, bank_declined, bank_too_many_requests, duplicate_order, stock_deadlock
from apps.demo.shop import Shop, Visitor, with_order
from apps.demo.work import NO_PARENT, Work


@dataclass(frozen=True)
class Order:
    """A placed order; `placed` is the context of the span that published it."""

    order_id: str
    visitor: Visitor
    lines: int
    cents: int
    placed: SpanContext


def check_out(shop: Shop, visitor: Visitor, order_id: str, lines: int) -> tuple[int, Order | None]:
    """One trace. Returns its end (virtual ns) and the order, or None when it failed."""
    buyer = with_order(visitor, order_id)
    cents = sum(shop.dice.randrange(150, 4900) for _ in range(lines))
    with serve(shop, "gateway", "POST /checkout", buyer) as gateway:
        gateway.note({"cart.id": buyer.cart_id, "order.lines": lines})
        verify_session(gateway)
        with gateway.call("checkout", "POST /checkout") as checkout:
            checkout.note({"cart.id": buyer.cart_id, "order.lines": lines, "order.total": cents / 100})
            _gather(checkout, buyer, lines)
            _charge(checkout, order_id, lines, cents)
            placed = _place(checkout, order_id, lines, cents)
            with checkout.call("cart", "DELETE /carts/{id}", id=buyer.cart_id) as cart:
                cart.query("redis", "DEL cart", 1.0)
            checkout.event("order.confirmed", {"order.id": order_id})
        gateway.spend(1.5)
    return gateway.now_ns, None if gateway.is_failed else Order(order_id, buyer, lines, cents, placed)


def _gather(checkout: Work, buyer: Visitor, lines: int) -> None:
    """Cart, address, stock and price."""
    shop = checkout.shop
    with checkout.call("cart", "GET /carts/{id}", id=buyer.cart_id) as cart:
        cart.query("redis", "HGETALL cart", 2.4)
        with cart.step("price_lines") as prices:
            prices.spend(9)
        cart.spend(3)
    with checkout.step("validate_address") as address:
        address.note({"address.country": buyer.country})
        address.spend(12)
    with checkout.call("inventory", "POST /reservations") as inventory:
        _reserve(inventory, lines)
    # A tax library that nobody instrumented; some days it reads its tables again.
    is_slow = shop.is_on("uninstrumented_gap", checkout.now_ns) and shop.dice.happens(0.6)
    checkout.spend(780 if is_slow else 36)
    quote(checkout, buyer)


def _reserve(inventory: Work, lines: int) -> None:
    shop = inventory.shop
    inventory.query("shop-db", "SELECT shop.warehouse", 3.2)
    if shop.is_on("n_plus_one", inventory.now_ns):
        for _ in range(11 * lines):
            inventory.query("shop-db", "SELECT shop.stock", 0.55, {"db.response.returned_rows": 1})
    else:
        inventory.query("shop-db", "SELECT shop.stock", 6.5, {"db.response.returned_rows": 11 * lines})
    if shop.dice.happens(0.004):
        raise stock_deadlock()
    inventory.query("shop-db", "UPDATE shop.stock", 9)
    inventory.spend(8)


def _charge(checkout: Work, order_id: str, lines: int, cents: int) -> None:
    with checkout.call("payment", "POST /charges") as payment:
        shop = payment.shop
        payment.note(
            {
                "payment.method": shop.dice.choices(("card", "invoice", "wallet"), (70, 20, 10))[0],
                "payment.amount": cents / 100,
                "payment.currency": "EUR",
            }
        )
        payment.query("orders-db", "SELECT payment.customer", 5.5)
        with payment.step("risk.score") as risk:
            risk.spend(17)
            risk.note({"risk.score": round(shop.dice.betavariate(2, 14), 3)})
        if payment.instance.resource.attributes["service.version"] == "4.12.0":
            with payment.step("authorise_lines") as authorise:
                for line in range(1, lines + 1):
                    _authorise(
                        authorise, 92, 0.023, {"payment.line": f"{line} of {lines}", "payment.split": "per_line"}
                    )
                    authorise.spend(1.5)
        else:
            _authorise(payment, 175, 0.001, {"payment.split": "none"})
        payment.query("orders-db", "INSERT payment.charge", 7)
        payment.log(SeverityNumber.INFO, f"charged order {order_id}", {"order.id": order_id, "amount": cents / 100})


def _authorise(payment: Work, median_ms: float, refused: float, attributes: dict) -> None:
    """Ask the bank, up to three times when it answers 429; each try links to the one before."""
    shop = payment.shop
    refused = 0.55 if shop.is_on("bank_throttled", payment.now_ns) else refused
    links: list[Link] = []
    for attempt in range(3):
        sent = attributes | ({"http.request.resend_count": attempt} if attempt else {})
        try:
            with payment.external("bank-api", "POST /v2/authorisations", sent, links) as bank:
                links = [Link(bank.span.get_span_context(), {"link.reason": "retry of"})]
                if shop.dice.happens(refused):
                    bank.spend(58)
                    bank.note({"http.response.header.retry-after": ("1",)})
                    raise bank_too_many_requests()
                bank.spend(median_ms, 0.12)
            break
        except Fault as fault:
            payment.log(SeverityNumber.WARN, "bank-api answered 429", {"attempt": attempt + 1, "error": fault.kind})
            if attempt == 2:
                raise
            payment.spend(2.4 * 20**attempt)
    if shop.dice.happens(0.0015):
        raise bank_declined()


def _place(checkout: Work, order_id: str, lines: int, cents: int) -> SpanContext:
    shop = checkout.shop
    with checkout.call("order", "POST /orders") as order:
        order.note({"order.lines": lines, "order.total": cents / 100})
        order.query("orders-db", "INSERT orders.order", 8)
        if shop.dice.happens(0.4 if shop.is_on("order_failures", order.now_ns) else 0.001):
            raise duplicate_order(order_id)
        order.query("orders-db", "INSERT orders.line", 12, {"db.operation.batch.size": lines})
        placed = order.publish("order.events", "order.placed", {"order.id": order_id})
        order.log(SeverityNumber.INFO, f"order {order_id} placed with {lines} lines", {"order.id": order_id})
        order.spend(3)
    if shop.is_on("forgotten_propagation", checkout.now_ns):
        _render_receipt(checkout, order_id)
    return placed


def _render_receipt(checkout: Work, order_id: str) -> None:
    """notification works on behalf of a span that was never sent: a thread pool lost the context's owner."""
    shop = checkout.shop
    sent = checkout.span.get_span_context()
    lost = SpanContext(sent.trace_id, shop.telemetry.ids.generate_span_id(), True, sent.trace_flags)
    receipt = Work(shop, shop.instance("notification", checkout.now_ns), checkout.visitor, checkout.now_ns)
    receipt.begin(
        "code",
        "render_receipt",
        SpanKind.INTERNAL,
        set_span_in_context(NonRecordingSpan(lost), NO_PARENT),
        {"code.function.name": "renderReceipt", "order.id": order_id},
    )
    query = conventions.database("shop-db", "SELECT shop.template")
    with receipt.child("db", "SELECT shop.template", SpanKind.CLIENT, query) as template:
        template.spend(4)
    receipt.spend(8)
    receipt.end()
