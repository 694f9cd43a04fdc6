"""`/why`: one question answered, and everything its template says about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from apps.explorer.line_chart import LineChart
from apps.explorer.period import custom_range, link_with
from apps.explorer.says import Said, said
from apps.explorer.services.addresses import service_link
from apps.explorer.why.chart import chart_of
from apps.explorer.why.contrast import ContrastPage, contrast_page
from apps.explorer.why.examples import Example, examples
from apps.explorer.why.form import HEAT, PATH, SELECTING, WhyForm
from apps.explorer.why.heat import HeatChart, heat_of
from apps.explorer.why.steps import Steps, steps_of
from apps.insights.why.answer import Answer, answer
from apps.insights.why.ask import WHOLE, Selection
from apps.insights.why.contrast import contrast
from apps.insights.why.known import Unknown, unknown_of
from apps.insights.window import Window
from apps.traces.durations import counted, format_count, format_duration_ns, format_percent
from apps.traces.moments import field_text, minute_text, span_text
from apps.traces.why.attributes import Attribute
from apps.traces.why.finding import AROUND, MEAN, READ, Finding, Origin
from apps.traces.why.judge import ERRORS
from apps.traces.why.next_line import next_line
from apps.traces.why.parts import Part
from apps.traces.why.sentence import sentence
from apps.traces.why.words import Word


@dataclass(frozen=True, slots=True)
class OriginRow:
    service: str
    span_name: str
    type: str
    message: str
    fates: tuple[str, ...]
    """What became of its traces, in words: `7 failed by it`, `15 went through`."""
    traces: str
    share: str
    failed_width: str
    width: str
    """Per cent of all traces looked at: those that failed by it, and all that had it."""
    link: str


@dataclass(frozen=True, slots=True)
class WhyPage:
    sentence: tuple[Said, ...]
    is_well: bool
    """It says of no trouble that it goes on."""
    next_line: tuple[Said, ...]
    title: str
    before: str
    after: str
    before_n: str
    after_n: str
    before_field: str
    split_field: str
    """For a datetime field: where the window after begins."""
    touches: bool
    found_split: bool
    split_links: tuple[tuple[str, str], ...]
    """(words, address) of other ways to part the windows."""
    chart: LineChart
    heat: HeatChart | None
    """Instead of the lines, when asked for."""
    chart_links: tuple[tuple[str, str, bool], ...]
    selected: str
    """The selection in words, "" without one."""
    unselect_link: str
    steps: Steps | None
    steps_said: str
    origins: tuple[OriginRow, ...]
    origins_said: str
    are_before: bool
    """The origins are of the window before."""
    is_failing: bool
    before_examples: tuple[Example, ...]
    after_examples: tuple[Example, ...]
    before_title: str
    after_title: str
    attributes_link: str
    took: str
    is_nothing: bool
    """No trace in either window."""
    unknown: Unknown | None
    near: tuple[tuple[str, str], ...]
    """(name, address of the same question about it) of those that are called nearly as what is unknown."""


def why_page(workspace_id: int, form: WhyForm) -> WhyPage:
    """Of a valid form that names a service."""
    found = answer(workspace_id, form.ask())
    zone, finding = form.zone, found.finding
    clock = partial(minute_text, now_ns=form.now_ns, zone=zone)
    services = partial(service_link, form)
    before, after = (span_text(*window, zone) for window in (found.ask.before, found.ask.after))
    unknown = unknown_of(workspace_id, found)
    longest = max((s.waited_ns for s in (*found.before_samples.read, *found.after_samples.read)), default=0)
    return WhyPage(
        sentence=said((Word(unknown.sentence),) if unknown else sentence(finding, clock), services),
        is_well=finding.is_well,
        next_line=said(next_line(finding, clock), services),
        title=finding.name or finding.service or "what was searched for",
        before=before,
        after=after,
        before_n=format_count(finding.judged.before_traces),
        after_n=format_count(finding.judged.after_traces),
        before_field=field_text(found.ask.before.start_ns, zone),
        split_field=field_text(found.ask.after.start_ns, zone)[:16],
        touches=found.ask.touches,
        found_split=found.found_split,
        split_links=tuple(_split_links(form, found)),
        chart=chart_of(found, zone),
        heat=heat_of(found, zone) if form.is_heat else None,
        chart_links=(
            ("Lines", form.link(PATH, chart=None, **dict.fromkeys(SELECTING)), not form.is_heat),
            ("Heat map", form.link(PATH, chart=HEAT), form.is_heat),
        ),
        selected=_selected(found.ask.selection, zone),
        unselect_link=form.link(PATH, chart=HEAT, **dict.fromkeys(SELECTING)),
        steps=steps_of(finding.changes, _part_link(form, found.ask.after)),
        steps_said=_steps_said(found),
        origins=tuple(
            _origin(origin, finding.failed_looked_at, form, found.ask.before if finding.are_before else found.ask.after)
            for origin in finding.origins
        ),
        origins_said=_origins_said(finding),
        are_before=finding.are_before,
        is_failing=found.ask.look == ERRORS,
        before_examples=examples(found.before_samples, longest, form),
        after_examples=examples(found.after_samples, longest, form),
        before_title="The rest" if found.ask.selection else f"Before, {before}",
        after_title="Selected" if found.ask.selection else f"After, {after}",
        attributes_link=form.link(f"{PATH}/attributes"),
        took=_took(found),
        is_nothing=not finding.judged.before_traces and not finding.judged.after_traces,
        unknown=unknown,
        near=_near(form, unknown) if unknown else (),
    )  # fmt: skip


def attributes_page(workspace_id: int, form: WhyForm) -> ContrastPage:
    """The part that comes by itself: the same question, its answer and the comparison."""
    found = answer(workspace_id, form.ask())
    after = span_text(*found.ask.after, form.zone)
    return contrast_page(contrast(workspace_id, found), after, _attribute_link(form, found.ask.after))


def _part_link(form: WhyForm, window: Window):
    def link(part: Part) -> str:
        return link_with("/", {"service": part.service, "name": part.span_name, **custom_range(*window)})

    return link


def _attribute_link(form: WhyForm, window: Window):
    def link(one: Attribute) -> str:
        if one.is_cut:
            return ""
        text = one.value.replace("\\", "\\\\").replace('"', '\\"')
        return link_with("/", {"service": one.service, "attrs": f'{one.key}="{text}"', **custom_range(*window)})

    return link


def _near(form: WhyForm, unknown: Unknown) -> tuple[tuple[str, str], ...]:
    """Of a service that is not known its name goes as well: it may be one of the other."""
    if unknown.name:
        return tuple((name, form.link(PATH, name=name)) for name in unknown.near)
    return tuple((name, form.link(PATH, service=name, name=None)) for name in unknown.near)


def _selected(selection: Selection | None, zone: tzinfo) -> str:
    if selection is None:
        return ""
    least, most = format_duration_ns(selection.min_ns), selection.max_ns
    longer = f"{least} or longer" if most is None else f"{least} to {format_duration_ns(most)}"
    return f"{span_text(selection.start_ns, selection.end_ns, zone)}, {longer}"


def _split_links(form: WhyForm, found: Answer) -> Iterable[tuple[str, str]]:
    if form.params.get("split"):
        yield "where it changed", form.link(PATH, split=None)
    if form.params.get("split") != WHOLE:
        yield f"{form.period.label.lower()} against {form.period.against_label}", form.link(PATH, split=WHOLE)


def _steps_said(found: Answer) -> str:
    basis, look = found.finding.basis, found.ask.look
    if basis == READ:
        counts = f"{len(found.before_samples.read)} and {len(found.after_samples.read)}"
        return f"mean of {counts} traces read of the rest and of the selected; the parts add up"
    if basis == AROUND:
        counts = f"{len(found.before_samples.read)} and {len(found.after_samples.read)}"
        return f"of {counts} traces around {look}, in proportion to it; the parts add up"
    return "mean of all traces; the parts add up" if basis == MEAN else ""


def _took(found: Answer) -> str:
    traces = found.finding.judged.before_traces + found.finding.judged.after_traces
    which = "all" if getattr(found.source, "is_all", True) else "the newest"
    return f"{which} {counted(traces, 'trace')}, in {format_duration_ns(round(found.elapsed_ms * 1e6))}"


def _origins_said(finding: Finding) -> str:
    of, failed = finding.failed_looked_at, finding.failed_whole
    fates = f", {format_count(failed)} of which failed as a whole" if 0 < failed < of else ""
    is_more = sum(origin.traces for origin in finding.origins) > of
    several = ", some in several places" if is_more else ""
    return f"of {counted(of, 'trace')} with an error {'before' if finding.are_before else 'after'}{fates}{several}"


def _origin(origin: Origin, of: int, form: WhyForm, window: Window) -> OriginRow:
    share = origin.traces / of if of else 0.0
    conditions = {"service": origin.service, "name": origin.span_name, "status": "ERROR", **custom_range(*window)}
    return OriginRow(
        origin.service, origin.span_name, origin.exception_type, origin.message, tuple(_fates(origin)),
        format_count(origin.traces), format_percent(share), f"{origin.failed / of * 100 if of else 0:.1f}%",
        f"{share * 100:.1f}%", link_with("/", conditions),
    )  # fmt: skip


def _fates(origin: Origin) -> Iterable[str]:
    other = origin.traces - origin.failed - origin.survived
    for count, words in (
        (origin.failed, "failed by it"), (other, "failed by another error"), (origin.survived, "went through"),
    ):  # fmt: skip
        if count:
            yield f"{'all' if count == origin.traces > 1 else format_count(count)} {words}"
