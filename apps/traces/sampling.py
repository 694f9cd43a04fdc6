"""How many spans one stored span stands for, when its sender sampled by probability.

OpenTelemetry's consistent probability sampling writes the rejection threshold into the span's trace state,
`ot=th:c` (specification, trace/tracestate-handling.md, "Sampling threshold value"): `th` is 1 to 14 lower-case hex
digits, padded on the right with zeros to 56 bits T, and the span stands for 2^56 / (2^56 - T) spans.
"""

from __future__ import annotations

import re
from functools import lru_cache

CALL = 1_000
"""Weights are counted in thousandths of a span, in integers: sums then come out the same in any order, and what was
added can be taken away again to the last digit."""

MOST = 1_000_000 * CALL
"""No sampler keeps fewer than one span in a million; whoever says so would fill all sums."""
_RANGE = 1 << 56
_THRESHOLD = re.compile(r"[0-9a-f]{1,14}")


@lru_cache(maxsize=4096)
def adjusted_count(trace_state: str) -> float | None:
    """`ot=th:8` is 2.0, `ot=th:0` 1.0. None when the trace state says nothing, or nothing valid: sampling unknown."""
    digits = _threshold(trace_state)
    if digits is None or not _THRESHOLD.fullmatch(digits):
        return None
    return _RANGE / (_RANGE - int(digits.ljust(14, "0"), 16))


def weight_of(trace_state: str) -> int:
    """The adjusted count in thousandths, at most `MOST`; `CALL` where sampling is unknown."""
    if not trace_state:
        return CALL
    count = adjusted_count(trace_state)
    return CALL if count is None else min(round(count * CALL), MOST)


def _threshold(trace_state: str) -> str | None:
    """The value of `th` in the member `ot`; the first one counts where a member stands twice."""
    for member in trace_state.split(","):
        key, _, value = member.strip(" \t").partition("=")
        if key == "ot":
            pairs = (pair.partition(":") for pair in value.split(";"))
            return next((text for name, _, text in pairs if name == "th"), None)
    return None
