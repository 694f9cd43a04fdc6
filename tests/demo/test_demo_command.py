"""`manage.py demo_shop` as people start it: a process of its own, without a database, ended by a signal."""

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.demo.receiver import Receiver
from tests.demo.test_delivery import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo_shop(tmp_path):
    """Start the command; the database it is told about does not exist."""
    started = []

    def start(*arguments):
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing",
            "TRACER_DATA_DIR": str(tmp_path),
            "TRACER_SECRET_KEY": "only for this test " * 3,
        }
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo_shop", *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_makes_it_send_what_it_has_and_end(demo_shop, number):
    with Receiver() as receiver:
        process = demo_shop("--endpoint", receiver.url, "--backfill", "5m", "--rate", "20")
        wait_until(lambda: len(receiver.spans()) > 500)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
        total = len(receiver.spans()) + len(receiver.log_records())
        assert f"{total} spans and log records." in output


def test_live_spans_are_not_from_the_future(demo_shop):
    with Receiver() as receiver:
        demo_shop("--endpoint", receiver.url, "--backfill", "0", "--rate", "40")
        wait_until(lambda: len(receiver.spans()) > 100)
        now_ns = time.time_ns()
        ends = [span.end_time_unix_nano for _, _, span in receiver.spans()]
        assert max(ends) <= now_ns
        assert min(ends) > now_ns - 30e9


def test_it_ends_at_once_when_nobody_listens(demo_shop):
    process = demo_shop("--endpoint", f"http://127.0.0.1:{free_port()}", "--backfill", "2h")
    line = process.stdout.readline() + process.stdout.readline()
    assert "is open" in line
    assert "cannot be reached" in line
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - began < 8
    assert "could not be delivered" in output
    assert len(output.splitlines()) == 1


def test_the_same_seed_and_start_send_the_same_ids(demo_shop):
    runs = []
    start = str(int(time.time()) // 3600 * 3600 - 3600)
    for _ in range(2):
        with Receiver() as receiver:
            process = demo_shop(
                "--endpoint", receiver.url, "--seed", "5", "--start", start, "--no-live", "--backfill-rate", "0.1",
                "--batch-orders", "20",
            )  # fmt: skip
            output, _ = process.communicate(timeout=60)
            assert process.returncode == 0, output
            runs.append(
                {
                    (span.trace_id, span.span_id)
                    for _, _, span in receiver.spans()
                    if span.end_time_unix_nano < (int(start) + 3000) * 10**9
                }
            )
    assert runs[0] == runs[1]
    assert len(runs[0]) > 1000


def test_a_shop_that_is_opened_again_goes_on_where_it_stopped(demo_shop, tmp_path):
    path = tmp_path / "diary.json"
    past = ("--backfill", "2h", "--backfill-rate", "0.02", "--batch-orders", "5", "--no-live", "--diary", str(path))
    with Receiver() as receiver:

        def told(*arguments):
            """The spans of one more opening, as (start in ns, name, order id)."""
            receiver.requests.clear()
            output, _ = (process := demo_shop("--endpoint", receiver.url, *past, *arguments)).communicate(timeout=60)
            assert process.returncode == 0, output
            return [
                (span.start_time_unix_nano, span.name, value.value.string_value)
                for _, _, span in receiver.spans()
                for value in span.attributes
                if value.key == "order.id"
            ]

        first = told()
        assert {order for _, name, order in first if name == "POST /checkout" and len(order) == 5} == {"48213"}
        noted = json.loads(path.read_text())
        assert noted["stories"] == 1
        assert told() == []
        # It was closed for half an hour, and after that for a day.
        path.write_text(json.dumps({**noted, "until_ns": noted["until_ns"] - 30 * 60 * 10**9}))
        again = told("--backfill-rate", "0.5")
        assert again
        assert min(start_ns for start_ns, _, _ in again) > noted["until_ns"] - 30 * 60 * 10**9
        path.write_text(json.dumps({**noted, "until_ns": noted["until_ns"] - 24 * 3600 * 10**9}))
        assert {order for _, name, order in told() if name == "POST /checkout" and len(order) == 5} == {"48214"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--backfill", "soon"], "'soon' is no duration"),
        (["--rate", "0"], "must be above 0"),
        (["--backfill=-5m"], "'-5m' is no duration"),
    ],
)
def test_nonsense_is_refused_with_a_reason(arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("demo_shop", *arguments)


def test_it_says_what_goes_wrong_and_when():
    output = StringIO()
    call_command("demo_shop", "--list", stdout=output)
    assert output.getvalue().count(" of every ") == 12
    assert "minutes 80-120 of every 120" in output.getvalue()
