"""Looking around: home, search, product and account pages, and what goes into the cart."""

from __future__ import annotations

from apps.demo.agenda import Process
from apps.demo.entries import serve
from apps.demo.faults import product_missing
from apps.demo.shop import Shop, Visitor
from apps.demo.work import Work

WORDS = ("lamp", "oat milk", "bicycle tube", "notebook", "tea", "batteries aa", "dog food", "olive oil", "usb cable")


def sku_of(shop: Shop) -> str:
    return f"SKU-{1000 + int(600 * shop.dice.random() ** 2)}"


def verify_session(gateway: Work) -> None:
    with gateway.call("auth", "POST /sessions/verify") as auth:
        auth.spend(1.6)
        auth.query("redis", "GET session", 1.1)
        auth.spend(0.8)


def recommend(caller: Work) -> None:
    with caller.rpc("recommendation", "shop.Recommendations/List") as recommendation:
        recommendation.query("redis", "ZREVRANGE similar", 1.4)
        with recommendation.step("rank") as rank:
            rank.note({"recommendation.candidates": caller.shop.dice.randrange(40, 400)})
            rank.spend(6, 0.5)


def home(shop: Shop, visitor: Visitor) -> int:
    """The first page. All functions like this make one trace and return its end (virtual ns)."""
    with serve(shop, "storefront", "GET /", visitor) as page:
        page.spend(2)
        page.parallel(_home_products, recommend)
        with page.step("render") as render:
            render.spend(9)
    return page.now_ns


def _home_products(page: Work) -> None:
    with page.call("gateway", "GET /home") as gateway:
        verify_session(gateway)
        with gateway.call("catalog", "GET /products") as catalog:
            catalog.query("opensearch", "search products", 14)
            catalog.spend(5)


def search(shop: Shop, visitor: Visitor) -> int:
    with serve(shop, "storefront", "GET /search", visitor) as page:
        page.note({"search.query": shop.dice.choice(WORDS)})
        with page.call("gateway", "GET /search") as gateway:
            verify_session(gateway)
            with gateway.call("catalog", "GET /products") as catalog:
                catalog.query(
                    "opensearch", "search products", 26, {"db.response.returned_rows": shop.dice.randrange(60)}
                )
                catalog.spend(7)
        page.spend(6)
    return page.now_ns


def product(shop: Shop, visitor: Visitor) -> int:
    sku = sku_of(shop)
    with serve(shop, "storefront", "GET /products/{sku}", visitor, sku=sku) as page:
        page.note({"product.sku": sku})
        page.spend(2)
        page.parallel(lambda work: _product_details(work, sku), recommend)
        with page.step("render") as render:
            render.spend(7)
    return page.now_ns


def _product_details(page: Work, sku: str) -> None:
    with page.call("gateway", "GET /products/{sku}", sku=sku) as gateway:
        verify_session(gateway)
        with gateway.call("catalog", "GET /products/{sku}", sku=sku) as catalog:
            catalog.query("catalog-db", "find products", 3.2)
            if page.shop.dice.happens(0.004):
                raise product_missing(sku)
            catalog.spend(4)


def account(shop: Shop, visitor: Visitor) -> int:
    with serve(shop, "gateway", "GET /me", visitor) as gateway:
        verify_session(gateway)
        with gateway.call("account", "GET /users/{id}", id=visitor.user_id) as users:
            users.query("shop-db", "SELECT shop.customer", 2.4)
            users.note({"user.tier": visitor.tier})
            users.spend(6)
    return gateway.now_ns


def add_to_cart(shop: Shop, visitor: Visitor) -> int:
    with serve(shop, "gateway", "POST /carts/{id}/lines", visitor, id=visitor.cart_id) as gateway:
        gateway.note({"cart.id": visitor.cart_id})
        verify_session(gateway)
        with gateway.call("cart", "POST /carts/{id}/lines", id=visitor.cart_id) as cart:
            cart.note({"cart.id": visitor.cart_id, "product.sku": sku_of(shop)})
            cart.query("redis", "HSET cart", 1.2)
            cart.event("cart.changed", {"cart.lines": shop.dice.randrange(1, 18)})
            cart.spend(3)
    return gateway.now_ns


def view_cart(shop: Shop, visitor: Visitor) -> int:
    with serve(shop, "gateway", "GET /carts/{id}", visitor, id=visitor.cart_id) as gateway:
        gateway.note({"cart.id": visitor.cart_id})
        verify_session(gateway)
        with gateway.call("cart", "GET /carts/{id}", id=visitor.cart_id) as cart:
            cart.note({"cart.id": visitor.cart_id})
            cart.query("redis", "HGETALL cart", 2.2)
            quote(cart, visitor)
            cart.spend(2)
    return gateway.now_ns


def quote(caller: Work, visitor: Visitor) -> None:
    """Ask pricing what the cart costs."""
    with caller.call("pricing", "POST /quotes") as pricing:
        pricing.query("shop-db", "SELECT pricing.rule", 5.5)
        pricing.query("redis", "GET fx", 1.0)
        pricing.note({"quote.country": visitor.country})
        pricing.spend(6)


def browse(shop: Shop, visitor: Visitor) -> Process:
    """Home, a search and a few products, with a person's pauses between."""
    yield shop.after(home(shop, visitor), 2, 12)
    if shop.dice.happens(0.7):
        yield shop.after(search(shop, visitor), 2, 15)
    for _ in range(shop.dice.randrange(1, 4)):
        yield shop.after(product(shop, visitor), 3, 25)
    if shop.dice.happens(0.15):
        yield shop.after(account(shop, visitor), 3, 10)


def fill_cart(shop: Shop, visitor: Visitor) -> Process:
    for _ in range(shop.dice.randrange(1, 4)):
        yield shop.after(product(shop, visitor), 3, 20)
        yield shop.after(add_to_cart(shop, visitor), 2, 8)
    yield shop.after(view_cart(shop, visitor), 4, 20)
