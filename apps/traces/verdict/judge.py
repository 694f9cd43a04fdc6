"""From a trace's contributions and what is usual to a verdict. Deterministic, without a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from apps.traces.contributions import Contributions
from apps.traces.kinship import LOST, NONE
from apps.traces.usual import NOTHING_USUAL, Usual
from apps.traces.verdict import rules
from apps.traces.verdict.case import Case, Comparison, limit_ns, short
from apps.traces.verdict.facts import (
    CLOCK_SKEW,
    MISSING_SPANS,
    MORE_CALLS,
    NO_USABLE_TIMES,
    NOT_ENOUGH_TRAFFIC,
    NOTHING_UNUSUAL,
    RETRIES,
    Finding,
    Verdict,
)
from apps.traces.verdict.failures import NO_FAILURES, Failures, failure
from apps.traces.verdict.limits import (
    ALONE_EXCESS_PCT,
    ENOUGH_TRACES,
    FAR_EXCESS_PCT,
    LEAST_EXCESS_NS,
    LEAST_EXCESS_PCT,
    LEAST_SKEW_NS,
    LEAST_SKEW_PCT,
    LONGER_PCT,
    MAX_ALSO,
    MAX_MESSAGE,
    MAX_SERVICES,
    MAX_SHARES,
    MOST_SERVICES,
    USUAL_ERRORS_PCT,
)
from apps.traces.verdict.retries import beside_a_loop, loop_with_retries, retries
from apps.traces.verdict.telling import telling
from apps.traces.verdict.waits import QueueWait, long_wait, queue_wait
from apps.traces.work import Part

Rule = Callable[[Case], Finding | None]
RULES: tuple[Rule, ...] = (
    loop_with_retries, retries, rules.missing_spans, rules.waiting_by_name, rules.called_more, rules.more_calls,
    rules.serial_calls, rules.new_call, rules.slow_network, rules.slower_call, rules.not_broken_down, rules.slower_code,
)  # fmt: skip
"""The first that gives a reason wins: what explains most of a whole group of spans before what explains one."""


def judge(
    found: Contributions,
    parts: Sequence[Part],
    usual: Usual = NOTHING_USUAL,
    failures: Failures = NO_FAILURES,
    waits: Sequence[QueueWait] = (),
) -> Verdict:
    """`parts` from `apps.traces.work.by_name(found)`, `waits` from `waits_in` or from the pairing of messages."""
    enough = usual.traces >= ENOUGH_TRACES
    by_time = _slow(found, parts, usual, failures) if enough else []
    queued = queue_wait(waits, usual) if waits and enough else None
    if queued is not None:
        by_time = sorted((*by_time, queued), key=lambda one: one.usual_ns - one.added_ns)
    ranked = _with_error(found, failures, usual, by_time) if failures.origins else by_time
    main = ranked[0] if ranked else _without_reason(found, parts, enough)
    lay = long_wait(waits, usual) if waits and enough and queued is None else None
    also = (*ranked[1:], *([lay] if lay else []), *_incomplete(found, main), *_skewed(found))[:MAX_ALSO]
    waited = usual.waited_p50_ns if enough else 0
    most = usual.waited_p95_ns if main.cause == NOTHING_UNUSUAL and _is_longer(found.waited_ns, usual) else 0
    return Verdict(found.waited_ns, waited, usual.traces, main, also, _shares(found, parts), most)


def _is_longer(waited_ns: int, usual: Usual) -> bool:
    return waited_ns * 100 >= usual.waited_p50_ns * LONGER_PCT


def _shares(found: Contributions, parts: Sequence[Part]) -> tuple[tuple[int, int], ...]:
    names = sorted(set(found.family.columns.service))
    if not found.waited_ns or len(names) > MOST_SERVICES:
        return ()
    own = sorted(_by_service(parts).items(), key=lambda item: (-item[1], item[0]))[:MAX_SHARES]
    shares = ((names.index(name), 1000 * own_ns // found.waited_ns) for name, own_ns in own)
    return tuple(share for share in shares if share[1])


def _with_error(found: Contributions, failures: Failures, usual: Usual, by_time: list[Finding]) -> list[Finding]:
    """A failed request is told of first. An error on the way comes behind what took more time; alone it is told of
    unless such errors are usual."""
    error = failure(found, failures)
    if failures.is_root_failed:
        return [error, *by_time]
    if error.is_recovered and any(one.cause == RETRIES for one in by_time):
        return by_time
    are_usual = usual.traces and usual.with_error * 100 >= usual.traces * USUAL_ERRORS_PCT
    return [*by_time, error] if by_time or not are_usual else []


def _slow(found: Contributions, parts: Sequence[Part], usual: Usual, failures: Failures) -> list[Finding]:
    """What took more time than usual, each with the most telling reason for it: at most two services."""
    least = max(LEAST_EXCESS_NS, usual.waited_p50_ns * LEAST_EXCESS_PCT // 100)
    if found.waited_ns - usual.waited_p50_ns < least:
        return []
    own, compared = _by_service(parts), Comparison(usual)
    is_slow = found.waited_ns > limit_ns(usual.waited_p50_ns, usual.waited_p95_ns)
    excesses = {service: own_ns - compared.service(service).own_p50_ns for service, own_ns in own.items()}
    chosen = _standing_out(parts, own, excesses, compared, least if is_slow else None)
    if not chosen and is_slow:
        chosen = {max(excesses, key=lambda service: (excesses[service], service))}
    ranked = sorted(chosen, key=lambda service: (-excesses[service], service))[:MAX_SERVICES]
    cases = [Case(found, parts, compared, service, own[service]) for service in ranked]
    reasons = [(case, _reason(case)) for case in cases]
    if _say_the_same(*(reason for _, reason in reasons)):
        del reasons[1:]
    return [_with_answer(found, one, failures) for case, reason in reasons for one in (reason, *_beside(case, reason))]


def _beside(case: Case, reason: Finding) -> list[Finding]:
    tries = beside_a_loop(case) if reason.cause == MORE_CALLS else None
    return [] if tries is None else [tries]


def _standing_out(
    parts: Sequence[Part], own: dict[str, int], excesses: dict[str, int], compared: Comparison, least: int | None
) -> set[str]:  # fmt: skip
    """Services that are unusual by themselves. `least`: of what they add to a slow trace; None for one that is not."""
    waited = compared.usual.waited_p50_ns
    most = max(LEAST_EXCESS_NS, waited * ALONE_EXCESS_PCT // 100) if least is None else least
    chosen = {
        service
        for service, excess in excesses.items()
        if excess >= most and own[service] > compared.limit_of_service(service)
    }
    far = max(LEAST_EXCESS_NS, waited * FAR_EXCESS_PCT // 100)
    chosen |= {name for name, excess in excesses.items() if excess >= far and compared.is_far_service(name, own[name])}
    for part in parts:  # Largest first.
        if part.own_ns < far:
            break
        if part.own_ns - compared.part(part[:3]).own_p50_ns >= far and compared.is_far(part):
            chosen.add(part.service)
    return chosen


def _reason(case: Case) -> Finding:
    return next(reason for rule in RULES if (reason := rule(case)) is not None)


def _say_the_same(first: Finding | None = None, second: Finding | None = None) -> bool:
    """A service that was called more, and its caller that called it more; two services of the same retries."""
    if first is None or second is None or first.cause != second.cause:
        return False
    return first.cause == RETRIES or (first.cause == MORE_CALLS and second.service in (first.peer, first.service))


def _by_service(parts: Sequence[Part]) -> dict[str, int]:
    own: dict[str, int] = {}
    for part in parts:
        own[part.service] = own.get(part.service, 0) + part.own_ns
    return own


def _with_answer(found: Contributions, reason: Finding, failures: Failures) -> Finding:
    """What failed tries were answered: of the last origin in or below the one that the finding shows."""
    if reason.cause != RETRIES:
        return reason
    columns, parents = found.family.columns, found.family.parents
    for origin in reversed(failures.origins):
        above = origin.span
        while above >= 0:
            if columns.span_id[above] == reason.origin:
                said = origin.error
                return replace(
                    reason, answer=said.answer, error_type=said.type,
                    error_message=telling(said.message, MAX_MESSAGE),
                )  # fmt: skip
            above = parents[above]
    return reason


def _without_reason(found: Contributions, parts: Sequence[Part], enough: bool) -> Finding:
    """Nothing stands out, or nothing can be compared: then still where most of the time went."""
    family = found.family
    if not found.waited_ns and (family.main < 0 or family.main in family.columns.untimed):
        return Finding(NO_USABLE_TIMES)
    own = _by_service(parts)
    service = max(own, key=lambda name: (own[name], name))
    if enough:
        return Finding(NOTHING_UNUSUAL, short(service), added_ns=own[service])
    case = Case(found, parts, Comparison(NOTHING_USUAL), service, own[service])
    if family.parents[family.main] == NONE:
        return rules.finding(case, NOT_ENOUGH_TRAFFIC)
    return rules.finding(case, MISSING_SPANS, failed=family.parents.count(LOST))


def _incomplete(found: Contributions, main: Finding) -> list[Finding]:
    """Spans whose parent is missing, unless the main finding says that the beginning is."""
    parents = found.family.parents
    if LOST not in parents or (main.cause == MISSING_SPANS and main.failed):
        return []
    columns, first = found.family.columns, parents.index(LOST)
    lost = parents.count(LOST)
    return [Finding(MISSING_SPANS, short(columns.service[first]), failed=lost, origin=columns.span_id[first])]


def _skewed(found: Contributions) -> list[Finding]:
    """The service whose clock is farthest off, when that shows."""
    if not found.shifts_ns:
        return []
    span = max(found.shifts_ns, key=lambda index: (abs(found.shifts_ns[index]), -index))
    ahead = -found.shifts_ns[span]
    if abs(ahead) < max(LEAST_SKEW_NS, found.waited_ns * LEAST_SKEW_PCT // 100):
        return []
    columns = found.family.columns
    return [Finding(CLOCK_SKEW, short(columns.service[span]), added_ns=ahead, origin=columns.span_id[span])]
