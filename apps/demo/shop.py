"""The shop as a whole: its people, its instances, its clock, and what is wrong with it right now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.demo.agenda import Agenda
from apps.demo.catalogue import SERVICES
from apps.demo.chance import Dice
from apps.demo.scenarios import NS_PER_MINUTE, Schedule
from apps.demo.telemetry import SKEWED_HOST, Instance, Telemetry

SKEW_NS = 4_000_000_000
NEXT_VERSIONS = {"payment": ("slow_bank", "4.12.0"), "inventory": ("n_plus_one", "2.8.4")}
"""service -> (the scenario during which it is released, its version then)"""

REGULAR = "u_18842"
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "ShopApp/8.4 (Android 15)",
)


@dataclass(frozen=True)
class Visitor:
    """Somebody in the shop, as far as the services know them."""

    user_id: str
    session_id: str | None
    cart_id: str
    country: str
    tier: str
    user_agent: str
    address: str
    order_id: str | None = None


@dataclass(frozen=True)
class Settings:
    """`start_ns` begins virtual time; traces per second before and after `live_ns`; orders settled by one batch;
    `stories` were told before."""

    seed: int
    start_ns: int
    live_ns: int
    rate: float = 5.0
    backfill_rate: float = 1.0
    batch_orders: int = 7000
    anchor_ns: int | None = None
    stories: int = 0


class Shop:
    def __init__(self, settings: Settings, telemetry: Telemetry):
        self.settings = settings
        self.telemetry = telemetry
        self.dice = Dice(settings.seed)
        self.agenda = Agenda(settings.start_ns)
        self.schedule = Schedule(settings.start_ns if settings.anchor_ns is None else settings.anchor_ns)
        self.traces = 0
        self.stories = settings.stories
        # Numbers follow the clock, so that a shop started again does not give an order number twice within weeks.
        self._order_number = 100_000 + settings.start_ns // 4_000_000_000 % 900_000

    @property
    def now_ns(self) -> int:
        return self.agenda.now_ns

    @property
    def rate(self) -> float:
        """Traces per second of virtual time, now."""
        return self.settings.rate if self.now_ns >= self.settings.live_ns else self.settings.backfill_rate

    def made_trace(self) -> None:
        self.traces += 1

    def is_on(self, scenario: str, at_ns: int) -> bool:
        return self.schedule.is_active(scenario, at_ns)

    def skew_ns(self, host: str, at_ns: int) -> int:
        """How far ahead of true time this host's clock is."""
        return SKEW_NS if host == SKEWED_HOST and self.is_on("skewed_clock", at_ns) else 0

    def instance(self, name: str, at_ns: int) -> Instance:
        """One of the service's instances takes the request. A release reaches them one after the other."""
        service = SERVICES[name]
        number = self.dice.randrange(service.instances)
        version = service.version
        if name in NEXT_VERSIONS:
            scenario, next_version = NEXT_VERSIONS[name]
            if self.is_on(scenario, at_ns - number * NS_PER_MINUTE // 2):
                version = next_version
        return self.telemetry.instance(name, number, version)

    def next_order_id(self) -> str:
        self._order_number += 1
        return str(self._order_number)

    def visitor(self, user_id: str | None = None) -> Visitor:
        """Somebody comes in; few people come often and most come seldom."""
        dice = self.dice
        user_number = int(4000 * dice.random() ** 2)
        return Visitor(
            user_id=user_id or f"u_{15_000 + user_number}",
            session_id=f"s_{dice.getrandbits(64):016x}",
            cart_id=f"c_{dice.getrandbits(40):010x}",
            country=dice.choices(("DE", "FR", "NL", "AT", "PL"), (50, 20, 12, 10, 8))[0],
            tier="gold" if user_number % 7 == 0 else "standard",
            user_agent=dice.choice(BROWSERS),
            address=f"203.0.113.{dice.randrange(1, 255)}",
        )

    @staticmethod
    def known_of(visitor: Visitor | None) -> dict:
        """The attributes by which a service's spans say whom they work for."""
        if visitor is None:
            return {}
        known = {"user.id": visitor.user_id}
        if visitor.session_id:
            known["session.id"] = visitor.session_id
        if visitor.order_id:
            known["order.id"] = visitor.order_id
        return known

    def after(self, end_ns: int, low_s: float, high_s: float) -> int:
        """How long a process sleeps that goes on some seconds after a trace's end."""
        return max(0, end_ns - self.now_ns) + self.dice.pause_s(low_s, high_s)


def with_order(visitor: Visitor, order_id: str) -> Visitor:
    return replace(visitor, order_id=order_id)


def without_session(visitor: Visitor) -> Visitor:
    """What the warehouse knows: whose order it is, not in which session it was made."""
    return replace(visitor, session_id=None)
