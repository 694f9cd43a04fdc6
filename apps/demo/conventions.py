"""Attribute names as instrumentations really send them: current semantic conventions, the older ones, or both."""

from __future__ import annotations

from apps.demo.catalogue import EXTERNALS, QUEUES, STATEMENTS, STORES, Service

OLD_NAMES = {
    "http.request.method": "http.method",
    "http.response.status_code": "http.status_code",
    "url.path": "http.target",
    "url.full": "http.url",
    "url.scheme": "http.scheme",
    "user_agent.original": "http.user_agent",
    "client.address": "http.client_ip",
    "server.address": "net.peer.name",
    "server.port": "net.peer.port",
    "network.protocol.version": "http.flavor",
    "db.system.name": "db.system",
    "db.namespace": "db.name",
    "db.collection.name": "db.sql.table",
    "db.operation.name": "db.operation",
    "db.query.text": "db.statement",
    "rpc.system.name": "rpc.system",
    "messaging.destination.name": "messaging.destination",
    "messaging.operation.type": "messaging.operation",
    "messaging.consumer.group.name": "messaging.kafka.consumer.group",
    "service.peer.name": "peer.service",
    "user.id": "enduser.id",
    "code.function.name": "code.function",
}
OLD_SERVER_NAMES = OLD_NAMES | {"server.address": "net.host.name", "server.port": "net.host.port"}
OLD_NAMES_BY_SYSTEM = {
    "mongodb": OLD_NAMES | {"db.collection.name": "db.mongodb.collection"},
    "redis": OLD_NAMES | {"db.namespace": "db.redis.database_index"},
}
ONLY_NEW = frozenset({"db.query.summary", "messaging.operation.name", "error.type"})


def speak(dialect: str, attributes: dict) -> dict:
    """`attributes` (current names) as a service of this dialect sends them."""
    if dialect == "new":
        return attributes
    names = OLD_NAMES_BY_SYSTEM.get(attributes.get("db.system.name"), OLD_NAMES)
    if "http.route" in attributes:
        names = OLD_SERVER_NAMES
    old = {names.get(key, key): value for key, value in attributes.items() if key not in ONLY_NEW}
    return old if dialect == "old" else {**attributes, **old}


def route_of(service: Service, route: str) -> str:
    """`/carts/{id}` as the service's framework writes it in `http.route`."""
    if service.framework == "express":
        return route.replace("{", ":").replace("}", "")
    if service.framework == "django":
        return route.lstrip("/").replace("{", "<str:").replace("}", ">")
    return route


def server_name(service: Service, method: str, route: str) -> str:
    """The SERVER span's name as the framework's instrumentation makes it."""
    if service.framework != "rails":
        return f"{method} {route_of(service, route) if service.framework == 'express' else route}"
    steps = [step for step in route.split("/") if step]
    if "{" not in route:
        action = "index" if method == "GET" else "create"
    else:
        action = steps[-1] if "{" not in steps[-1] else {"GET": "show", "DELETE": "destroy"}.get(method, "update")
    return f"{steps[0].capitalize()}Controller#{action}"


def client_name(service: Service, method: str, route: str) -> str:
    """The CLIENT span's name: instrumentations of the older kind know the method only."""
    if service.framework == "rails":
        return f"HTTP {method}"
    return method if service.dialect == "old" else f"{method} {route}"


def http_server(service: Service, method: str, route: str, path: str) -> dict:
    return {
        "http.request.method": method,
        "http.route": route_of(service, route),
        "url.path": path,
        "url.scheme": "http",
        "server.address": f"{service.name}.shop.svc.cluster.local",
        "server.port": service.port,
        "network.protocol.version": "1.1",
    }


def http_client(callee: Service, method: str, path: str) -> dict:
    host = f"{callee.name}.shop.svc.cluster.local"
    return {
        "http.request.method": method,
        "url.full": f"http://{host}:{callee.port}{path}",
        "server.address": host,
        "server.port": callee.port,
        "network.protocol.version": "1.1",
    }


def external_client(peer: str, method: str, path: str) -> dict:
    host = EXTERNALS[peer]
    return {
        "http.request.method": method,
        "url.full": f"https://{host}{path}",
        "server.address": host,
        "server.port": 443,
        "network.protocol.version": "2",
        "service.peer.name": peer,
    }


def rpc(method: str) -> dict:
    service_name, _, short = method.rpartition("/")
    return {"rpc.system.name": "grpc", "rpc.service": service_name, "rpc.method": short, "rpc.grpc.status_code": 0}


def database(store_name: str, statement: str) -> dict:
    store = STORES[store_name]
    operation, _, collection = statement.partition(" ")
    attributes = {
        "db.system.name": store.system,
        "db.namespace": store.namespace,
        "db.operation.name": operation,
        "db.query.text": STATEMENTS[statement],
        "db.query.summary": statement,
        "server.address": store.host,
        "server.port": store.port,
    }
    if store.system != "redis":
        attributes["db.collection.name"] = collection
    return attributes


def messaging(queue_name: str, operation: str, message_id: str, body_bytes: int) -> dict:
    """`operation`: send or process."""
    queue = QUEUES[queue_name]
    return {
        "messaging.system": queue.system,
        "messaging.destination.name": queue_name,
        "messaging.operation.type": operation,
        "messaging.operation.name": "publish" if operation == "send" else "consume",
        "messaging.message.id": message_id,
        "messaging.message.body.size": body_bytes,
        "server.address": queue.host,
    }
