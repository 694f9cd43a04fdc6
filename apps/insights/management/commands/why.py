"""`manage.py why <root service> [<root span name>]`: what changed, where the time went, what the slow ones share."""

from __future__ import annotations

import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from functools import partial

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.named import workspace_named
from apps.insights.freshness import held_period
from apps.insights.period import PRESETS, chosen_period, given_period
from apps.insights.why.answer import Answer, answer
from apps.insights.why.ask import WHOLE, Ask, ask_of
from apps.insights.why.contrast import FAILED, Contrast, contrast
from apps.insights.why.known import unknown_of
from apps.insights.window import Window, window_over
from apps.traces.durations import MINUS, counted, format_duration_ns
from apps.traces.moments import dated_minute_text, parse_instant_ns, span_text, zone_named
from apps.traces.why.finding import Origin
from apps.traces.why.judge import LOOKS
from apps.traces.why.next_line import next_line
from apps.traces.why.parts import Change, grouped
from apps.traces.why.sentence import sentence
from apps.traces.why.words import text_of

ROWS = 15
EXAMPLES = """
  manage.py why gateway "POST /checkout"                       the last hour, parted where it changed
  manage.py why payment                                        whatever the service was asked
  manage.py why gateway "POST /checkout" --range 24h --look errors
  manage.py why gateway "POST /checkout" --before=-3h/-1h --after=-1h/now
"""


class Command(BaseCommand):
    help = "Say why the traces of a root span name are slower, or fail more, than before."

    def create_parser(self, prog_name, subcommand, **options):
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **options
        )

    def add_arguments(self, parser):
        parser.add_argument("service", help="of the root span")
        parser.add_argument("name", nargs="?", default="", help="the root span's name; the service as a whole without")
        parser.add_argument("--range", default="1h", help=f"{', '.join(PRESETS)} (%(default)s)")
        parser.add_argument("--before", help="start/end: 2026-11-23T12:00/2026-11-23T14:05, or -3h/-1h")
        parser.add_argument("--after", help="the same; both, or neither")
        parser.add_argument("--look", default="p95", choices=LOOKS, help="(%(default)s)")
        parser.add_argument("--tz", default="UTC", help="zone of the times, read and written (%(default)s)")
        parser.add_argument("--workspace", help="slug; the first workspace when not given")
        parser.add_argument("--no-attributes", action="store_true", help="do not read what the slow ones share")

    def handle(self, **options):
        self.zone = zone_named(options["tz"])
        if self.zone is None:
            raise CommandError(f"{options['tz']} is no time zone; write Europe/Prague or UTC")
        workspace_id = workspace_named(options["workspace"])
        found = answer(workspace_id, self._ask(workspace_id, options))
        unknown = unknown_of(workspace_id, found)
        if unknown:
            raise CommandError(f"{unknown.sentence}{unknown.near_words}")
        self._lines(self._told(found))
        self._lines(_parts(found))
        if not options["no_attributes"]:
            self._lines(_attributes(contrast(workspace_id, found)))

    def _ask(self, workspace_id: int, options: dict) -> Ask:
        now_ns = time.time_ns()
        names = options["service"], options["name"], options["look"]
        try:
            if options["before"] and options["after"]:
                windows = [_window(options[side], self.zone, now_ns) for side in ("before", "after")]
                return ask_of(held_period(workspace_id, given_period(*windows, now_ns)), *names, WHOLE)
            if options["before"] or options["after"]:
                raise ValueError("--before and --after belong together")
            if options["range"] not in PRESETS:
                raise ValueError(f"--range is one of {', '.join(PRESETS)}")
            period = chosen_period(options["range"], None, None, "", now_ns)
            return ask_of(held_period(workspace_id, period), *names)
        except ValueError as error:
            raise CommandError(str(error)) from error

    def _told(self, found: Answer) -> Iterable[str]:
        clock = partial(dated_minute_text, zone=self.zone)
        yield text_of(sentence(found.finding, clock))
        yield text_of(next_line(found.finding, clock))
        judged, ask = found.finding.judged, found.ask
        for side, window, traces in (
            ("before", ask.before, judged.before_traces), ("after", ask.after, judged.after_traces),
        ):  # fmt: skip
            yield f"  {side:7} {span_text(*window, self.zone)}, n = {traces}"

    def _lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line:
                self.stdout.write(line)
        self.stdout.write("")


def _window(text: str, zone, now_ns: int) -> Window:
    start, _, end = text.partition("/")
    window = window_over(parse_instant_ns(start, zone, now_ns), parse_instant_ns(end or "now", zone, now_ns))
    if window.end_ns <= window.start_ns:
        raise ValueError(f"{text} ends before it starts")
    return window


def _parts(found: Answer) -> Iterable[str]:
    changes = grouped(found.finding.changes)
    if not changes:
        yield from _origins(found.finding.origins)
        return
    yield f"  {'before':>10} {'after':>10} {'change':>10} {'calls':>14}"
    for change in changes[:ROWS]:
        yield _row(change)
    rest = changes[ROWS:]
    if rest:
        sums = [sum(getattr(change, name) for change in rest) for name in ("before_ns", "after_ns", "change_ns")]
        yield _columns(*sums) + f"{'':16}{len(rest)} more"
    yield _columns(*(sum(getattr(c, name) for c in changes) for name in ("before_ns", "after_ns", "change_ns"))) + (
        f"{'':16}together"
    )


def _origins(origins: tuple[Origin, ...]) -> Iterable[str]:
    if origins:
        yield f"  {'traces':>7} {'failed':>7} {'went through':>13}  first error"
    for one in origins:
        counts = f"  {one.traces:7} {one.failed:7} {one.survived:13}"
        yield f"{counts}  {one.service} {one.span_name}  {one.exception_type}: {one.message}"


def _row(change: Change) -> str:
    part = change.part
    what = " ".join(filter(None, (part.service or "(none)", part.work.replace("_", " "), part.peer)))
    calls = f"{change.calls_before:.1f} → {change.calls_after:.1f}"
    return _columns(change.before_ns, change.after_ns, change.change_ns) + f" {calls:>14} {what}"


def _columns(before_ns: int, after_ns: int, change_ns: int) -> str:
    sign = MINUS if change_ns < 0 else "+"
    told = (format_duration_ns(before_ns), format_duration_ns(after_ns), sign + format_duration_ns(abs(change_ns)))
    return "  " + " ".join(f"{text:>10}" for text in told)


def _attributes(found: Contrast) -> Iterable[str]:
    compared, group = found.compared, found.kind
    which = f"{compared.slow} with an error" if group == FAILED else f"{compared.slow} {group} ones"
    yield f"What the {which} have in common, against {compared.rest} others:"
    if not compared.is_enough:
        yield "  not enough data"
    for one in compared.found[:ROWS]:
        sign = MINUS if one.effect_pt < 0 else "+"
        share = f"{one.rest_share:.0%} → {one.slow_share:.0%}"
        yield f"  {sign}{abs(one.effect_pt):.0f} pt  {share:>13}  q {one.q:.2g}  {one.service} {one.key}={one.value}"
    if compared.is_enough and not compared.found:
        yield "  nothing sets them apart"
    yield f"  {counted(found.drawn, 'trace')} read, {counted(compared.tests, 'test')}, {found.elapsed_ms:.0f} ms"
