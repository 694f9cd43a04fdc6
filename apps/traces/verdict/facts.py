"""What a verdict states, as figures and names. Sentences are made from it (`words`), it is packed whole (`codec`)."""

from __future__ import annotations

from dataclasses import dataclass

CAUSES = (
    "nothing_unusual", "not_enough_traffic", "slower_call", "more_calls", "new_call", "retries", "serial_calls",
    "queue_wait", "not_broken_down", "connection_wait", "lock_wait", "slower_code", "slow_network", "error",
    "missing_spans", "clock_skew", "no_usable_times",
)  # fmt: skip
"""Packed by their place: new ones go to the end."""
(
    NOTHING_UNUSUAL, NOT_ENOUGH_TRAFFIC, SLOWER_CALL, MORE_CALLS, NEW_CALL, RETRIES, SERIAL_CALLS, QUEUE_WAIT,
    NOT_BROKEN_DOWN, CONNECTION_WAIT, LOCK_WAIT, SLOWER_CODE, SLOW_NETWORK, ERROR, MISSING_SPANS, CLOCK_SKEW,
    NO_USABLE_TIMES,
) = CAUSES  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason. What does not belong to its cause is "" or 0. Names are bounded, one line each."""

    cause: str
    service: str = ""
    """Whose time it is (largest excess), or where the error started."""
    span_name: str = ""
    kind_of_work: str = ""
    peer: str = ""
    """Whom the service called or waited for; for `more_calls` of the whole service, who called it."""
    is_called: bool = False
    """`peer` calls the service, not the other way round."""
    added_ns: int = 0
    """What the service contributed to the waited time; for a queue, how long the message lay; a clock's skew."""
    usual_ns: int = 0
    """The same usually (median of the traces in which the service is); 0 when it usually is not there."""
    part_ns: int = 0
    """How much of it lies in what the reason names."""
    part_usual_ns: int = 0
    calls: int = 0
    usual_calls: int = 0
    failed: int = 0
    """Failed tries; lost spans; failed spans of one kind."""
    error_type: str = ""
    error_message: str = ""
    answer: str = ""
    """`429 Too Many Requests`."""
    before: str = ""
    """What came after the unexplained time."""
    is_fatal: bool = False
    """The error came up to whoever asked: the root failed."""
    is_recovered: bool = False
    """Of retries: all that failed was tried again. Of an error: the span that it is told of was."""
    origin: bytes = b""
    """Span id (8 bytes) of the span to look at."""


@dataclass(frozen=True, slots=True)
class Verdict:
    waited_ns: int
    usual_waited_ns: int
    """Median of the usual traces; 0 without enough."""
    sample_size: int
    """Traces compared with, unweighted."""
    main: Finding
    also: tuple[Finding, ...] = ()
    """Most important first."""
    shares: tuple[tuple[int, int], ...] = ()
    """Who took the waited time, most first: (place of the service among the trace's services by name, thousandths)."""
    usual_most_ns: int = 0
    """p95 of the usual traces, where it says why a longer one is nothing unusual; else 0."""

    @property
    def is_clock_off(self) -> bool:
        return any(one.cause == CLOCK_SKEW for one in (self.main, *self.also))

    @property
    def share_pct(self) -> int | None:
        """Of the waited time; of a queue, how long the message lay of that and the waited time together."""
        whole = self.waited_ns + (self.main.added_ns if self.main.cause == QUEUE_WAIT else 0)
        return round(100 * self.main.added_ns / whole) if whole and self.main.added_ns else None
