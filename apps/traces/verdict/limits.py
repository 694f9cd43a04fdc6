"""Every threshold a verdict depends on. docs/verdict.md says how they were chosen."""

from __future__ import annotations

ENOUGH_TRACES = 30
"""Fewer traces of a root span name and nothing is called unusual: a p95 of less is a guess."""

SPREAD_PCT = 75
"""A duration is unusual when it exceeds the usual p95 by three quarters of the distance from p50 to p95. Of lognormal
durations that is one in 50 to 100, whatever their spread."""
ROUNDING_PCT = 10
"""…and by a tenth of the p95 besides: both come out of histograms that are right within 5 %."""
LEAST_EXCESS_NS = 5_000_000
"""Less than 5 ms more than usual is nobody's concern."""
LEAST_EXCESS_PCT = 20
"""…nor is less than a fifth of what the whole trace usually takes."""
ALONE_EXCESS_PCT = 50
"""Where the trace as a whole is not unusual, a service that is has to add half of what the trace usually takes."""
FAR_TIMES, FAR_EXCESS_PCT = 3, 25
"""…or a quarter, where it, or a part of it, takes three times its p95: the rest of the trace varies, this never did."""
MAX_SERVICES = 2
"""So many services are told of, each with its reason."""

RARE_PCT = 10
"""A part present in fewer of the usual traces is not usual: all its time is unusual time."""

UNSEEN_PCT = 1
"""A part of so few of the usual traces is unusual in itself; between this and RARE_PCT it is judged by how long it
takes where it is."""

MORE_CALLS_PCT = 150
"""So many more calls than the usual p95 are more calls: 2 instead of 1, 9 instead of 6."""
MANY_TIMES = 3
"""Of work that usually runs beside something longer nothing is known but the count; so many times more is more."""

RETRIES_EXPLAIN_PCT = 40
"""Failed tries and the pauses after them are the reason when they took this much of the unusual time."""
LOOP_PCT = 25
"""…unless more calls than usual went through besides, and took this much of what the failed ones cost: then there is a
loop, and the failed tries in it come second."""

HIDDEN_PCT = 2
"""Work that usually contributes at most this much of the usual waited time runs beside something longer."""

LEAST_QUEUE_WAIT_NS = 500_000_000
"""A message that lay for less is not worth a word."""
QUEUE_WAIT_TIMES = 2
"""…and it has lain at least twice as long as p95 of the usual."""
QUEUE_LONG_TIMES = 5
"""One that has lain so many times the median is told of even where one in 20 lies as long: somebody waited for it."""

USUAL_ERRORS_PCT = 20
"""Where so many traces have an error inside that does not reach the root, one more is nothing unusual."""

LEAST_SKEW_NS = 1_000_000
LEAST_SKEW_PCT = 2
"""Clocks that differ by less than a millisecond, or than a fiftieth of the waited time, change nothing one sees."""

LONGER_PCT = 110
"""A trace that is nothing unusual although it takes so much more than the median is said to be by the usual p95."""

MANY_CALLS = 5
"""So many calls are worth a word where nothing can be compared."""

MAX_NAME = 60
MAX_MESSAGE = 120
"""Characters of a name and of an error's message in a sentence."""
LEADS_PCT = 40
"""A part with less of its service's excess is not all there is to say."""

MAX_ALSO = 3
"""Second sentences."""
MAX_SHARES = 8
"""Services whose share of the waited time a row of results shows."""
MOST_SERVICES = 200
"""A trace of more services shows none."""
