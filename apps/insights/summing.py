"""Deposits summed up by key and minute, a transaction at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from apps.insights.facts import EXAMPLE, EXAMPLES, SLOTS, Facts, Ragged, merge, merged_records, sum_numbers
from apps.traces.deposits import Deposits
from apps.traces.histogram import BOUNDS, LAST
from apps.traces.key_book import NAME
from apps.traces.moments import MINUTE_NS
from apps.traces.sampling import CALL

MAX_VALUE_NS = 1 << 53
"""A weighted duration above 104 days counts as so much in a sum, so that sums of what is absurd stay in a bigint."""
_BOUNDS = np.array(BOUNDS[: LAST + 1], dtype=np.int64)
_UNKNOWN = SLOTS - 1


class _Observed(NamedTuple):
    """Columns of observations, 64 bits each."""

    key: np.ndarray
    at_ns: np.ndarray
    weight: np.ndarray
    errors: np.ndarray
    samples: np.ndarray
    value_ns: np.ndarray


def summed(deposits: Deposits) -> Facts:
    """One row for each key and minute; `key` holds the numbers of the deposits' book, `workspace` nothing yet."""
    spans, edges, parts, others = _spans(deposits), _edges(deposits), _parts(deposits), _others(deposits)
    entries = _Observed(_array(deposits.entry_key), *(c[_array(deposits.entry_row)] for c in spans[1:]))
    key, at_ns, weight, errors, samples, value = map(
        np.concatenate, zip(spans, entries, edges, parts, others, strict=True)
    )
    minute = at_ns // MINUTE_NS
    first_minute = int(minute.min())
    minutes = int(minute.max()) - first_minute + 1
    bucket = np.where(value < 0, _UNKNOWN, np.searchsorted(_BOUNDS, value, side="right") - 1)
    # One sort serves all: by key, minute and bucket.
    place = ((key * minutes) + minute - first_minute) * SLOTS + bucket
    order = np.argsort(place)
    place = place[order]
    slot_firsts = _firsts(place)
    firsts = _firsts(place // SLOTS)
    sums = np.where(value < 0, 0, _weighted(value, weight))
    numbers = sum_numbers(np.stack([weight, errors, samples, sums], axis=1)[order], firsts)
    group = np.empty(len(place), np.int64)
    group[order] = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(place)))
    row_of_slot = group[order[slot_firsts]]
    counts = np.add.reduceat(weight[order], slot_firsts)
    is_known = (place[slot_firsts] % SLOTS != _UNKNOWN) & (counts != 0)
    histogram = Ragged(row_of_slot[is_known], place[slot_firsts][is_known] % SLOTS, counts[is_known])
    part_rows = np.arange(len(parts.key)) + len(spans.key) + len(entries.key) + len(edges.key)
    calls = Ragged(group[part_rows], _buckets(_array(deposits.part_calls)), parts.weight)
    chosen = _slowest(spans, group[: len(spans.key)], bucket[: len(spans.key)])
    maxima = np.zeros(len(firsts), np.int64)
    np.maximum.at(maxima, group[chosen], spans.value_ns[chosen])
    shown_rows = np.array([place for place, *_ in deposits.shown], np.int64)
    example_row = np.concatenate((group[chosen], group[len(place) - len(others.key) + shown_rows]))
    examples = np.concatenate(
        (_span_examples(deposits, chosen), _examples(deposits.shown, others.samples[shown_rows] < 0)), dtype=EXAMPLE
    )
    keys = place[firsts] // SLOTS // minutes
    kinds = np.fromiter((kind for kind, _ in deposits.book.keys), np.int64, len(deposits.book.keys))
    return merge(
        Facts(
            np.zeros(len(firsts), np.int64), kinds[keys], place[firsts] // SLOTS % minutes + first_minute, keys,
            numbers, np.where(kinds[keys] == NAME, maxima, 0), histogram, merged_records(calls, np.arange(len(firsts))),
            example_row, examples,
        )
    )  # fmt: skip


def with_ids(facts: Facts, workspace_id: int, ids: np.ndarray) -> Facts:
    """The facts under the ids of `rollup_key`; several numbers may have one."""
    return merge(replace(facts, workspace=np.full(facts.n, workspace_id), key=ids[facts.key]))


def _array(values: Sequence[int]) -> np.ndarray:
    return np.fromiter(values, np.int64, len(values))


