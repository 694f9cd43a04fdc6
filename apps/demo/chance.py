"""Chance that can be repeated: random numbers and span ids that follow from a seed."""

from __future__ import annotations

import random

from opentelemetry.sdk.trace.id_generator import IdGenerator

NS_PER_MS = 1_000_000


class Dice(random.Random):
    """A seeded source of everything that is left to chance in the shop."""

    def duration_ns(self, median_ms: float, sigma: float = 0.25) -> int:
        """A lognormal duration: half of them are below `median_ms`, with a long tail as real ones have."""
        return int(median_ms * self.lognormvariate(0.0, sigma) * NS_PER_MS)

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def pause_s(self, low: float, high: float) -> int:
        """A pause of a person or a machine, in ns."""
        return int(self.uniform(low, high) * 1_000_000_000)


class SeededIds(IdGenerator):
    """Trace and span ids from a seed, so that a run can be repeated to the last bit."""

    def __init__(self, seed: str):
        self._random = random.Random(seed)

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128) or 1

    def is_trace_id_random(self) -> bool:
        return True
