"""What the demo shop is made of: services, the frameworks they are written in, stores, queues, outside peers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Framework:
    """How a service's OpenTelemetry instrumentation names things. `scopes`: kind of work -> (scope name, version)."""

    language: str
    runtime: tuple[str, str]
    sdk_version: str
    scopes: dict[str, tuple[str, str]] = field(hash=False)


def _scopes(prefix: str, version: str, **names: str) -> dict[str, tuple[str, str]]:
    return {work: (prefix + name, version) for work, name in names.items()}


FRAMEWORKS = {
    "express": Framework(
        "nodejs",
        ("nodejs", "22.11.0"),
        "2.2.0",
        _scopes(
            "@opentelemetry/instrumentation-",
            "0.207.0",
            server="http",
            client="http",
            db="pg",
            cache="ioredis",
            queue="kafkajs",
            rpc="grpc",
            code="express",
        ),
    ),
    "spring": Framework(
        "java",
        ("OpenJDK Runtime Environment", "21.0.5+11"),
        "1.55.0",
        _scopes(
            "io.opentelemetry.",
            "2.21.0",
            server="tomcat-10.0",
            client="java-http-client",
            db="jdbc",
            cache="lettuce-5.1",
            queue="kafka-clients-2.6",
            rpc="grpc-1.6",
            code="opentelemetry-instrumentation-annotations-1.16",
        ),
    ),
    "fastapi": Framework(
        "python",
        ("cpython", "3.12.7"),
        "1.38.0",
        _scopes(
            "opentelemetry.instrumentation.",
            "0.59b0",
            server="fastapi",
            client="httpx",
            db="psycopg",
            cache="redis",
            queue="aiokafka",
            rpc="grpc",
            code="threading",
        ),
    ),
    "django": Framework(
        "python",
        ("cpython", "3.11.10"),
        "1.38.0",
        _scopes(
            "opentelemetry.instrumentation.",
            "0.59b0",
            server="django",
            client="requests",
            db="psycopg",
            cache="redis",
            queue="pika",
            rpc="grpc",
            code="celery",
        ),
    ),
    "rails": Framework(
        "ruby",
        ("ruby", "3.3.6"),
        "1.10.0",
        _scopes(
            "OpenTelemetry::Instrumentation::",
            "0.27.1",
            server="Rack",
            client="Net::HTTP",
            db="Mongo",
            cache="Redis",
            queue="RubyKafka",
            rpc="Grpc",
            code="ActiveSupport",
        ),
    ),
    "go": Framework(
        "go",
        ("go", "go1.23.4"),
        "1.38.0",
        _scopes(
            "go.opentelemetry.io/contrib/instrumentation/",
            "0.63.0",
            server="google.golang.org/grpc/otelgrpc",
            client="net/http/otelhttp",
            db="otelsql",
            cache="redisotel",
            queue="otelsarama",
            rpc="google.golang.org/grpc/otelgrpc",
            code="shop/recommendation",
        ),
    ),
}


@dataclass(frozen=True)
class Service:
    """`dialect` says which attribute names it sends: "new", "old" (before the HTTP/database names settled), "both"."""

    name: str
    framework: str
    version: str
    dialect: str
    port: int
    instances: int = 2


SERVICES = {
    service.name: service
    for service in (
        Service("storefront", "express", "7.3.1", "old", 3000),
        Service("gateway", "spring", "2.18.0", "new", 8080, 3),
        Service("auth", "fastapi", "1.9.4", "new", 8000),
        Service("account", "django", "5.0.2", "old", 8000),
        Service("catalog", "rails", "11.2.0", "old", 3000),
        Service("recommendation", "go", "0.14.3", "both", 50051),
        Service("cart", "express", "3.6.0", "both", 3000),
        Service("pricing", "fastapi", "2.2.5", "new", 8000),
        Service("inventory", "django", "2.8.3", "new", 8000, 3),
        Service("checkout", "spring", "6.1.0", "new", 8080, 3),
        Service("payment", "fastapi", "4.11.3", "new", 8000, 3),
        Service("order", "spring", "9.4.2", "old", 8080),
        Service("fulfilment", "rails", "4.0.7", "old", 3000),
        Service("notification", "express", "2.5.9", "new", 3000),
        Service("nightly", "django", "1.3.0", "new", 8000, 1),
    )
}


