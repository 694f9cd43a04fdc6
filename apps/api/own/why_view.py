"""`/api/v1/why`: why the traces of a root span name are slower, or fail more, than before."""

from __future__ import annotations

from datetime import UTC

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.own.figures import whole_ns
from apps.api.own.period import PERIOD_NAMES, period_object, read_period, refuse_unknown
from apps.api.problem import Problem
from apps.insights.figures import Figures
from apps.insights.period import Period
from apps.insights.why.answer import Answer, answer
from apps.insights.why.ask import NAME_ALONE, WHOLE, Ask, ask_of, searched
from apps.insights.why.changed import ChangedRoot, changed_roots
from apps.insights.why.contrast import Contrast, contrast
from apps.insights.why.known import unknown_of
from apps.insights.why.samples import Samples
from apps.insights.window import Window
from apps.traces.moments import dated_minute_text, exact_text, parse_instant_ns, zone_named
from apps.traces.query_string import BadQuery
from apps.traces.why.attributes import Attribute, Untold
from apps.traces.why.ending import Ending
from apps.traces.why.judge import ERRORS, LOOKS
from apps.traces.why.next_line import next_line
from apps.traces.why.sentence import sentence
from apps.traces.why.words import text_of

NAMES = (*PERIOD_NAMES, "service", "name", "look", "split", "attributes", "search")
USUAL_LOOK = "p95"


class WhyView(ApiView):
    def get(self, request) -> HttpResponse:
        params = request.GET
        refuse_unknown(params, NAMES)
        period = read_period(self.workspace_id, params)
        if params.get("name") and not params.get("service") and not params.get("search"):
            raise Problem(400, "The question cannot be read.", fields={"service": NAME_ALONE})
        if not params.get("service") and not params.get("search"):
            return json_answer(changed_object(self.workspace_id, period))
        found = answer(self.workspace_id, _ask(params, period))
        unknown = unknown_of(self.workspace_id, found)
        if unknown and not unknown.name:  # a span name is known half a minute after it came
            raise Problem(404, f"{unknown.sentence}{unknown.near_words}")
        wants = params.get("attributes", "") not in ("", "0")
        told = answer_object(found) | {"attributes": None}
        return json_answer(
            told | ({"attributes": attributes_object(contrast(self.workspace_id, found))} if wants else {})
        )


def _ask(params, period: Period) -> Ask:
    look = params.get("look") or USUAL_LOOK
    if look not in LOOKS:
        raise Problem(400, "The question cannot be read.", fields={"look": f"Choose one of: {', '.join(LOOKS)}."})
    try:
        text = params.get("split", "")
        zone = zone_named(params.get("tz") or "UTC")
        split = WHOLE if text == WHOLE else parse_instant_ns(text, zone, period.now_ns) if text else None
        query = searched(params["search"]) if params.get("search") else None
        return ask_of(period, params.get("service", ""), params.get("name", ""), look, split, None, query)
    except BadQuery as error:
        raise Problem(400, "The search cannot be read.", fields={"search": str(error)}) from error
    except ValueError as error:
        raise Problem(400, "The question cannot be read.", fields={"split": str(error)}) from error


def _clock(at_ns: int, *, beside_ns: int | None = None) -> str:
    return f"{dated_minute_text(at_ns, UTC, beside_ns)} UTC"


