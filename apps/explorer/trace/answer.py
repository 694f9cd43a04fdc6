"""The head's answer: the sentence, what else is to say, and who took the time, beside what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from apps.explorer.trace.loaded import Loaded
from apps.explorer.trace.state import TraceState
from apps.insights.judged import Judged, stored_verdict
from apps.traces.durations import format_count, format_duration_ns
from apps.traces.skew import clock_skew
from apps.traces.usual import Usual
from apps.traces.verdict import facts
from apps.traces.verdict.case import short
from apps.traces.verdict.facts import Finding, Verdict
from apps.traces.verdict.words import Phrase, also, is_told_first, phrases, sentence

LATELY_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class Aside:
    """A line under the sentence."""

    icon: str
    text: str
    href: str = ""
    """To the span it is about, or to what explains it."""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    phrases: tuple[Phrase, ...]
    title: str
    asides: tuple[Aside, ...]


def answer_of(loaded: Loaded, state: TraceState, judged: Judged, now_ns: int) -> Answer | None:
    """None where nothing was waited for, or nobody knows since when: then the head says what there is."""
    verdict = judged.verdict
    if not _is_told(verdict):
        return None
    asides = [_usually(loaded, verdict, judged.usual, now_ns), _afterwards(loaded, verdict)]
    if verdict.main.origin and verdict.main.cause == facts.ERROR:
        text = f"It started in {verdict.main.service}, in {verdict.main.span_name}."
        asides.append(Aside("error", text, *_show(loaded, state, verdict.main)))
    for text, finding in also(verdict):
        is_lost = finding.cause == facts.MISSING_SPANS and finding.failed
        if finding.cause == facts.CLOCK_SKEW or is_lost or is_told_first(finding, verdict):
            continue  # The banner, the facts below, or the sentence say it.
        icon = "error" if finding.cause == facts.ERROR else "clock"
        asides.append(Aside(icon, text, *_show(loaded, state, finding)))
    return Answer(phrases(verdict), sentence(verdict), tuple(a for a in asides if a is not None))


def answer_so_far(packed: bytes | None) -> Answer | None:
    """The sentence that a trace was sealed with, while the rest is being worked out."""
    verdict = stored_verdict(packed)
    if verdict is None or not _is_told(verdict):
        return None
    return Answer(phrases(verdict), sentence(verdict), ())


def _is_told(verdict: Verdict) -> bool:
    return bool(verdict.waited_ns) and (verdict.main.cause != facts.MISSING_SPANS or bool(verdict.usual_waited_ns))


def _usually(loaded: Loaded, verdict: Verdict, usual: Usual, now_ns: int) -> Aside | None:
    if not verdict.usual_waited_ns:
        return None
    name = short(loaded.tree.main_root.span.name) or "(no name)"
    days = round((usual.end_ns - usual.start_ns) / 86_400_000_000_000) or 7
    when = f"the last {days} days" if usual.end_ns > now_ns - 2 * LATELY_NS else f"the {days} days before it"
    text = f"Usual is the middle of {format_count(verdict.sample_size)} {name} traces of {when}."
    if verdict.main.cause in (facts.NOTHING_UNUSUAL, facts.ERROR):
        return Aside("info", text)
    root = loaded.tree.main_root.span
    query = urlencode({"service": root.service, "name": root.name})
    return Aside("info", text, f"/why?{query}", "Why are they all slow?")


def _afterwards(loaded: Loaded, verdict: Verdict) -> Aside | None:
    """Where the trace goes on without anybody waiting; not where a clock that is off makes it seem to."""
    whole, waited = loaded.trace.duration_ns, verdict.waited_ns
    if clock_skew(loaded.tree) is not None:
        return None
    if not waited or whole <= waited * 1.01 or whole - waited <= 1_000_000:
        return None
    return Aside("info", f"Work that nobody waited for went on: the whole trace took {format_duration_ns(whole)}.")


def _show(loaded: Loaded, state: TraceState, finding: Finding) -> tuple[str, str]:
    node = loaded.node_of(finding.origin.hex()) if finding.origin else None
    if node is None:
        return "", ""
    return state.href(span=loaded.key_of(node), first=0) + f"#r-{loaded.key_of(node)}", "Show"
