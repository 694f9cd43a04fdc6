"""Killing any process at any instant loses no acknowledged span, counts none twice in the rollups, and the system goes
on by itself.

`bench/chaos.py` does it twenty times to each process and for longer; docs/durability.md has what it found.
"""

import os
import random
import subprocess
import sys
import time

from django.db import connection
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from bench.exporters import Diary, fingerprint, some_span
from bench.rollup_tally import wrong_rollups
from bench.tally import read_store, tally
from tests.product import ROOT
from tests.storing import digest_all, send
from tracer_ui.privileges import die_with_parent

KILLS = "web+otlp+worker+beat+postgres+redis+all:7"
SCOPE = InstrumentationScope(name="tests")


def resource(service: str) -> Resource:
    made = Resource()
    made.attributes.add(key="service.name").value.string_value = service
    return made


def document(span: Span, service: str = "shop") -> TracesData:
    made = TracesData()
    made.resource_spans.add(resource=resource(service)).scope_spans.add(scope=SCOPE, spans=[span])
    return made


def test_every_acknowledged_span_outlives_the_kill_of_any_process():
    command = [sys.executable, "bench/chaos.py", "--kinds", KILLS, "--rate", "300", "--seed", "7"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300,
        preexec_fn=lambda: die_with_parent(15),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    _, kills, _, spans, *_ = [cell.strip() for cell in done.stdout.splitlines()[-2].strip("| ").split("|")]
    assert (int(kills), int(spans.replace(",", "")) > 1000) == (7, True), done.stdout


def test_the_count_sees_what_is_lost_doubled_changed_misplaced_or_made_up(store):
    pick, trace_id = random.Random(1), bytes(range(1, 17))
    good, lost, doubled, changed, moved, never, stranger = (
        some_span(pick, trace_id, b"", n, time.time_ns()) for n in range(7)
    )
    diary = Diary()
    for span in (good, lost, doubled, changed, moved, never):
        diary.sent[span.span_id] = (trace_id, fingerprint(resource("shop"), SCOPE, span))
    diary.acknowledged.update(span.span_id for span in (good, lost, doubled, changed, moved))
    changed.attributes[0].value.string_value = "something else"
    moved.trace_id = bytes(range(2, 18))
    diary.sent[moved.span_id] = (trace_id, fingerprint(resource("shop"), SCOPE, moved))
    send(*map(document, (good, doubled, changed, moved, stranger)), document(doubled, "another service"))
    digest_all()
    found = tally(diary, [diary], read_store())
    assert (found.acknowledged, found.unacknowledged, found.unacknowledged_found) == (5, 1, 0)
    assert found.troubles == {
        "lost": 1, "doubled": 1, "changed": 2, "misplaced": 1, "strangers": 1, "wrong_pages": 1,
    }  # fmt: skip


def test_the_count_sees_rows_that_contradict_each_other(store):
    send(document(some_span(random.Random(2), bytes(range(16)), b"", 0, time.time_ns())))
    digest_all()
    stored = read_store()
    (trace_id,) = stored.said
    stored.said[trace_id] += 1
    stored.firsts[trace_id] += 1
    found = tally(Diary(), [Diary()], stored)
    assert found.troubles == {"strangers": 1, "traces_twice": 1, "wrong_counts": 1}


def test_the_count_sees_rollups_that_are_wrong(store):
    send(document(some_span(random.Random(2), bytes(range(16)), b"", 0, time.time_ns())))
    digest_all()
    assert wrong_rollups() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rollup_inbox SET samples = samples + 1 WHERE kind = 2")
    assert wrong_rollups() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM rollup_inbox WHERE kind = 3")
    assert wrong_rollups() == 2
