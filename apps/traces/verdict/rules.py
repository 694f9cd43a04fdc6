"""The rules: each looks at a case and gives its reason or None. The first that gives one wins (`judge.RULES`)."""

from __future__ import annotations

import re
from itertools import pairwise

from apps.traces.contributions import BESIDE
from apps.traces.peers import INTERNAL
from apps.traces.verdict.case import Case, are_more, count_explains, short
from apps.traces.verdict.facts import (
    CONNECTION_WAIT,
    LOCK_WAIT,
    MISSING_SPANS,
    MORE_CALLS,
    NEW_CALL,
    NOT_BROKEN_DOWN,
    SERIAL_CALLS,
    SLOW_NETWORK,
    SLOWER_CALL,
    SLOWER_CODE,
    Finding,
)
from apps.traces.work import EXTERNAL, NETWORK, OWN_CODE, is_long
from apps.traces.work import NOT_BROKEN_DOWN as LOST_WORK

_LOCK = re.compile(
    r"(?:^|[^A-Za-z])(?i:locks?|locking|mutex|semaphore)(?:$|[^a-z])|[a-z](?:Lock|Mutex|Semaphore)(?:$|[^a-z])"
    r"|(?i:for[ _]update)"
)
_POOL = re.compile(
    r"(?:^|[^a-z])(?:pool|connection pool|hikari\w*|pgbouncer)(?:$|[^a-z])"
    r"|(?:acquire|acquiring|get|obtain|checkout|wait for|borrow)[ ._]?(?:a )?[ ._]?(?:db |database |jdbc )?connection",
    re.IGNORECASE,
)


def finding(case: Case, cause: str, **facts) -> Finding:
    """With everything that is known of the leading part."""
    lead, usual = case.lead, case.lead_usual
    known = {
        "service": short(case.service),
        "span_name": short(lead.span_name),
        "kind_of_work": lead.kind_of_work,
        "peer": short(case.lead_peer),
        "added_ns": case.own_ns,
        "usual_ns": case.usual.own_p50_ns,
        "part_ns": lead.own_ns,
        "part_usual_ns": usual.own_p50_ns,
        "calls": lead.calls,
        "usual_calls": usual.calls_p50,
        "origin": case.columns.span_id[case.lead_spans[0]],
    }
    return Finding(cause, **(known | facts))


def missing_spans(case: Case) -> Finding | None:
    """The time lies in a call whose server sent no spans, though it usually does, or whose spans are lost in part."""
    lead = case.lead
    usually_answers = case.compared.part((lead.service, lead.span_name, NETWORK)).traces
    if lead.kind_of_work == LOST_WORK or (lead.kind_of_work == EXTERNAL and usually_answers):
        return finding(case, MISSING_SPANS)
    return None


def waiting_by_name(case: Case) -> Finding | None:
    """A span that is named for a lock or a pool of connections says itself what it waited for."""
    name = case.lead.span_name
    if _LOCK.search(name):
        return finding(case, LOCK_WAIT)
    return finding(case, CONNECTION_WAIT) if _POOL.search(name) else None


def called_more(case: Case) -> Finding | None:
    """The whole service was called more often than usual, and did each time about what it usually does."""
    spans = [entry for entry, _, _ in case.entries]
    if not spans:
        return None
    parts = case.usual_parts_of(spans)
    usual_calls = sum(part.calls_p50 for part in parts)
    if not usual_calls or not are_more(len(spans), sum(part.calls_p95 for part in parts)):
        return None
    if not count_explains(case, case.own_ns, case.usual.own_p50_ns, len(spans), usual_calls):
        return None
    entry, caller, call = max(case.entries, key=lambda e: (case.found.own_ns[e[0]], -e[0]))
    return finding(
        case, MORE_CALLS, span_name=short(case.columns.name[entry]), kind_of_work=OWN_CODE,
        peer=short(case.columns.service[caller]), is_called=True, calls=len(spans), usual_calls=usual_calls,
        part_ns=case.own_ns, part_usual_ns=case.usual.own_p50_ns,
        origin=case.columns.span_id[call if call >= 0 else entry],
    )  # fmt: skip


def more_calls(case: Case) -> Finding | None:
    """The leading part stands there more often than usual, and each time took about what it usually takes: N + 1."""
    lead, usual = case.lead, case.lead_usual
    if not usual.calls_p50 or not are_more(lead.calls, usual.calls_p95):
        return None
    if not count_explains(case, lead.own_ns, usual.own_p50_ns, lead.calls, usual.calls_p50):
        return None
    return finding(case, MORE_CALLS)


def new_call(case: Case) -> Finding | None:
    """The leading part is in few of the usual traces, or the whole service is."""
    if case.lead_usual.traces:
        return None
    return finding(case, NEW_CALL, **({} if case.usual.traces else _called_by(case)))


def _called_by(case: Case) -> dict:
    """A service that usually is not there at all: who called it."""
    if not case.entries:
        return {}
    _, caller, _ = case.entries[0]
    return {"peer": short(case.columns.service[caller]), "is_called": True, "calls": len(case.entries)}


def serial_calls(case: Case) -> Finding | None:
    """Work that usually runs beside something longer now runs by itself: no other call of its caller overlaps it."""
    if not case.usual.traces or not case.compared.is_hidden(case.usual.own_p50_ns) or not case.entries:
        return None
    _, _, call = case.entries[0]
    if call < 0:
        return None
    together = _calls_beside(case, call)
    if len(together) < 2 or any(_overlap(case, a, b) for a, b in pairwise(together)):
        return None
    caller = case.columns.service[call]
    return finding(case, SERIAL_CALLS, peer=short(caller), is_called=True, calls=len(together))


def _calls_beside(case: Case, call: int) -> list[int]:
    """Calls under the same parent, by start."""
    family, parent = case.found.family, case.found.family.parents[call]
    siblings = family.children[parent] if parent >= 0 else ()
    return [i for i in siblings if case.columns.call[i] is not None and case.found.place[i] != BESIDE]


def _overlap(case: Case, first: int, second: int) -> bool:
    return case.columns.start[second] < case.columns.end[first]


def slow_network(case: Case) -> Finding | None:
    """A call took longer than its server worked: the way there and back, or waiting in front of the server."""
    return finding(case, SLOW_NETWORK) if case.lead.kind_of_work == NETWORK else None


def slower_call(case: Case) -> Finding | None:
    return finding(case, SLOWER_CALL) if case.lead.kind_of_work != OWN_CODE else None


def not_broken_down(case: Case) -> Finding | None:
    """Long own code around other spans or a whole request's: no span says what it was spent on."""
    top = case.lead_spans[0]
    is_step = case.columns.kind[top] <= INTERNAL and not case.found.family.children[top]
    if is_step or not is_long(case.found, top):
        return None
    return finding(case, NOT_BROKEN_DOWN, before=short(_what_came_next(case, top)))


def _what_came_next(case: Case, span: int) -> str:
    """The name of the child that ended the longest stretch of the span's own time; "" when it was not most of it."""
    segments, parents = case.found.segments, case.found.family.parents
    length, at = max((end - start, i) for i, (start, end, owner) in enumerate(segments) if owner == span)
    if at + 1 == len(segments) or length * 2 < case.found.own_ns[span]:
        return ""
    follows = segments[at + 1][2]
    while follows >= 0 and parents[follows] != span:
        follows = parents[follows]
    return case.columns.name[follows] if follows >= 0 else ""


def slower_code(case: Case) -> Finding:
    """What is left: own code that took longer, in a step somebody named or too short to be worth spans of its own."""
    return finding(case, SLOWER_CODE)