def answer_object(found: Answer) -> dict:
    finding, judged, ask = found.finding, found.finding.judged, found.ask
    since = finding.since
    return {
        "service": ask.service,
        "name": ask.name,
        "look": ask.look,
        "change": judged.word,
        "sentence": text_of(sentence(finding, _clock)),
        "next": text_of(next_line(finding, _clock)),
        "before": _side(ask.before, found.before, judged.before, ask.look),
        "after": _side(ask.after, found.after, judged.after, ask.look),
        "found_split": found.found_split,
        "since": since and {"start": exact_text(since.start_ns), "end": since.end_ns and exact_text(since.end_ns)},
        "ending": finding.ending and _ending(finding.ending, ask.look),
        "parts_of": finding.basis or None,
        "parts": [
            {
                "service": change.part.service, "span_name": change.part.span_name, "kind_of_work": change.part.work,
                "peer": change.part.peer, "before_ns": change.before_ns, "after_ns": change.after_ns,
                "change_ns": change.change_ns, "calls_before": round(change.calls_before, 3),
                "calls_after": round(change.calls_after, 3),
            }
            for change in finding.changes
        ],
        "releases": [
            {"service": r.service, "version": r.version, "seen_at": exact_text(r.seen_ns), "is_new": r.is_new,
             "left_at": None if r.left_ns is None else exact_text(r.left_ns)}
            for r in finding.releases
        ],
        "origins": [
            {"service": o.service, "span_name": o.span_name, "exception_type": o.exception_type, "message": o.message,
             "traces": o.traces, "failed": o.failed, "went_through": o.survived}
            for o in finding.origins
        ],
        "failed": {"side": "before" if finding.are_before else "after", "looked_at": finding.failed_looked_at,
                   "as_a_whole": finding.failed_whole,
                   "went_through": finding.failed_looked_at - finding.failed_whole,
                   "tried_again": finding.tried_again},
        "tries": [
            {"service": t.service, "peer": t.peer, "calls": round(t.calls, 3), "failed": round(t.failed, 3),
             "answer": t.answer, "traces": t.traces}
            for t in finding.tries
        ],
        "examples": {"before": _examples(found.before_samples), "after": _examples(found.after_samples)},
        "elapsed_ms": round(found.elapsed_ms, 1),
    }  # fmt: skip


def _ending(ending: Ending, look: str) -> dict:
    is_share = look == ERRORS
    return {
        "word": ending.word,
        "value_ns": None if is_share else whole_ns(ending.value),
        "error_share": None if not is_share or ending.value is None else round(ending.value, 6),
        "traces": ending.samples,
    }


def _side(window: Window, figures: Figures, value: float | None, look: str) -> dict:
    return {
        "start": exact_text(window.start_ns),
        "end": exact_text(window.end_ns),
        "traces": figures.samples,
        "value_ns": None if look == ERRORS else whole_ns(value),
        "error_share": round(figures.error_share, 6),
        "mean_ns": whole_ns(figures.mean_ns),
    }


def _examples(samples: Samples) -> list[dict]:
    return [
        {"trace_id": one.trace_id, "started_at": exact_text(one.start_ns), "waited_ns": one.waited_ns}
        for one in samples.read
    ]


def attributes_object(found: Contrast) -> dict:
    compared = found.compared
    return {
        "group": found.kind,
        "slower_than_ns": found.cut_ns or None,
        "group_traces": compared.slow,
        "rest_traces": compared.rest,
        "is_enough": compared.is_enough,
        "is_sampled": found.is_sampled,
        "tests": compared.tests,
        "found": [_attribute(one) for one in compared.found],
        "not_significant": [_attribute(one) for one in compared.weak],
        "not_enough_data": [_untold(one) for one in compared.too_few],
        "unique_values": [_untold(one) for one in compared.unique],
        "elapsed_ms": round(found.elapsed_ms, 1),
    }


def _attribute(one: Attribute) -> dict:
    return {
        "service": one.service, "key": one.key, "value": one.value, "group_share": round(one.slow_share, 4),
        "rest_share": round(one.rest_share, 4), "effect_pt": round(one.effect_pt, 1), "q": one.q,
        "same": [{"service": service, "key": key, "value": value} for service, key, value in one.same],
    }  # fmt: skip


def _untold(one: Untold) -> dict:
    return {"service": one.service, "key": one.key, "traces": one.traces}


def changed_object(workspace_id: int, period: Period) -> dict:
    """What there is to ask about."""
    found = changed_roots(workspace_id, period)
    return {"period": period_object(period), "roots": [_root(root) for root in found]}


def _root(root: ChangedRoot) -> dict:
    return {
        "service": root.service, "name": root.name, "change": root.duration.word, "error_change": root.errors.word,
        "p95_before_ns": whole_ns(root.before.p(0.95)), "p95_ns": whole_ns(root.after.p(0.95)),
        "error_share_before": round(root.before.error_share, 6), "error_share": round(root.after.error_share, 6),
        "traces_before": root.before.samples, "traces": root.after.samples,
    }  # fmt: skip
