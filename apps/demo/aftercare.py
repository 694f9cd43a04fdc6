"""After the order: warehouse, parcel service, mails, delivery, and now and then a refund."""

from __future__ import annotations

from opentelemetry._logs import SeverityNumber
from opentelemetry.trace import Link, SpanContext

from apps.demo.agenda import Process
from apps.demo.browsing import verify_session
from apps.demo.checkout import Order
from apps.demo.entries import consume, serve
from apps.demo.faults import Fault, mail_timeout, parcel_unreachable
from apps.demo.shop import Shop, without_session
from apps.demo.work import Work


def lag_s(shop: Shop) -> tuple[float, float]:
    """How long a message waits in order.events, at least and at most."""
    return (70, 300) if shop.is_on("queue_backlog", shop.now_ns) else (0.5, 6)


def fulfil(shop: Shop, order: Order, is_unlucky: bool = False) -> Process:
    """Everything from the warehouse's first look to the door. `is_unlucky`: the first label cannot be made."""
    buyer = without_session(order.visitor)
    with consume(shop, "fulfilment", "order.events", "order.placed", order.placed, buyer) as fulfilment:
        fulfilment.query("shop-db", "INSERT shop.parcel", 5)
        with fulfilment.call("inventory", "POST /picks") as inventory:
            inventory.query("shop-db", "SELECT shop.stock", 4)
            inventory.spend(5)
    yield shop.after(fulfilment.now_ns, 110, 240)
    yield shop.after(_picked(shop, order), 50, 130)
    end_ns, is_made = _label(shop, order, is_unlucky)
    while not is_made:
        yield shop.after(end_ns, 380, 520)
        end_ns, is_made = _label(shop, order)
    yield shop.after(end_ns, 240, 420)
    yield shop.after(_webhook(shop, order, "parcel.scanned"), 180, 330)
    yield shop.after(_webhook(shop, order, "parcel.delivered"), 60, 150)
    if is_unlucky or shop.dice.happens(0.08):
        yield shop.after(refund(shop, order), 1, 2)


def _picked(shop: Shop, order: Order) -> int:
    buyer = without_session(order.visitor)
    with serve(shop, "fulfilment", "POST /picks/{id}/done", buyer, id=order.order_id) as fulfilment:
        fulfilment.note({"parcel.items": order.lines})
        fulfilment.query("shop-db", "UPDATE shop.parcel", 5)
        with fulfilment.call("inventory", "POST /picks/{id}/commit", id=order.order_id) as inventory:
            inventory.query("shop-db", "UPDATE shop.stock", 8)
            inventory.spend(5)
        fulfilment.spend(9)
    return fulfilment.now_ns


def _label(shop: Shop, order: Order, must_fail: bool = False) -> tuple[int, bool]:
    """The trace's end and whether the label was made; three tries, then the person in the back office is told."""
    buyer = without_session(order.visitor)
    is_down = must_fail or (shop.is_on("parcel_down", shop.now_ns) and shop.dice.happens(0.8))
    with serve(shop, "fulfilment", "POST /parcels/{id}/label", buyer, id=order.order_id) as fulfilment:
        fulfilment.query("shop-db", "SELECT shop.parcel", 3)
        _ask_for_label(fulfilment, order, is_down)
        fulfilment.query("shop-db", "UPDATE shop.parcel", 5)
    return fulfilment.now_ns, not fulfilment.is_failed


def _ask_for_label(fulfilment: Work, order: Order, is_down: bool) -> None:
    links: list[Link] = []
    for attempt in range(3):
        sent = {"http.request.resend_count": attempt} if attempt else {}
        try:
            with fulfilment.external("parcel-api", "POST /labels", sent, links) as parcel:
                links = [Link(parcel.span.get_span_context(), {"link.reason": "retry of"})]
                parcel.spend(230)
                if is_down:
                    raise parcel_unreachable()
            return
        except Fault:
            if attempt == 2:
                fulfilment.log(
                    SeverityNumber.ERROR,
                    f"no label for order {order.order_id}: parcel-api answered 503 three times",
                    {"order.id": order.order_id},
                )
                raise
            fulfilment.event("retry", {"attempt": attempt + 1, "wait_ms": 800 * (attempt + 1)})
            fulfilment.spend(800 * (attempt + 1), 0.05)


def _webhook(shop: Shop, order: Order, event: str) -> int:
    """The parcel service tells us; fulfilment publishes, notification and order take it from the queue."""
    buyer = without_session(order.visitor)
    with serve(shop, "fulfilment", "POST /webhooks/parcel", buyer) as fulfilment:
        fulfilment.query("shop-db", "UPDATE shop.parcel", 5)
        sent = fulfilment.publish("parcel.events", event, {"order.id": order.order_id})
        fulfilment.spend(4)
    end_ns = fulfilment.now_ns
    shop.agenda.start(notify(shop, order, "parcel.events", event, sent), shop.after(end_ns, 0.3, 4))
    shop.agenda.start(_update_order(shop, order, event, sent), shop.after(end_ns, 0.3, 2))
    return end_ns


def notify(shop: Shop, order: Order, queue: str, event: str, sent: SpanContext) -> Process:
    """A mail about what happened to the order."""
    buyer = without_session(order.visitor)
    with consume(shop, "notification", queue, event, sent, buyer) as notification:
        with notification.call("account", "GET /users/{id}", id=buyer.user_id) as account:
            account.query("shop-db", "SELECT shop.customer", 2.4)
            account.spend(6)
        notification.query("shop-db", "SELECT shop.template", 3.5)
        with notification.external("mail-api", "POST /v1/messages", {"mail.template": event}) as mail:
            if shop.dice.happens(0.004):
                mail.spend(5000, 0.001)
                raise mail_timeout()
            mail.spend(105)
    yield 0


def _update_order(shop: Shop, order: Order, event: str, sent: SpanContext) -> Process:
    with consume(shop, "order", "parcel.events", event, sent, without_session(order.visitor)) as work:
        work.query("orders-db", "UPDATE orders.order", 6)
        work.spend(3)
    yield 0


def refund(shop: Shop, order: Order) -> int:
    """The customer sends it back: gateway, order, payment, bank."""
    with serve(shop, "gateway", "POST /orders/{id}/refund", order.visitor, id=order.order_id) as gateway:
        verify_session(gateway)
        with gateway.call("order", "POST /orders/{id}/refund", id=order.order_id) as work:
            work.query("orders-db", "SELECT orders.order", 4)
            with work.call("payment", "POST /refunds") as payment:
                with payment.external("bank-api", "POST /v2/refunds") as bank:
                    bank.spend(180)
                payment.query("orders-db", "UPDATE payment.charge", 6)
                payment.note({"payment.amount": order.cents / 100, "payment.currency": "EUR"})
            work.query("orders-db", "UPDATE orders.order", 6)
            sent = work.publish("order.events", "order.refunded", {"order.id": order.order_id})
    mail = notify(shop, order, "order.events", "order.refunded", sent)
    shop.agenda.start(mail, shop.after(gateway.now_ns, *lag_s(shop)))
    return gateway.now_ns
