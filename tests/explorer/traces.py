"""Traces that try the page: an ordinary one, an odd one, a huge one, a deep one."""

from __future__ import annotations

import random

from tests.explorer.spans import MS, TraceMaker, pairs, span_id

POSTGRES = {"db.system.name": "postgresql"}
REDIS = {"db.system": "redis"}
POST = {"http.request.method": "POST"}

SHOP = """
gateway SERVER 0 1730 root - POST /checkout
gateway INTERNAL 1.2 9.8 auth root auth.verify_session
gateway CLIENT 2.1 3.4 session auth GET session
gateway CLIENT 11 1724 call root POST checkout
checkout SERVER 14 1720 checkout call POST /checkout
checkout CLIENT 18 42 getcart checkout GET cart
cart SERVER 21 40 cart getcart GET /carts/{id}
cart CLIENT 23 25.6 hgetall cart HGETALL cart
cart INTERNAL 27 38.4 lines cart price_lines
checkout INTERNAL 44 57 address checkout validate_address
checkout CLIENT 59 171 toinv checkout POST inventory
inventory SERVER 62 168 reserve toinv POST /reservations
inventory CLIENT 63.2 66.9 whouse reserve SELECT shop.warehouse
inventory CLIENT 153 165.2 update reserve UPDATE shop.stock
checkout CLIENT 212 232 toprice checkout POST pricing
pricing SERVER 214 230 quote toprice POST /quotes
pricing CLIENT 215.4 222 rule quote SELECT pricing.rule
pricing CLIENT 223 224.2 fx quote GET fx
checkout CLIENT 234 1663 topay checkout POST payment
payment SERVER 238 1658 charge topay POST /charges
payment CLIENT 240 246.3 customer charge SELECT payment.customer
payment INTERNAL 248 266 risk charge risk.score
payment INTERNAL 268 1646 authlns charge authorise_lines
payment CLIENT 1648 1656 insert charge INSERT payment.charge
checkout CLIENT 1665 1711 toorder checkout POST order
order SERVER 1668 1709 order toorder POST /orders
order CLIENT 1670 1680 insorder order INSERT orders.order
order CLIENT 1681 1696 inslines order INSERT orders.line
order PRODUCER 1699 1706 publish order publish order.placed
checkout CLIENT 1713 1716 delcart checkout DEL cart
notification INTERNAL 1702 1716.5 receipt nobody render_receipt
notification CLIENT 1703.5 1707.8 template receipt SELECT template
"""
"""service kind start end id parent name, in ms"""

STACK = """Traceback (most recent call last):
  File "/app/payment/bank.py", line 118, in authorise
    response.raise_for_status()
  File "/app/payment/charges.py", line 64, in authorise_lines
    bank.authorise(line, order=order)
  File "/usr/lib/python3.11/site-packages/httpx/_models.py", line 829, in raise_for_status
    raise HTTPStatusError(message, request=request)
httpx.HTTPStatusError: Client error 429
"""


def checkout_trace(trace_id: str, start_ns: int) -> TraceMaker:
    """189 spans in 8 services: 143 equal queries, 14 calls to a bank of which the ninth fails, one lost parent."""
    make = TraceMaker(trace_id, start_ns)
    for line in SHOP.strip().splitlines():
        service, kind, start, end, short, parent, name = line.split(" ", 6)
        make.span(
            short, name, service=service, parent="" if parent == "-" else parent, kind=kind, at_ms=float(start),
            ms=float(end) - float(start), attributes=_attributes(name, short),
        )  # fmt: skip
    chance = random.Random(3)
    for number in range(143):
        make.span(
            f"stock{number}", "SELECT shop.stock", service="inventory", parent="reserve", kind="CLIENT",
            at_ms=68 + 84 * (number + chance.random() * 0.5) / 143, ms=chance.uniform(0.2, 0.58),
            attributes={**POSTGRES, "db.query.text": "SELECT stock FROM shop.stock WHERE sku = $1"},
        )  # fmt: skip
    _bank_calls(make)
    return make


