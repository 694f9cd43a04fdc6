"""What was found of a set of traces: the facts that a sentence is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from apps.traces.durations import MINUTE
from apps.traces.status_words import error_named
from apps.traces.why.ending import OVER, OVER_BY_NOW, Ending
from apps.traces.why.judge import AS_BEFORE, FELL, UNCLEAR, Judged
from apps.traces.why.parts import Change, Part, grouped
from apps.traces.why.since import Since
from apps.traces.why.tries import Tries

AROUND, MEAN, READ = "around", "mean", "read"
"""What the changes are of: traces around the quantile, brought to it; the mean of all; the mean of those read."""

RELEASE_BEFORE_NS = 30 * MINUTE
RELEASE_AFTER_NS = 2 * MINUTE
"""A version that was first seen this long before a change, or after it, may have brought it."""
LEAST_CALLS_FACTOR = 1.3
LEAST_CALLS_MORE = 0.5
"""Calls a trace by which a part is said to be called more, or less, often."""
SAME_CALL_FACTOR = 1.25
"""Calls that take up to so much longer (or shorter) take as long as before."""
RARELY = 0.05
"""Calls a trace below which something is not called."""
UNTOLD_PCT = 5
"""Of the whole: so much may be missing from what is told of it."""
SERIAL_SHARE = 0.9
"""One call after the other: this share of them is on the path."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a service that others of it preceded in the time looked at."""

    service: str
    version: str
    seen_ns: int
    """When its first span started; of one that comes back, the first step that has it again."""
    is_new: bool
    """Never seen before that."""
    left_ns: int | None = None
    """When it had gone again, while others of its service went on."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where errors of traces began, among those looked at."""

    service: str
    span_name: str
    exception_type: str
    message: str
    """Its pattern."""
    traces: int
    failed: int = 0
    """Of them, those that failed as a whole by this error."""
    survived: int = 0
    """Of them, those that did not fail as a whole. The rest failed by another error."""

    @property
    def what(self) -> str:
        """`PaymentRefused`, `httpx.HTTPStatusError (429 Too Many Requests)`, for a sentence."""
        return error_named(self.exception_type, self.message)


@dataclass(frozen=True, slots=True)
class Finding:
    service: str
    """Of the root span, or the service asked for. "" for a search."""
    name: str
    """The root span name, or "" for a service or a search."""
    judged: Judged
    changes: tuple[Change, ...] = ()
    """Fine ones; they sum to the change of the quantile (`AROUND`) or the mean (`MEAN`), after brought to before."""
    basis: str = ""
    means_ns: tuple[int, int] = (0, 0)
    since: Since | None = None
    ending: Ending | None = None
    """Of what began at `since`; None when that is not known."""
    origins_after: tuple[Origin, ...] = ()
    """Of `after_looked_at` traces with an error that began when it had ended, in the same order as `origins`."""
    after_looked_at: int = 0
    releases: tuple[Release, ...] = ()
    origins: tuple[Origin, ...] = ()
    """Of traces with an error in the window that had more of them, those first that most failed by; when failing is
    looked at."""
    are_before: bool = False
    """Origins, and what follows, are of the window before: where fewer have an error now."""
    failed_looked_at: int = 0
    """Traces with an error."""
    failed_whole: int = 0
    """Of them, those that failed as a whole, as their verdicts say; the others went through in the end."""
    tried_again: int = 0
    """Of the others, those in which what failed was tried again."""
    tries: tuple[Tries, ...] = ()
    """Calls that were made again, in the traces of the window after that were read: so many as `looked_at`."""
    looked_at: int = 0
    is_parted: bool = True
    """Where it began the windows part, so that the figure after is that of the stretch."""

    @property
    def is_well(self) -> bool:
        """No trouble that goes on was found."""
        is_over = self.ending is not None and self.ending.word in (OVER, OVER_BY_NOW)
        return is_over or self.judged.word in (AS_BEFORE, UNCLEAR, FELL)


@dataclass(frozen=True, slots=True)
class Lead:
    """The service that changed most in the direction of the whole, and what of it."""

    service: str
    change_ns: int
    part: Part | None
    """What most of that was, by kind of work and peer; None when it is spread."""
    part_ns: int
    change: Change | None
    """That part's."""


def leads_of(changes: Iterable[Change], total_ns: int, most: int = 3) -> tuple[Lead, ...]:
    """Services that account for most of the change, the largest first: until four fifths are told, `most` at most."""
    sign = 1 if total_ns > 0 else -1
    by_service: dict[str, list[Change]] = {}
    for change in grouped(changes):
        if change.part.service:
            by_service.setdefault(change.part.service, []).append(change)
    sums = {service: sum(change.change_ns for change in own) for service, own in by_service.items()}
    found: list[Lead] = []
    told = 0
    for service in sorted(sums, key=lambda service: (-sign * sums[service], service)):
        if sign * sums[service] <= 0 or len(found) == most or told * 5 >= abs(total_ns) * 4:
            break
        told += sign * sums[service]
        found.append(_lead(service, sums[service], by_service[service], sign))
    return tuple(found)


def against_of(changes: Iterable[Change], leads: Iterable[Lead], total_ns: int) -> tuple[str, int] | None:
    """(service, its change) of what went the other way, where the leads are more than the whole; "" for several."""
    leads = tuple(leads)
    over_ns = total_ns - sum(lead.change_ns for lead in leads)
    if not leads or over_ns * total_ns >= 0 or abs(over_ns) * 100 <= abs(total_ns) * UNTOLD_PCT:
        return None
    sums: dict[str, int] = {}
    for change in changes:
        sums[change.part.service] = sums.get(change.part.service, 0) + change.change_ns
    service = min(sums, key=lambda service: abs(sums[service] - over_ns))
    is_it = service and abs(sums[service] - over_ns) * 100 <= abs(total_ns) * UNTOLD_PCT
    return (service, sums[service]) if is_it else ("", over_ns)


def _lead(service: str, change_ns: int, changes: list[Change], sign: int) -> Lead:
    largest = max(changes, key=lambda change: (sign * change.change_ns, change.part))
    is_most = sign * largest.change_ns * 2 >= abs(change_ns)
    return Lead(service, change_ns, *((largest.part, largest.change_ns, largest) if is_most else (None, 0, None)))


def release_of(finding: Finding, service: str) -> Release | None:
    """The version of `service` that came with the change: near its beginning, or anywhere when that is not known."""
    if finding.since is None:
        near = [release for release in finding.releases if release.service == service]
    else:
        start_ns = finding.since.start_ns
        near = [
            release
            for release in finding.releases
            if release.service == service and -RELEASE_BEFORE_NS <= release.seen_ns - start_ns <= RELEASE_AFTER_NS
        ]
    return max(near, key=lambda release: release.seen_ns, default=None)


def is_serial(change: Change) -> bool:
    return change.calls_after >= 2 and change.on_path_after >= SERIAL_SHARE * change.calls_after


def calls_differ(before: float, after: float) -> bool:
    low, high = sorted((before, after))
    return high - low >= LEAST_CALLS_MORE and high >= low * LEAST_CALLS_FACTOR


def per_call_ns(change: Change) -> tuple[int, int] | None:
    """What one call took, before and after; None where there were none on a side."""
    if change.calls_before < 0.01 or change.calls_after < 0.01:
        return None
    return round(change.before_ns / change.calls_before), round(change.after_ns / change.calls_after)


def are_alike(took: tuple[int, int]) -> bool:
    """Of `per_call_ns`."""
    return max(took) <= min(took) * SAME_CALL_FACTOR
