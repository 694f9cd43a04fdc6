"""The clause after the colon: why, in a few words."""

from __future__ import annotations

from collections.abc import Callable

from apps.traces.durations import NBSP, counted, format_count, format_duration_ns, n_times
from apps.traces.verdict import facts
from apps.traces.verdict.facts import Finding
from apps.traces.verdict.limits import LEADS_PCT


def reason_text(main: Finding) -> str:
    return _REASONS[main.cause](main)


def _more(main: Finding) -> str:
    if main.is_called:
        return f"{main.peer} called it {n_times(main.calls)} instead of {n_times(main.usual_calls)}"
    return f"{calls_text(main)} instead of {format_count(main.usual_calls)}"


def calls_text(main: Finding) -> str:
    """`14 calls to bank-api`, `143 calls of SELECT shop.stock`; a step of own code runs."""
    calls = counted(main.calls, "call")
    if main.kind_of_work in ("external", "network", "queue", "not_broken_down") and main.peer:
        return f"{calls} to {main.peer}"
    if main.kind_of_work in ("database", "cache"):
        return f"{calls} of {main.span_name}"
    return f"{format_count(main.calls)}{NBSP}× {main.span_name}"


def _called(main: Finding) -> str:
    """The one call, or all of them, as a subject."""
    if main.calls > 1:
        return calls_text(main)
    return main.peer if main.kind_of_work == "external" and main.peer else main.span_name


def _slower(main: Finding) -> str:
    if not main.part_usual_ns:
        was, it = ("were", "them") if main.calls > 1 else ("was", "it")
        waited = f"{_called(main)} {was} waited for {format_duration_ns(main.part_ns)}"
        return f"{waited}; usually nobody waits for {it}: what runs beside {it} takes longer"
    took = f"{_called(main)} took {format_duration_ns(main.part_ns)}"
    is_all = (main.part_ns - main.part_usual_ns) * 100 >= (main.added_ns - main.usual_ns) * LEADS_PCT
    return f"{took} instead of {format_duration_ns(main.part_usual_ns)}" + (
        "" if is_all else ", and more of it took longer"
    )


def _new(main: Finding) -> str:
    if main.is_called:
        return f"{main.peer} called it, which it usually does not"
    if main.kind_of_work in ("external", "network") and main.peer:
        return f"{calls_text(main)}, which it usually does not call ({format_duration_ns(main.part_ns)})"
    return f"{_called(main)} took {format_duration_ns(main.part_ns)}, which it usually does not do"


def _retries(main: Finding) -> str:
    who = f"{main.peer} asked {main.before or 'it'}" if main.is_called else f"it asked {main.peer or main.span_name}"
    said = _tries_said(main)
    tries = "1 try" if main.failed == 1 else f"{format_count(main.failed)} tries"
    failed = f"all {tries}" if main.failed == main.calls else tries
    why = f" ({said})" if said else ""
    return f"{who} {n_times(main.calls)}; {failed} failed{why} and cost {format_duration_ns(main.part_ns)}"


def tries_text(tries: Finding) -> str:
    """Of a loop's failed tries: `12 of the 27 calls to bank-api failed with 429 Too Many Requests and were tried
    again: 750 ms`."""
    whom = f"by {tries.peer}" if tries.is_called else f"to {tries.peer}" if tries.peer else f"of {tries.span_name}"
    said = _tries_said(tries)
    why = f" with {said}" if said and said == tries.answer else f" ({said})" if said else ""
    were = "was" if tries.failed == 1 else "were"
    again = f" and {were} tried again" if tries.is_recovered else ""
    return (
        f"{format_count(tries.failed)} of the {format_count(tries.calls)} calls {whom} failed{why}{again}: "
        f"{format_duration_ns(tries.part_ns)}"
    )


def _tries_said(tries: Finding) -> str:
    return tries.answer or tries.error_message or (tries.error_type if tries.error_type != "error" else "")


def _serial(main: Finding) -> str:
    return f"{format_count(main.calls)} calls by {main.peer} ran one after the other instead of side by side"


def _gap(main: Finding) -> str:
    where = f", most of it before {main.before}" if main.before else ""
    return f"no span says what it did for {format_duration_ns(main.part_ns)} in {main.span_name}{where}"


def _connection(main: Finding) -> str:
    return f"it waited {format_duration_ns(main.part_ns)} for a connection ({main.span_name}){_usually(main)}"


def _lock(main: Finding) -> str:
    return f"it waited {format_duration_ns(main.part_ns)} for a lock ({main.span_name}){_usually(main)}"


def _usually(main: Finding) -> str:
    return f", usually {format_duration_ns(main.part_usual_ns)}" if main.part_usual_ns else ""


def _network(main: Finding) -> str:
    what = f"{calls_text(main)} spent" if main.calls > 1 else f"the call to {main.peer} spent"
    return f"{what} {format_duration_ns(main.part_ns)} on the way instead of {format_duration_ns(main.part_usual_ns)}"


def _missing(main: Finding) -> str:
    who = main.peer or f"whoever answered {main.span_name}"
    return f"{who} sent no spans of what it did for {format_duration_ns(main.part_ns)}"


_REASONS: dict[str, Callable[[Finding], str]] = {
    facts.MORE_CALLS: _more,
    facts.SLOWER_CALL: _slower,
    facts.SLOWER_CODE: _slower,
    facts.NEW_CALL: _new,
    facts.RETRIES: _retries,
    facts.SERIAL_CALLS: _serial,
    facts.NOT_BROKEN_DOWN: _gap,
    facts.CONNECTION_WAIT: _connection,
    facts.LOCK_WAIT: _lock,
    facts.SLOW_NETWORK: _network,
    facts.MISSING_SPANS: _missing,
}


def error_text(main: Finding) -> str:
    """`bank-api answered 429 Too Many Requests three times`; `card declined by issuer`; `TimeoutError`."""
    if main.answer and main.peer:
        said = f"{main.peer} answered {main.answer}"
    elif main.error_message:
        said = main.error_message.rstrip(".")
    elif main.answer:
        said = f"it answered {main.answer}"
    elif main.error_type not in ("", "error"):
        said = main.error_type
    else:
        said = f"{main.span_name} failed"
    return f"{said}, {n_times(main.failed)}" if main.failed > 1 else said