def _attributes(name: str, short: str) -> dict:
    if name.startswith(("SELECT", "INSERT", "UPDATE")):
        return dict(POSTGRES)
    if short in ("session", "hgetall", "fx", "delcart"):
        return dict(REDIS)
    if short == "publish":
        return {"messaging.system": "kafka", "messaging.destination.name": "order.placed"}
    if not name.startswith(("POST", "GET")):
        return {}
    own = {"root": {"user.id": "u_18842", "http.response.status_code": 200}, "charge": {"order.id": "48213"}}
    return {"http.request.method": name.split()[0], **own.get(short, {})}


def _bank_calls(make: TraceMaker) -> None:
    at_ms = 271.0
    took = (97.2, 92.4, 103.1, 95.8, 88.9, 110.3, 99.6, 94.2, 61.4, 108.7, 101.5, 96.3, 104.9, 102.0)
    for number, ms in enumerate(took, 1):
        fails = number == 9
        attributes = {
            **POST, "order.id": "48213", "payment.line": f"{number} of 14", "payment.split": "per_line",
            "http.response.status_code": 429 if fails else 200, "url.full": "https://api.bank.example/v2/authorisations",
            "server.address": "api.bank.example", "server.port": 443, "peer.service": "bank-api",
        }  # fmt: skip
        if fails:
            attributes["http.response.header.retry-after"] = ["1"]
            attributes["payment.request"] = '{"merchant": 7716, "lines": [{"sku": "A-1", "qty": 2}], "currency": "EUR"}'
        span = make.span(
            f"bank{number}", "POST /v2/authorisations", service="payment", parent="authlns", kind="CLIENT",
            at_ms=at_ms, ms=ms, error=fails, attributes=attributes, message="Too Many Requests" if fails else "",
        )  # fmt: skip
        if fails:
            _fail(span, make.trace_id)
        at_ms += ms + 1.1


def _fail(span, trace_id: str) -> None:
    event = span.events.add(name="exception", time_unix_nano=span.start_time_unix_nano + int(59.9 * MS))
    event.attributes.extend(
        pairs(
            {
                "exception.type": "httpx.HTTPStatusError",
                "exception.message": "Client error '429 Too Many Requests' for url 'https://api.bank.example'",
                "exception.stacktrace": STACK,
            }
        )
    )
    retried = span.links.add(trace_id=bytes.fromhex(trace_id), span_id=span_id("bank10"))
    retried.attributes.extend(pairs({"relation": "tried again as"}))
    span.links.add(trace_id=b"\xaa" * 16, span_id=b"\xbb" * 8)
    span.trace_state, span.flags, span.dropped_attributes_count = "ot=th:0", 0x301, 2


