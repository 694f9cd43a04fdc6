"""Of traces with an error: what ended those that failed as a whole, and what the others got over.

Most errors that a busy system has are tried again and go through; told beside those that nobody got over, they would
send people to the wrong place.
"""

from __future__ import annotations

from apps.traces.why.finding import Finding, Origin
from apps.traces.why.words import STRONG, WHERE, Word


def leading_failed(finding: Finding) -> Origin | None:
    """What most of the traces failed by that failed as a whole."""
    return max(finding.origins, key=lambda origin: origin.failed, default=None) if finding.failed_whole else None


def leading_survived(finding: Finding) -> Origin | None:
    """What most of the others had."""
    if finding.failed_whole == finding.failed_looked_at:
        return None
    return max(finding.origins, key=lambda origin: origin.survived, default=None)


def another_since(finding: Finding) -> list[Word]:
    """`, most of them by another error, TimeoutError in bank-api POST /transfers`: what goes on when the errors that
    the sentence is about are over. [] where it is theirs, or nothing was read."""
    lead = next(iter(finding.origins_after), None)
    known = {_key(origin) for origin in (leading_failed(finding), leading_survived(finding)) if origin}
    if lead is None or not known or _key(lead) in known:
        return []
    count, of = lead.traces, finding.after_looked_at
    much = "all" if count == of else "most of them" if count * 2 > of else f"{count} of {of} looked at"
    return [
        Word(f", {much} by another error, "), Word(lead.what, STRONG), Word(" in "),
        Word(lead.service, WHERE, lead.service), Word(f" {lead.span_name}"),
    ]  # fmt: skip


def _key(origin: Origin) -> tuple[str, ...]:
    return origin.service, origin.span_name, origin.exception_type, origin.message


def which_errors(finding: Finding) -> list[Word]:
    """From the colon on, without a full stop; [] where no trace was read."""
    of, whole = finding.failed_looked_at, finding.failed_whole
    failed, survived = leading_failed(finding), leading_survived(finding)
    if not of or not finding.origins:
        return []
    looked = f"looked at{' before' * finding.are_before}"
    if survived is None:
        return [Word(f": {_much(failed.failed, of)} {looked} began in "), *_place(failed)]
    if failed is None:
        return [Word(f": {_all_went_through(survived.survived, of, looked)} began in "), *_place(survived)]
    after = [Word(" the same error")] if survived == failed else [Word(" "), *_place(survived)]
    return [
        Word(f": of {of} {looked}, {whole} failed as a whole, {_which(failed.failed, whole)}in "), *_place(failed),
        Word(f"; {_others(finding)}, {_most(survived.survived, of - whole)}after"), *after,
    ]  # fmt: skip


def _much(count: int, of: int) -> str:
    if of == 1:
        return "the one"
    return "all" if count == of else f"{count} of {of}"


def _all_went_through(count: int, of: int, looked: str) -> str:
    if of == 1:
        return f"the one {looked} went through in the end; its error"
    errors = "the errors" if count == of else f"the errors of {count}" if count > 1 else "the error of 1"
    return f"all {of} {looked} went through in the end; {errors}"


def _which(count: int, of: int) -> str:
    if of == 1:
        return ""
    return "all " if count == of else f"{count} of them "


def _most(count: int, of: int) -> str:
    return "most " if count * 2 > of and count < of else _which(count, of)


def _others(finding: Finding) -> str:
    others = finding.failed_looked_at - finding.failed_whole
    if finding.tried_again < others:
        return f"{others} went through all the same"
    return f"{others} {'was' if others == 1 else 'were'} tried again and went through"


def _place(origin: Origin) -> list[Word]:
    """`payment POST /charges with PaymentRefused`."""
    return [Word(origin.service, WHERE, origin.service), Word(f" {origin.span_name} with "), Word(origin.what, STRONG)]
