"""Contributions by service, by service and span name, and by kind of work."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import NamedTuple

from apps.traces.contributions import BESIDE, Contributions
from apps.traces.peers import CLIENT, CONSUMER, PRODUCER

OWN_CODE, NETWORK, DATABASE, CACHE, QUEUE, EXTERNAL, NOT_BROKEN_DOWN = KINDS_OF_WORK = (
    "own_code", "network", "database", "cache", "queue", "external", "not_broken_down",
)  # fmt: skip

LONG_OWN_CODE_NS = 100_000_000
LONG_OWN_CODE_PCT = 10
"""A service's own code that takes this long, and this share of the waited time, deserves spans of its own."""


class Part(NamedTuple):
    """What all spans of one group contributed. A field that does not belong to the grouping is ""."""

    service: str
    span_name: str
    kind_of_work: str
    own_ns: int
    calls: int
    """How many such spans were waited for, those in parallel and without a contribution included."""
    not_broken_down_ns: int
    """The share of `own_ns` that no span explains: lost spans, and own code that is long."""


def kind_of_work(found: Contributions, index: int) -> str:
    """What a span's own time is spent on.

    A CLIENT whose other side sent spans waits for the network (and for the other side's queue in front of it).
    """
    family = found.family
    kind, call = family.columns.kind[index], family.columns.call[index]
    if call is None:
        return OWN_CODE
    if kind == CONSUMER:
        return QUEUE if call.operation in ("receive", "poll") else OWN_CODE
    if kind not in (CLIENT, PRODUCER):
        return call.work
    if index in family.calls.answered:
        return NETWORK
    if index in found.adopters:
        return NOT_BROKEN_DOWN
    if call.work == EXTERNAL and index in family.calls.is_wrapper:
        return OWN_CODE
    return call.work


def works_of(found: Contributions) -> list[str]:
    """The kind of work of every span that was waited for, by index; "" for those beside."""
    calls = found.family.columns.call
    return [
        "" if place == BESIDE else OWN_CODE if calls[index] is None else kind_of_work(found, index)
        for index, place in enumerate(found.place)
    ]


def is_long(found: Contributions, index: int) -> bool:
    """Own code nobody broke down into spans, though it took long."""
    own = found.own_ns[index]
    return own >= LONG_OWN_CODE_NS and own * 100 >= found.waited_ns * LONG_OWN_CODE_PCT


def by_service(found: Contributions) -> list[Part]:
    """Largest first, as all of these."""
    return _parts(found, lambda service, name, work: (service, "", ""))


def by_name(found: Contributions) -> list[Part]:
    """By service, span name and kind of work: the finest grouping, which rollups keep. 1 µs a span."""
    columns = found.family.columns
    sums: dict[tuple[str, str, str], list[int]] = {}
    long_ns = max(LONG_OWN_CODE_NS, -(-found.waited_ns * LONG_OWN_CODE_PCT // 100))
    for key, own in zip(zip(columns.service, columns.name, works_of(found), strict=True), found.own_ns, strict=True):
        sum_ = sums.get(key)
        if sum_ is None:
            sum_ = sums[key] = [0, 0, 0]
        sum_[0] += own
        sum_[1] += 1
        if key[2] == NOT_BROKEN_DOWN or (own >= long_ns and key[2] == OWN_CODE):
            sum_[2] += own
    return _largest_first([Part(*key, *sum_) for key, sum_ in sums.items() if key[2]])


def by_kind_of_work(found: Contributions) -> list[Part]:
    return _parts(found, lambda service, name, work: ("", "", work))


def _parts(found: Contributions, key_of: Callable[[str, str, str], Hashable]) -> list[Part]:
    columns = found.family.columns
    sums: dict[Hashable, list[int]] = {}
    rows = zip(columns.service, columns.name, works_of(found), found.own_ns, strict=True)
    for index, (service, name, work, own) in enumerate(rows):
        if not work:
            continue
        sum_ = sums.setdefault(key_of(service, name, work), [0, 0, 0])
        sum_[0] += own
        sum_[1] += 1
        if work == NOT_BROKEN_DOWN or (work == OWN_CODE and is_long(found, index)):
            sum_[2] += own
    return _largest_first([Part(*key, *sums_) for key, sums_ in sums.items()])


def _largest_first(parts: list[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (-part.own_ns, part.service, part.span_name, part.kind_of_work))
