import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.product import ROOT

# A program that starts a child of its own, as web servers and worker pools do.
PARENT = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
STEADY = PARENT + "print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); " + STEADY
SCRIPT = """
import os, sys
from tracer_ui import supervisor
supervisor.STOP_GRACE_S = float(os.environ.get("GRACE_S", "1"))
one = supervisor.Supervisor()
one.catch_signals()
for number, source in enumerate(sys.argv[1:]):
    one.start(supervisor.Program(f"p{number}", [sys.executable, "-c", source]))
one.run()
one.stop_all()
"""


@pytest.fixture
def supervised():
    """Starts a supervisor over Python sources; afterwards nothing of it may be left."""
    started = []

    def start(*sources, grace_s=1):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *sources], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "GRACE_S": str(grace_s)},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def family(process, count):
    """All descendants, once there are at least `count`."""
    wait_for(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= count)
    return psutil.Process(process.pid).children(recursive=True)


def wait_for(condition, timeout_s=30):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def all_gone(processes):
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_program_and_what_they_started(supervised, number):
    process = supervised(STEADY, STEADY)
    processes = family(process, 5)  # two programs, their children, the guard
    process.send_signal(number)
    assert process.wait(20) == 0
    wait_for(lambda: all_gone(processes))


SLOW = """
import signal, sys, time
def leave(*_):
    time.sleep(0.5)
    print("bye", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, leave)
print("up", flush=True)
time.sleep(600)
"""


def test_a_stop_that_arrives_twice_at_once_is_one(supervised):
    """As with `make`, which hands on what its whole group was sent."""
    process = supervised(SLOW)
    assert process.stdout.readline() == "p0        │ up\n"
    process.terminate()
    time.sleep(0.05)
    process.terminate()
    assert process.stdout.readline() == "p0        │ bye\n"
    assert process.wait(20) == 0


def test_another_stop_after_a_while_does_not_wait(supervised):
    process = supervised(STUBBORN, grace_s=30)
    assert "deaf" in process.stdout.readline()
    process.terminate()
    time.sleep(1.1)
    began = time.monotonic()
    process.terminate()
    assert process.wait(20) == 0 and time.monotonic() - began < 5


def test_a_program_that_does_not_stop_is_killed_after_the_grace_time(supervised):
    process = supervised(STUBBORN)
    processes = family(process, 3)
    assert "deaf" in process.stdout.readline()
    process.terminate()
    assert process.wait(20) == 0
    wait_for(lambda: all_gone(processes))


def test_a_killed_program_is_started_again_without_its_orphans(supervised):
    process = supervised(STEADY)
    assert process.stdout.readline() == "p0        │ up\n"
    leader = next(one for one in family(process, 3) if one.ppid() == process.pid and one.children())
    (orphan,) = leader.children()
    leader.kill()
    assert "p0 was killed by SIGKILL; starting it again in 0." in process.stdout.readline()
    assert process.stdout.readline() == "p0        │ up\n"
    wait_for(lambda: all_gone([leader, orphan]))
    assert len(family(process, 3)) == 3


def test_a_program_that_keeps_failing_is_started_ever_more_slowly(supervised):
    process = supervised("raise SystemExit(3)")
    delays_s = [float(process.stdout.readline().split()[-2]) for _ in range(4)]
    assert delays_s == sorted(set(delays_s))
    assert delays_s[-1] >= 4 * delays_s[0]


def test_nothing_is_left_when_the_supervisor_itself_is_killed(supervised):
    process = supervised(STEADY, STEADY)
    processes = family(process, 5)
    process.kill()
    wait_for(lambda: all_gone(processes))
