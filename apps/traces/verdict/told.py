"""A verdict as programs read it: plain values under the names of docs/api.md."""

from __future__ import annotations

from apps.traces.durations import NBSP
from apps.traces.verdict.facts import ERROR, RETRIES, Finding, Verdict
from apps.traces.verdict.words import also, sentence


def told(verdict: Verdict) -> dict[str, object]:
    """Sentences have plain spaces. What does not belong to the cause is null, or 0 for counts."""
    main = verdict.main
    return {
        "sentence": _plain(sentence(verdict)),
        **_finding(main),
        "share_pct": verdict.share_pct if main.added_ns and main.cause != ERROR else None,
        "sample_size": verdict.sample_size,
        "waited_ns": verdict.waited_ns,
        "usual_waited_ns": verdict.usual_waited_ns or None,
        "also": [{"sentence": _plain(text), **_finding(finding)} for text, finding in also(verdict)],
    }


def _finding(finding: Finding) -> dict[str, object]:
    has_error = finding.cause in (ERROR, RETRIES) and (finding.error_type or finding.answer)
    return {
        "cause": finding.cause,
        "service": finding.service or None,
        "span_name": finding.span_name or None,
        "kind_of_work": finding.kind_of_work or None,
        "peer": finding.peer or None,
        "added_ns": finding.added_ns or None,
        "usual_ns": finding.usual_ns or None,
        "calls": finding.calls,
        "usual_calls": finding.usual_calls,
        "failed": finding.failed,
        "error": {"type": finding.error_type, "message": finding.error_message, "answer": finding.answer}
        if has_error
        else None,
        "span_id": finding.origin.hex() or None,
    }


def _plain(text: str) -> str:
    return text.replace(NBSP, " ")
