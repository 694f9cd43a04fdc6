"""`manage.py explain <trace_id>`: the verdict of a trace, the facts behind it, and who took the time."""

from __future__ import annotations

import time

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.named import workspace_named
from apps.insights.judged import Judged, judge_trace
from apps.store.queries import load_trace
from apps.traces.column_readers import ColumnReader
from apps.traces.contributions import contributions_of
from apps.traces.durations import format_count, format_duration_ns, format_percent
from apps.traces.error_words import one_line
from apps.traces.family import Family
from apps.traces.ids import parse_trace_id
from apps.traces.usual import UsualPart
from apps.traces.verdict.told import told

ROWS = 20
MAX_NAME = 48


class Command(BaseCommand):
    help = "Say why a trace took its time or failed."

    def add_arguments(self, parser):
        parser.add_argument("trace_id", help="32 or 16 hex digits, or a traceparent")
        parser.add_argument("--workspace", help="slug; the first workspace when not given")
        parser.add_argument("--rows", type=int, default=ROWS, help="of the contributions (%(default)s)")

    def handle(self, **options):
        trace_id = parse_trace_id(options["trace_id"])
        if not trace_id:
            raise CommandError("This is not a trace ID: 32 hex digits, or 16.")
        workspace_id = workspace_named(options["workspace"])
        stored = load_trace(workspace_id, trace_id)
        if stored is None or not len(stored.trace):
            raise CommandError(f"No span of trace {trace_id} is stored in this workspace.")
        found = contributions_of(Family(ColumnReader().read_trace(stored.trace)))
        judged = judge_trace(workspace_id, stored.trace, found, stored.verdict, time.time_ns())
        for line in (*_said(judged), *_facts(judged), *_contributions(judged, options["rows"])):
            self.stdout.write(line)


def _said(judged: Judged) -> list[str]:
    said = told(judged.verdict)
    return [said["sentence"], *(other["sentence"] for other in said["also"]), ""]


def _facts(judged: Judged) -> list[str]:
    facts = {k: v for k, v in told(judged.verdict).items() if k not in ("sentence", "also") and v not in (None, 0)}
    error = facts.pop("error", None) or {}
    facts |= {f"error_{key}": value for key, value in error.items() if value}
    width = max(map(len, facts), default=0)
    return [f"{name:{width}}  {_value(name, value)}" for name, value in facts.items()] + [""]


def _value(name: str, value: object) -> str:
    return f"{format_duration_ns(value)} ({value})" if name.endswith("_ns") else one_line(str(value), 200)


def _contributions(judged: Judged, rows: int) -> list[str]:
    table = [("own", "share", "usually", "calls", "usually", "service", "span name", "kind of work")]
    for part in judged.parts[:rows]:
        usual = judged.usual.parts.get(part[:3])
        table.append((
            format_duration_ns(part.own_ns), format_percent(part.own_ns / (judged.found.waited_ns or 1)),
            *_usually(usual, part.calls), one_line(part.service, MAX_NAME), one_line(part.span_name, MAX_NAME),
            part.kind_of_work.replace("_", " "),
        ))  # fmt: skip
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(_aligned(cell, width, at) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
             for row in table]  # fmt: skip
    left = len(judged.parts) - rows
    return [line.rstrip() for line in lines] + ([f"{format_count(left)} more"] if left > 0 else [])


def _usually(usual: UsualPart | None, calls: int) -> tuple[str, str, str]:
    if usual is None:
        return "–", format_count(calls), "–"
    return format_duration_ns(usual.own_p50_ns), format_count(calls), format_count(usual.calls_p50)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column < 5 else cell.ljust(width)