def _runs(runs: Sequence[tuple[int, int]]) -> np.ndarray:
    sizes, values = zip(*runs, strict=True) if runs else ((), ())
    return np.repeat(_array(values), _array(sizes))


def _firsts(ordered: np.ndarray) -> np.ndarray:
    """Where each run of equal values begins."""
    is_first = np.empty(len(ordered), bool)
    is_first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)


def _spans(deposits: Deposits) -> _Observed:
    signs = _runs(deposits.signs)
    weight = signs * CALL
    for first, weights in deposits.sampled:
        weight[first : first + len(weights)] = _array(weights) * signs[first]
    is_error = np.frombuffer(bytes(deposits.is_error), np.bool_)
    return _Observed(
        _array(deposits.span_key), _array(deposits.span_at), weight, np.where(is_error, weight, 0), signs,
        _array(deposits.span_ns),
    )  # fmt: skip


def _edges(deposits: Deposits) -> _Observed:
    weights, is_error = zip(*deposits.edge_calls, strict=True) if deposits.edge_calls else ((), ())
    signs = _runs(deposits.edge_signs)
    weight = _array(weights) * signs
    return _Observed(
        _array(deposits.edge_key), _array(deposits.edge_at), weight, np.where(_array(is_error) == 1, weight, 0), signs,
        _array(deposits.edge_ns),
    )  # fmt: skip


def _parts(deposits: Deposits) -> _Observed:
    weight = _runs(deposits.part_weight)
    return _Observed(
        _array(deposits.part_key), _runs(deposits.part_at), weight, np.zeros(len(weight), np.int64), np.sign(weight),
        _array(deposits.part_ns),
    )  # fmt: skip


def _others(deposits: Deposits) -> _Observed:
    return _Observed(*np.array(deposits.others, np.int64).reshape(-1, 6).T)


def _weighted(value: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """value * weight // 1000 without leaving 64 bits, towards zero, so that taking back is exact."""
    size = np.abs(weight)
    whole, rest = value // 1000, value % 1000
    is_large = whole.astype(float) * size > MAX_VALUE_NS
    product = np.where(is_large, MAX_VALUE_NS, np.where(is_large, 0, whole) * size + rest * size // 1000)
    return np.where(weight < 0, -product, product)


def _buckets(values: np.ndarray) -> np.ndarray:
    return np.searchsorted(_BOUNDS, values, side="right") - 1


def _slowest(spans: _Observed, group: np.ndarray, bucket: np.ndarray) -> np.ndarray:
    """Places of spans among which the slowest of each group are. Spans of a trace are only added to, hence those taken
    back are no examples and were ones before."""
    usable = np.flatnonzero((spans.samples > 0) & (spans.value_ns >= 0))
    if not len(usable):
        return usable
    order = usable[np.argsort(group[usable] * SLOTS + bucket[usable])]
    ends = np.append(_firsts(group[order])[1:], len(order))
    sizes = np.diff(ends, prepend=0)
    third = bucket[order[ends - np.minimum(sizes, EXAMPLES)]]
    return order[bucket[order] >= np.repeat(third, sizes)]


def _span_examples(deposits: Deposits, chosen: np.ndarray) -> np.ndarray:
    ends = np.cumsum([size for size, _ in deposits.signs])
    traces = np.searchsorted(ends, chosen, side="right").tolist()
    rows = [
        (place, deposits.span_ns[place], deposits.span_at[place], deposits.trace_id[trace], deposits.span_id[place])
        for place, trace in zip(chosen.tolist(), traces, strict=True)
    ]
    return _examples(rows, np.zeros(len(rows), bool))


def _examples(shown: Sequence[tuple], is_taken_back: np.ndarray) -> np.ndarray:
    found = np.empty(len(shown), EXAMPLE)
    if shown:
        _, durations, starts, trace_ids, span_ids = zip(*shown, strict=True)
        found["duration_ns"], found["start_ns"] = durations, starts
        ids = np.frombuffer(b"".join(trace_ids), ">u8").reshape(-1, 2)
        found["trace_high"], found["trace_low"] = ids[:, 0], ids[:, 1]
        found["span"] = np.frombuffer(b"".join(span_ids), ">u8")
        found["duration_ns"][is_taken_back] = -1 - found["duration_ns"][is_taken_back]
    return found