@dataclass(frozen=True)
class Store:
    name: str
    system: str
    host: str
    port: int
    namespace: str


STORES = {
    store.name: store
    for store in (
        Store("shop-db", "postgresql", "shop-db.internal", 5432, "shop"),
        Store("orders-db", "postgresql", "orders-db.internal", 5432, "orders"),
        Store("catalog-db", "mongodb", "catalog-db.internal", 27017, "catalog"),
        Store("opensearch", "opensearch", "opensearch.internal", 9200, "products"),
        Store("redis", "redis", "redis.internal", 6379, "0"),
    )
}


@dataclass(frozen=True)
class Queue:
    name: str
    system: str
    host: str


QUEUES = {
    queue.name: queue
    for queue in (
        Queue("order.events", "kafka", "kafka.internal"),
        Queue("parcel.events", "rabbitmq", "rabbitmq.internal"),
    )
}

EXTERNALS = {
    "bank-api": "api.bank.example",
    "parcel-api": "api.parcel.example",
    "mail-api": "api.mail.example",
}

STATEMENTS = {
    "SELECT shop.stock": "SELECT sku, on_hand, reserved FROM shop.stock WHERE sku = $1",
    "SELECT shop.warehouse": "SELECT id, name FROM shop.warehouse WHERE region = $1 AND open",
    "UPDATE shop.stock": "UPDATE shop.stock SET reserved = reserved + l.n FROM unnest($1::text[], $2::int[]) l(sku, n)"
    " WHERE stock.sku = l.sku",
    "SELECT shop.customer": "SELECT id, email, locale, tier FROM shop.customer WHERE id = %s",
    "SELECT shop.parcel": "SELECT * FROM shop.parcel WHERE order_id = $1",
    "INSERT shop.parcel": "INSERT INTO shop.parcel (order_id, state, weight_g) VALUES ($1, $2, $3) RETURNING id",
    "UPDATE shop.parcel": "UPDATE shop.parcel SET state = $2, changed_at = now() WHERE order_id = $1",
    "SELECT shop.template": "SELECT subject, body FROM shop.template WHERE name = $1 AND locale = $2",
    "SELECT pricing.rule": "SELECT rule_id, kind, amount FROM pricing.rule WHERE country = $1 AND valid @> now()",
    "SELECT payment.customer": "SELECT customer_ref, risk_class FROM payment.customer WHERE user_id = $1",
    "INSERT payment.charge": "INSERT INTO payment.charge (order_id, amount, currency, state) VALUES ($1, $2, $3, $4)",
    "UPDATE payment.charge": "UPDATE payment.charge SET state = 'refunded' WHERE order_id = $1",
    "INSERT orders.order": "insert into orders.order (id, user_id, total, currency) values (?, ?, ?, ?)",
    "INSERT orders.line": "insert into orders.line (order_id, sku, quantity, price) values (?, ?, ?, ?)",
    "SELECT orders.order": "select o.id, o.state, o.total from orders.order o where o.id = ?",
    "UPDATE orders.order": "update orders.order set state = ? where id = ?",
    "INSERT orders.settlement": "INSERT INTO orders.settlement (order_id, amount, settled_on) VALUES ($1, $2, $3)",
    "HGETALL cart": "HGETALL cart:?",
    "HSET cart": "HSET cart:? ? ?",
    "DEL cart": "DEL cart:?",
    "GET session": "GET session:?",
    "GET fx": "GET fx:EUR:?",
    "ZREVRANGE similar": "ZREVRANGE similar:? 0 11",
    "find products": '{"find": "products", "filter": {"sku": "?"}, "limit": 1}',
    "getMore products": '{"getMore": "?", "collection": "products", "batchSize": 200}',
    "search products": '{"query": {"multi_match": {"query": "?", "fields": ["title^3", "text"]}}, "size": 24}',
    "bulk products": '{"index": {"_index": "products"}}',
}
