"""The sentence of a service: what changed, and since when."""

from __future__ import annotations

from dataclasses import dataclass

from apps.explorer.services.forms import ServiceForm
from apps.insights.change import UNCLEAR, UNSURE
from apps.insights.one_service import OneService
from apps.insights.period import BEFORE
from apps.insights.turn import Turn
from apps.traces.durations import duration_text, format_count, format_percent
from apps.traces.moments import MINUTE_NS, minute_text


@dataclass(frozen=True, slots=True)
class Said:
    """What is not known is ""."""

    word: str
    """`rose`, `fell` or `over`: at a moment, or for a stretch of time that is over; `slower`, `faster`, `errors`,
    `same`, `unclear`, `silent`, `few` or `no_before`: one window against the other."""
    quantile: str
    before: str
    now: str
    since: str = ""
    """When it began."""
    until: str = ""
    was: str = ""
    """The quantile within a stretch that is over."""
    after: str = ""
    """What it is since `until`, where `now` is all of the window's."""
    is_more: bool = True
    """Which was longer than the rest."""
    version: str = ""
    """That came when it began."""
    samples: str = ""


def service_said(found: OneService, form: ServiceForm) -> Said:
    turn = found.turn if found.now.samples else None
    if turn is not None and _tells(turn, found, form):
        return _turned(turn, found, form)
    now, before = found.now, found.before
    changed = found.duration.is_change and now.samples and before.samples
    words = (
        ("silent", not now.samples), ("no_before", not before.samples),
        ("slower" if found.duration.is_worse else "faster", changed), ("errors", found.errors.is_worse),
        ("few", found.duration.word == UNSURE), ("unclear", found.duration.word == UNCLEAR),
    )  # fmt: skip
    word = next((word for word, holds in words if holds), "same")
    if word == "errors":
        told = format_percent(before.error_share), format_percent(now.error_share)
    else:
        told = duration_text(found.duration.before), duration_text(found.duration.after)
    least = min(now.samples, before.samples) if before.samples else now.samples
    said = Said(word, found.duration.quantile, *told, samples=format_count(least))
    return said if turn is None or not changed else _with_turn(said, turn, found, form)


def _tells(turn: Turn, found: OneService, form: ServiceForm) -> bool:
    """Whether the turn says more than the two windows do: it is in both where one follows the other. Against another
    day that is asked for first. What was over before the window began is told where the windows differ by it."""
    if form.period.against != BEFORE:
        return not found.duration.is_change
    return turn.end_ns is None or turn.end_ns > form.period.window.start_ns or found.duration.is_change


def _turned(turn: Turn, found: OneService, form: ServiceForm) -> Said:
    since = _minute(turn.start_ns, form)
    if turn.end_ns is None:
        word = "rose" if turn.is_more else "fell"
        told = duration_text(turn.before_ns), duration_text(turn.inside_ns)
        return Said(word, turn.quantile, *told, since, version=_version_near(found, turn))
    return Said(
        "over", turn.quantile, duration_text(turn.before_ns), duration_text(turn.after_ns), since,
        _minute(turn.end_ns, form), duration_text(turn.inside_ns), is_more=turn.is_more,
        version=_version_near(found, turn),
    )  # fmt: skip


def _with_turn(said: Said, turn: Turn, found: OneService, form: ServiceForm) -> Said:
    """One window against another one, and what happened within: since when it is so, or until when it was."""
    agrees = turn.is_more == (said.word == "slower")
    if agrees and turn.end_ns is None:
        more = {"since": _minute(turn.start_ns, form), "version": _version_near(found, turn)}
    elif agrees or turn.end_ns is None:
        ended_ns, now_ns = (turn.end_ns, turn.after_ns) if agrees else (turn.start_ns, turn.inside_ns)
        more = {"until": _minute(ended_ns, form), "after": duration_text(now_ns)}
    else:
        more = {}
    return Said(said.word, said.quantile, said.before, said.now, samples=said.samples, **more)


def _version_near(found: OneService, turn: Turn) -> str:
    """The version that came within five minutes of the change, or two steps where these are longer."""
    near_ns = max(5 * MINUTE_NS, 2 * found.step_ns)
    close = [r for r in found.releases if r.is_new and abs(r.seen_ns - turn.start_ns) <= near_ns]
    return min(close, key=lambda r: abs(r.seen_ns - turn.start_ns)).version if close else ""


def _minute(at_ns: int, form: ServiceForm) -> str:
    return minute_text(at_ns, form.now_ns, form.zone)
