"""The shop's day: visitors come, jobs start, and the story of order 48213 is told once a cycle."""

from __future__ import annotations

from collections.abc import Callable

from apps.demo.aftercare import fulfil, lag_s, notify
from apps.demo.agenda import Process
from apps.demo.browsing import browse, fill_cart
from apps.demo.checkout import check_out
from apps.demo.jobs import long_reindex, nightly_batch
from apps.demo.scenarios import NS_PER_MINUTE
from apps.demo.shop import REGULAR, Shop, Visitor

TRACES_PER_VISIT = 8.0
"""Mean over many visits, what happens to their orders included (measured; a test holds it)."""

FIRST_STORY_ORDER = 48_213


def open_shop(shop: Shop) -> None:
    """Put everything that happens in the shop on its agenda."""
    shop.agenda.start(visitors(shop))
    for name, process in (("nightly_batch", nightly_batch), ("long_reindex", long_reindex), ("story", story)):
        shop.agenda.start(_again_and_again(shop, name, process))


def visitors(shop: Shop) -> Process:
    while True:
        yield int(shop.dice.expovariate(shop.rate / TRACES_PER_VISIT) * 1e9)
        shop.agenda.start(visit(shop, shop.visitor()))


def _again_and_again(shop: Shop, name: str, process: Callable[[Shop], Process]) -> Process:
    while True:
        yield shop.schedule.until_next_ns(name, shop.now_ns)
        shop.agenda.start(process(shop))
        yield NS_PER_MINUTE


def visit(shop: Shop, visitor: Visitor) -> Process:
    """Most look around; half of them fill a cart; most of those buy."""
    yield from browse(shop, visitor)
    if shop.dice.happens(0.5):
        yield from fill_cart(shop, visitor)
        if shop.dice.happens(0.6):
            yield buy(shop, visitor, shop.next_order_id(), shop.dice.randrange(9, 18))


def story(shop: Shop) -> Process:
    """u_18842 looks around, buys 13 things under the slow bank, and meets a parcel service that is down."""
    visitor = shop.visitor(REGULAR)
    order_id = str(FIRST_STORY_ORDER + shop.stories)
    shop.stories += 1
    yield from browse(shop, visitor)
    yield from fill_cart(shop, visitor)
    yield buy(shop, visitor, order_id, 13, is_unlucky=True)


def buy(shop: Shop, visitor: Visitor, order_id: str, lines: int, is_unlucky: bool = False) -> int:
    """Check out; what follows goes on by itself. Returns how long that took (ns)."""
    end_ns, order = check_out(shop, visitor, order_id, lines)
    if order is not None:
        low_s, high_s = lag_s(shop)
        shop.agenda.start(fulfil(shop, order, is_unlucky), shop.after(end_ns, low_s, high_s))
        mail = notify(shop, order, "order.events", "order.placed", order.placed)
        shop.agenda.start(mail, shop.after(end_ns, low_s, high_s))
    return end_ns - shop.now_ns
