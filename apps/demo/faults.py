"""What goes wrong in the shop: exceptions with the types, messages and stack traces their languages would show."""

from __future__ import annotations


class Fault(Exception):
    """A simulated failure on its way up the calls.

    `kind` is the exception's type in the failing service's language, `status` what the failing peer (or the failing
    service itself) answered, None when nobody did, `answers` what the service that meets it tells its own caller.
    """

    def __init__(self, kind: str, message: str, frames: str, status: int | None = 500, answers: int = 500):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.stacktrace = frames
        self.status = status
        self.answers = answers
        self.is_recorded = False


def _python(kind: str, message: str, *frames: tuple[str, int, str, str]) -> str:
    lines = [f'  File "{path}", line {line}, in {name}\n    {code}' for path, line, name, code in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, f"{kind}: {message}"])


def _java(kind: str, message: str, *frames: str) -> str:
    return "\n".join([f"{kind}: {message}", *(f"\tat {frame}" for frame in frames)])


def _lines(kind: str, message: str, *frames: str) -> str:
    return "\n".join([f"{kind}: {message}", *(f"    at {frame}" for frame in frames)])


def _ruby(kind: str, message: str, first: str, *frames: str) -> str:
    return "\n".join([f"{first}: {message} ({kind})", *(f"\tfrom {frame}" for frame in frames)])


def bank_too_many_requests() -> Fault:
    kind = "httpx.HTTPStatusError"
    message = "Client error '429 Too Many Requests' for url 'https://api.bank.example/v2/authorisations'"
    return Fault(
        kind,
        message,
        _python(
            kind,
            message,
            ("/srv/payment/charges.py", 64, "authorise_lines", "bank.authorise(line, order=order)"),
            ("/srv/payment/bank.py", 118, "authorise", "response.raise_for_status()"),
            (
                "/usr/lib/python3.12/site-packages/httpx/_models.py",
                829,
                "raise_for_status",
                "raise HTTPStatusError(message, request=request, response=self)",
            ),
        ),
        status=429,
        answers=502,
    )


def bank_declined() -> Fault:
    kind, message = "payment.errors.CardDeclined", "card declined by issuer: insufficient funds (code 51)"
    return Fault(
        kind,
        message,
        _python(
            kind,
            message,
            ("/srv/payment/api.py", 41, "create_charge", "charge = charges.authorise(order, method)"),
            ("/srv/payment/charges.py", 88, "authorise", "raise CardDeclined(answer.reason, code=answer.code)"),
        ),
        status=402,
        answers=402,
    )


def duplicate_order(order_id: str) -> Fault:
    kind = "org.springframework.dao.DuplicateKeyException"
    message = (
        f'PreparedStatementCallback; ERROR: duplicate key value violates unique constraint "order_number_key"'
        f"  Detail: Key (id)=({order_id}) already exists."
    )
    return Fault(
        kind,
        message,
        _java(
            kind,
            message,
            "org.springframework.jdbc.support.SQLErrorCodeSQLExceptionTranslator.doTranslate(SQLErrorCodeSQL"
            "ExceptionTranslator.java:243)",
            "org.springframework.jdbc.core.JdbcTemplate.execute(JdbcTemplate.java:658)",
            "shop.order.OrderRepository.insert(OrderRepository.java:71)",
            "shop.order.OrderService.place(OrderService.java:112)",
            "shop.order.OrderController.create(OrderController.java:38)",
            "java.base/java.lang.reflect.Method.invoke(Method.java:580)",
            "... 42 more",
        ),
    )


def stock_deadlock() -> Fault:
    kind, message = "django.db.utils.OperationalError", "deadlock detected: process 4711 waits for ShareLock"
    return Fault(
        kind,
        message,
        _python(
            kind,
            message,
            ("/srv/inventory/views.py", 52, "create_reservation", "reserve(cart.lines, warehouse=warehouse)"),
            ("/srv/inventory/stock.py", 97, "reserve", "cursor.execute(RESERVE, (skus, quantities))"),
            (
                "/usr/lib/python3.11/site-packages/django/db/backends/utils.py",
                105,
                "_execute",
                "return self.cursor.execute(sql, params)",
            ),
        ),
        answers=503,
    )


def parcel_unreachable() -> Fault:
    kind, message = (
        "Faraday::ServerError",
        "the server responded with status 503 for POST https://api.parcel.example/labels",
    )
    return Fault(
        kind,
        message,
        _ruby(
            kind,
            message,
            "app/services/label_maker.rb:37:in `create_label'",
            "app/services/label_maker.rb:19:in `block in call'",
            "lib/retry.rb:12:in `with_retries'",
            "app/controllers/parcels_controller.rb:28:in `label'",
        ),
        status=503,
        answers=502,
    )


def mail_timeout() -> Fault:
    kind, message = "TimeoutError", "no answer from api.mail.example within 5000 ms"
    return Fault(
        kind,
        message,
        _lines(
            kind,
            message,
            "Timeout._onTimeout (/app/src/mailer.js:64:21)",
            "listOnTimeout (node:internal/timers:581:17)",
            "process.processTimers (node:internal/timers:519:7)",
        ),
        status=None,
        answers=502,
    )


def product_missing(sku: str) -> Fault:
    kind, message = "Mongoid::Errors::DocumentNotFound", f"Document(s) not found for class Product with id(s) {sku}."
    return Fault(
        kind,
        message,
        _ruby(
            kind,
            message,
            "app/models/product.rb:44:in `find_by_sku!'",
            "app/controllers/products_controller.rb:16:in `show'",
            "app/middleware/request_id.rb:9:in `call'",
        ),
        status=404,
        answers=404,
    )
