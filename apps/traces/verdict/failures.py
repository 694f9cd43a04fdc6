"""The errors of a trace as a verdict tells them: the one that made the request fail, or one that did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from apps.traces.contributions import Contributions
from apps.traces.error_origin import ErrorOrigin, Read, errors_of, is_root_failed
from apps.traces.error_words import one_line
from apps.traces.kinship import LOST
from apps.traces.verdict.case import called, short
from apps.traces.verdict.facts import ERROR, Finding
from apps.traces.verdict.limits import MAX_MESSAGE
from apps.traces.verdict.retries import Retried, retried
from apps.traces.verdict.telling import telling


@dataclass(frozen=True, slots=True)
class Failures:
    origins: tuple[ErrorOrigin, ...] = ()
    is_root_failed: bool = False


NO_FAILURES = Failures()


def failures_of(found: Contributions, read: Read, origins: Sequence[ErrorOrigin] | None = None) -> Failures:
    """Reads spans of traces with errors only. `origins`: when they have been found already."""
    if True not in found.family.columns.is_error:
        return NO_FAILURES
    return Failures(tuple(errors_of(found, read) if origins is None else origins), is_root_failed(found, read))


def telling_error(found: Contributions, failures: Failures) -> ErrorOrigin | None:
    """The one that came up highest; of those that came up as high, the last. Where the root failed: what ended it."""
    ends = found.family.columns.end
    return min(failures.origins, key=lambda o: (_height(found, o.span), -ends[o.span], o.span), default=None)


def is_tried_again(found: Contributions, failures: Failures, error: ErrorOrigin) -> bool:
    """What failed was tried again, and the request went through."""
    return not failures.is_root_failed and _is_recovered(retried(found), error.span)


def failure(found: Contributions, failures: Failures) -> Finding | None:
    """The error that tells most."""
    chosen, columns = telling_error(found, failures), found.family.columns
    if chosen is None:
        return None
    alike = [
        o for o in failures.origins
        if (o.service, o.span_name, o.error.type, o.error.pattern)
        == (chosen.service, chosen.span_name, chosen.error.type, chosen.error.pattern)
    ]  # fmt: skip
    return Finding(
        ERROR,
        service=short(chosen.service),
        span_name=short(chosen.span_name),
        peer=short(called(columns.call[chosen.span])),
        failed=len(alike),
        error_type=chosen.error.type,
        error_message=telling(chosen.error.message, MAX_MESSAGE),
        answer=one_line(chosen.error.answer, MAX_MESSAGE),
        is_fatal=failures.is_root_failed,
        is_recovered=is_tried_again(found, failures, chosen),
        origin=columns.span_id[chosen.span],
    )


def _height(found: Contributions, span: int) -> int:
    """How many spans there are above the highest failed one that the error may have come up to."""
    columns, parents = found.family.columns, found.family.parents
    highest, above = span, span
    while above >= 0:
        if columns.is_error[above]:
            highest = above
        parent = parents[above]
        above = found.adopted.get(above, LOST) if parent == LOST else parent
    depth = 0
    while highest >= 0:
        parent = parents[highest]
        highest = found.adopted.get(highest, LOST) if parent == LOST else parent
        depth += 1
    return depth


def _is_recovered(groups: Sequence[Retried], span: int) -> bool:
    return any(span in group.again for group in groups)
