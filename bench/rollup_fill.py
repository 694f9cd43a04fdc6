"""Weeks of rollups for a fleet of services, without the traces they would come from.

Facts are written by the product's own writer, merged by its own code: a day's traffic that ebbs and flows, span names
as unequal as they are (1 / rank), durations lognormal, a few keys slower every other day. Minutes exist where queries
of the windows need them, the other levels for as long as the product keeps them.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import numpy as np

from apps.traces.key_book import COVERAGE, EDGE, ERROR, NAME, PART, SERVICE
from apps.traces.sampling import CALL

DAY_MINUTES = 1440
SPREAD, FARTHEST = 6.0, 18
"""Standard deviation of durations, in buckets of a tenth, and how far from the middle any of them lies."""
DRAWN_ONE_BY_ONE = 24
"""Calls; of more it is drawn how many lie in each bucket, for they are millions."""
MOVED_SHARE, MOVED_BUCKETS = 0.04, 4
"""Keys that take longer every other day, by that many buckets (1.46 times): what a map of a day has to tell of."""
WORDS = ("cart", "order", "price", "stock", "user", "mail", "search", "card", "parcel", "tax", "image", "menu")
WORK = ("own_code", "network", "database", "cache", "queue", "external")


@dataclass(slots=True)
class Fleet:
    """Keys, how often each occurs in a minute on average, and its usual duration."""

    keys: list[tuple[int, tuple[str, ...]]]
    rate: np.ndarray
    middle: np.ndarray
    """Histogram bucket of the median."""
    error_share: np.ndarray
    roots: list[tuple[str, str]]
    services: list[str]


def make_fleet(services: int, names: int, spans_a_minute: float, seed: int) -> Fleet:
    """Services in layers, each with its share of the span names; a request comes in at one of the first layer's and
    goes on through a fixed tree of others."""
    pick = random.Random(seed)
    own = [f"{pick.choice(WORDS)}-{n}" for n in range(services)]
    spans = [(own[n % services], _name(pick, n), n) for n in range(names)]
    by_service: dict[str, list[tuple]] = {}
    for span in spans:
        by_service.setdefault(span[0], []).append(span)
    fleet = _Keys(pick)
    roots = [by_service[service][0] for service in own[: services // 5]] + [
        by_service[service][1] for service in own[: services // 5]
    ]
    for rank, root in enumerate(roots, 1):
        _add_request(fleet, pick, by_service, own, root, 1 / rank)
    scale = spans_a_minute / sum(rate for (kind, _), rate in fleet.rates.items() if kind == NAME)
    keys = list(fleet.rates)
    return Fleet(
        keys, np.array([fleet.rates[k] for k in keys]) * scale, np.array([fleet.middles[k] for k in keys]),
        np.array([0.3 if pick.random() < 0.02 else 0.004 for _ in keys]), [r[:2] for r in roots], own,
    )  # fmt: skip


def _name(pick: random.Random, n: int) -> str:
    return f"{pick.choice(('GET', 'POST', 'SELECT', 'publish', 'render'))} /{pick.choice(WORDS)}/{n}"


class _Keys:
    def __init__(self, pick: random.Random):
        self.pick, self.rates, self.middles = pick, {}, {}

    def add(self, kind: int, parts: tuple[str, ...], rate: float, middle: float | None = None) -> None:
        self.rates[kind, parts] = self.rates.get((kind, parts), 0.0) + rate
        self.middles.setdefault((kind, parts), middle or self.pick.uniform(140, 215))


def _add_request(fleet: _Keys, pick: random.Random, by_service: dict, own: list[str], root: tuple, rate: float) -> None:
    """One root span name: a tree of about 125 span names over about 12 services."""
    layer = len(own) // 5
    reached = [root[0]] + [own[pick.randrange(layer, len(own))] for _ in range(pick.randrange(6, 18))]
    fleet.add(PART, (*root[:2], "", "", ""), rate)
    fleet.add(EDGE, ("user", "user", "service", root[0], "call"), rate)
    for above, service in zip([root[0], *reached], reached, strict=False):
        fleet.add(SERVICE, (service, f"1.{pick.randrange(3)}.0"), rate)
        if service != above:
            fleet.add(EDGE, ("service", above, "service", service, "call"), rate)
        fleet.add(PART, (*root[:2], service, "", ""), rate)
        mine = by_service[service]
        for name in pick.sample(mine, min(len(mine), pick.randrange(4, 16))):
            share = rate / (1 + 20 * pick.random() ** 3)
            work = WORK[min(int(random.Random(name[2]).expovariate(0.7)), 5)]
            kind = "INTERNAL" if work == "own_code" else "CLIENT"
            peer = ("", "") if work in ("own_code", "network") else (work, f"{work} of {service}")
            fleet.add(NAME, (service, name[1], kind, *peer), share)
            fleet.add(PART, (*root[:2], service, name[1], work), share)
            if peer[0]:
                edge = {"queue": "messaging", "external": "external"}.get(work, "database")
                fleet.add(EDGE, ("service", service, *peer, edge), share)
    for word in ("traces", "spans", "error_traces"):
        fleet.add(COVERAGE, (word,), rate)
    if pick.random() < 0.5:
        fleet.add(ERROR, (reached[-1], mine[0][1], "TimeoutError", "no answer after <n> ms"), rate * 0.01)


class Filler:
    def __init__(self, asked):
        self.asked, self.random = asked, np.random.default_rng(asked.seed)
        self.fleet = make_fleet(asked.services, asked.names, asked.rate * 60, asked.seed)
        self.now = int(time.time()) // 60
        self.filled_to = self.now
        self.moves = self.random.random(len(self.fleet.keys)) < MOVED_SHARE

    def fill(self) -> None:
        from apps.insights.levels import LEVELS, MINUTE

        began = time.monotonic()
        self.ids = self._register()
        now, counted = self.now, {}
        for level in LEVELS:
            back = self.asked.minutes * 60 if level is MINUTE else self._kept_minutes(level)
            first = (now - back) // level.minutes * level.minutes
            until = now // level.minutes * level.minutes
            counted[level.table] = self._fill_level(level, first, until)
            print(f"{level.table}: {counted[level.table]:,} rows by {time.monotonic() - began:.0f} s", flush=True)
        self._close()

    def catch_up(self) -> None:
        """To now: filling takes minutes, and a page says of what ended minutes ago that it stopped."""
        from apps.insights.levels import MINUTE

        now = int(time.time()) // 60
        self._fill_level(MINUTE, self.filled_to, now)
        self.filled_to = now

    def _kept_minutes(self, level) -> int:
        return min(level.kept_days, self.asked.days) * DAY_MINUTES

    def _register(self) -> np.ndarray:
        from apps.insights.keys import Book, register
        from apps.insights.summing import summed
        from apps.store.connection import store_cursor
        from apps.store.names import register_services
        from apps.traces.deposits import Deposits

        with store_cursor() as cursor:
            register_services(cursor, self.asked.workspace, self.fleet.services)
        book, minute_ns = Book(), 60 * 10**9
        deposits = Deposits(book.keys)
        for kind, parts in self.fleet.keys:
            number = book.keys.number(kind, parts)
            for minute in (self.now - self.asked.days * DAY_MINUTES, self.now):
                deposits.add(number, minute * minute_ns, CALL, False, 1)
        with store_cursor() as cursor:
            register(cursor, self.asked.workspace, book, summed(deposits))
        return book.ids

    def _fill_level(self, level, first: int, until: int) -> int:
        from apps.insights.facts import copy_rows
        from apps.insights.levels import ensure_partitions
        from apps.store.connection import store_cursor

        ensure_partitions(level, range(first, until, level.minutes))
        rows = 0
        with store_cursor() as cursor:
            for minute in range(first, until, level.minutes):
                facts = self._facts(minute, level.minutes)
                copy_rows(cursor, level.table, facts)
                rows += facts.n
        return rows

    def _facts(self, minute: int, minutes: int):
        """A bucket's rows: Poisson counts, lognormal durations as histogram buckets."""
        from apps.insights.facts import EXAMPLE, Facts, Ragged, merge
        from apps.traces.histogram import value_of

        fleet, pick = self.fleet, self.random
        tide = 1 + 0.6 * np.sin(2 * np.pi * (minute % DAY_MINUTES) / DAY_MINUTES)
        calls = pick.poisson(fleet.rate * tide * minutes)
        chosen = np.flatnonzero(calls)
        calls, n = calls[chosen], len(chosen)
        kind = np.array([fleet.keys[k][0] for k in chosen.tolist()])
        is_slow_day = max(0, self.now - minute) // DAY_MINUTES % 2 == 0
        middle = fleet.middle[chosen] + MOVED_BUCKETS * (self.moves[chosen] & is_slow_day)
        row, off, count = self._offsets(calls)
        bucket, share = np.clip(middle[row] + off, 1, 440).astype(np.int64), count * CALL
        is_part = (kind == PART)[row]
        values = np.array([value_of(b) for b in range(450)])
        weight = calls * CALL
        sums = np.bincount(row, values[bucket] * share / CALL, n).astype(np.int64)
        maxima = np.where(kind == NAME, values[fleet.middle[chosen].astype(int) + 8].astype(np.int64), 0)
        shown = np.flatnonzero((kind == NAME) | (kind == ERROR))
        example_row = np.repeat(shown, np.minimum(calls[shown], 3))
        examples = np.empty(len(example_row), EXAMPLE)
        examples["duration_ns"] = maxima[example_row]
        examples["start_ns"] = minute * 60 * 10**9
        for name in ("trace_high", "trace_low", "span"):
            examples[name] = pick.integers(1, 1 << 62, len(example_row))
        errors = pick.binomial(calls, fleet.error_share[chosen]) * CALL
        return merge(
            Facts(
                np.full(n, self.asked.workspace), kind, np.full(n, minute), self.ids[chosen],
                np.stack([weight, errors, calls, sums], axis=1), maxima, Ragged(row, bucket, share),
                Ragged(row[is_part], np.minimum(1 + bucket[is_part] % 3, 20), share[is_part]), example_row, examples,
            )
        )  # fmt: skip

    def _offsets(self, calls: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row, buckets from its middle, calls) of each record, by row: normally distributed, each call for itself."""
        one_by_one = np.flatnonzero(calls <= DRAWN_ONE_BY_ONE)
        row = np.repeat(one_by_one, calls[one_by_one])
        off = np.clip(self.random.normal(0, SPREAD, len(row)), -FARTHEST, FARTHEST)
        many = np.flatnonzero(calls > DRAWN_ONE_BY_ONE)
        offs = np.arange(-FARTHEST, FARTHEST + 1)
        likely = np.exp(-((offs / SPREAD) ** 2) / 2)
        counts = self.random.multinomial(calls[many], likely / likely.sum())
        at, which = np.nonzero(counts)
        row, off = np.append(row, many[at]), np.append(off, offs[which])
        order = np.argsort(row, kind="stable")
        count = np.append(np.ones(len(row) - len(at), np.int64), counts[at, which])
        return row[order], off[order], count[order]

    def _close(self) -> None:
        from apps.insights.closed import begin, close, read_closed
        from apps.insights.levels import LEVELS
        from apps.store.connection import store_cursor

        with store_cursor() as cursor:
            if read_closed(cursor) is None:
                begin(cursor, self.now)
            for level in LEVELS:
                close(cursor, level, self.now // level.minutes * level.minutes)
            for level in LEVELS:
                cursor.execute(f"ANALYZE {level.table}")
            cursor.execute("ANALYZE rollup_key")
