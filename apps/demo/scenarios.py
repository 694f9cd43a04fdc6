"""What is wrong in the shop, and when: each scenario returns on a schedule of virtual time."""

from __future__ import annotations

from dataclasses import dataclass

NS_PER_MINUTE = 60_000_000_000
CYCLE_MINUTES = 120
"""Every scenario starts at least once in a cycle, the story of order 48213 included."""


@dataclass(frozen=True)
class Scenario:
    """A trouble that starts `offset` minutes into the schedule, lasts, and comes back. `about` is for people."""

    name: str
    offset: int
    lasting: int
    every: int
    about: str

    def is_active(self, minute: float) -> bool:
        return minute >= self.offset and (minute - self.offset) % self.every < self.lasting


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "slow_bank",
            76,
            46,
            120,
            "payment 4.12.0 is released: it asks bank-api once a line instead of once a charge; then it is rolled back",
        ),
        Scenario(
            "n_plus_one",
            18,
            12,
            60,
            "inventory reads shop.stock once a sku and warehouse instead of once a reservation",
        ),
        Scenario("bank_throttled", 48, 6, 60, "bank-api answers 429 to many calls; payment tries again"),
        Scenario("parcel_down", 33, 8, 120, "parcel-api answers 503; fulfilment tries three times, then gives up"),
        Scenario(
            "order_failures", 8, 5, 40, "order fails deep inside with a duplicate key, after payment has been charged"
        ),
        Scenario(
            "forgotten_propagation", 4, 8, 40, "the receipt is rendered under a parent that is never sent: orphans"
        ),
        Scenario("skewed_clock", 2, 10, 60, "the clock of host node-7 is 4 s ahead"),
        Scenario("queue_backlog", 40, 8, 60, "consumers of order.events lag by minutes"),
        Scenario("uninstrumented_gap", 54, 6, 60, "most of a second in checkout that no span accounts for"),
    )
}

JOBS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "nightly_batch", 25, 12, 120, "one trace of more than 20 000 spans: every order is settled with the bank"
        ),
        Scenario("long_reindex", 5, 45, 120, "one trace that takes 45 minutes and stays incomplete until it is over"),
        Scenario("story", 80, 40, 120, "user u_18842 buys order 48213, waits for it, gets it and sends it back"),
    )
}


class Schedule:
    """Which scenario is on at a moment of virtual time, counted from `anchor_ns`."""

    def __init__(self, anchor_ns: int):
        self.anchor_ns = anchor_ns

    def minute(self, at_ns: int) -> float:
        return (at_ns - self.anchor_ns) / NS_PER_MINUTE

    def is_active(self, name: str, at_ns: int) -> bool:
        return SCENARIOS[name].is_active(self.minute(at_ns))

    def until_next_ns(self, job: str, now_ns: int) -> int:
        """How long until this job starts the next time (0 when it is due this instant)."""
        due, every = JOBS[job].offset * NS_PER_MINUTE, JOBS[job].every * NS_PER_MINUTE
        passed = now_ns - self.anchor_ns - due
        return -passed if passed < 0 else -passed % every