def odd_trace(trace_id: str, start_ns: int) -> TraceMaker:
    """Two roots, a circle, a duplicate, orphans, a skewed clock, no length, backwards, and text from strangers."""
    make = TraceMaker(trace_id, start_ns)
    make.span("a1", "GET /first", service="web", ms=50, kind="SERVER")
    make.span("a2", "call", service="web", parent="a1", at_ms=5, ms=20, kind="CLIENT")
    make.span("a3", "GET /skewed", service="stock", parent="a2", at_ms=-12, ms=18, kind="SERVER")
    make.span("a4", "GET /second root", service="web", at_ms=60, ms=20, kind="SERVER")
    make.span("a5", "zero length", service="web", parent="a4", at_ms=65, ms=0)
    make.span("b1", "circle one", service="loop", parent="b2", at_ms=10, ms=5)
    make.span("b2", "circle two", service="loop", parent="b1", at_ms=12, ms=5)
    make.span("c1", "duplicate", service="web", parent="a1", at_ms=30, ms=5)
    make.span("c1", "duplicate again", service="web", parent="a1", at_ms=36, ms=5, attributes={"which": "second"})
    make.span("c2", "backwards", service="web", parent="a1", at_ms=40, ms=-3)
    make.span("d1", "orphan one", service="mail", parent="gone1", at_ms=45, ms=5)
    make.span("d2", "below orphan", service="mail", parent="d1", at_ms=46, ms=2)
    make.span("d3", "orphan two", service="mail", parent="gone2", at_ms=47, ms=5)
    make.span(
        "e1", "<img src=x onerror=alert(1)>", service="<script>alert(1)</script>", parent="a1", at_ms=20, ms=2,
        error=True, message="<b>bold</b>", attributes=HOSTILE,
    )  # fmt: skip
    make.span("e2", "טעינת עגלה של משתמש \u202eevil", service="עגלה", parent="a1", at_ms=22, ms=2)
    make.span("e3", "name " * 200, service="a-service-with-a-name-that-goes-on-" * 3, parent="a1", at_ms=24, ms=2)
    make.span("e4", "", service="", parent="a1", at_ms=26, ms=2)
    make.span("e5", "日本語のスパン名 🎉", service="в-сервис", parent="a1", at_ms=27, ms=2)
    return make


HOSTILE = {
    "<img src=x onerror=alert(2)>": "<script>alert(3)</script>",
    "nul": "a\0b",
    "control": "\x1b[31mred",
    "json": '{"a":[1,2,{"b":"<i>"}],"long":"' + "x" * 80 + '"}',
    "list": ["a", 1, True],
    "map": {"k": 1.5},
    "bytes": b"\x00\xff",
    "empty": "",
    "float": 0.1,
    "long": "wörd " * 2000,
    "unbroken": "x" * 3000,
}


def big_trace(trace_id: str, start_ns: int, count: int) -> TraceMaker:
    """A nightly batch: `count` spans, ids 1 to count, of many depths, with ten attributes each, few errors."""
    make, chance = TraceMaker(trace_id, start_ns), random.Random(1)
    services = ("batch", "inventory", "pricing", "order", "payment", "catalog")
    names = ("SELECT stock", "UPDATE stock", "reserve line", "GET /price/{sku}", "publish line")
    make.span(f"{1:016x}", "nightly import", service="batch", ms=count * 2)
    path = [1]
    for number in range(2, count + 1):
        parent = path[-1] if chance.random() < 0.6 else chance.choice(path[-50:])
        make.span(
            f"{number:016x}", f"{chance.choice(names)} {number % 7}", service=chance.choice(services),
            parent=f"{parent:016x}", at_ms=number * 2 - 2, ms=chance.uniform(0.2, 30),
            kind=chance.choice(("CLIENT", "SERVER", "INTERNAL")), error=chance.random() < 0.001,
            attributes={
                **POSTGRES, **POST, "db.query.text": "SELECT stock FROM shop.stock WHERE sku = $1 AND warehouse = $2",
                "sku": f"A-{number}", "server.address": "pg-1.internal", "server.port": 5432,
                "thread.name": "worker-3", "code.function.name": "app.stock.reserve",
            },
        )  # fmt: skip
        if chance.random() < 0.3:
            path.append(number)
        if len(path) > 60 or chance.random() < 0.02:
            path = path[: max(1, len(path) // 8)]
    return make


def deep_trace(trace_id: str, start_ns: int, depth: int = 10_000) -> TraceMaker:
    """Every span is the child of the one before; ids 1 to depth."""
    make = TraceMaker(trace_id, start_ns)
    for number in range(1, depth + 1):
        make.span(
            f"{number:016x}", f"recurse({number})", service=("worker", "helper", "queue")[number % 3],
            parent=f"{number - 1:016x}" if number > 1 else "", at_ms=number * 0.01,
            ms=max(0.01, (depth - number) * 0.1),
        )  # fmt: skip
    return make
