"""Runs programs until told to stop: prefixes their output, restarts what dies, leaves nothing running.

One thread and one loop (`pump`). Every program leads a process group of its own, so that a terminal's Ctrl-C reaches
only the supervisor, and what a dead leader leaves behind (the workers of a killed web server hold its port) can be
ended as a group.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tracer_ui.guard import signal_group
from tracer_ui.printer import Printer

# A program that ran for STEADY_S was in service, and is started again at once however often that happens.
FIRST_DELAY_S, LONGEST_DELAY_S, STEADY_S = 0.2, 10.0, 5.0
STOP_GRACE_S = 20.0
TICK_S = 0.1


class ProgramFailed(Exception):
    """A program that had to finish or to become ready did not; the message says which."""


SAME_SIGNAL_S = 1.0
"""`make` hands on a signal that its whole group was sent, so that one stop arrives twice."""


@dataclass(frozen=True)
class Program:
    """What to run. `is_ready` is asked until it says yes; `preexec` runs in the child just before the command."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    preexec: Callable[[], None] | None = None
    is_ready: Callable[[], bool] | None = None


@dataclass
class Running:
    """A program that was started, with its process while it has one."""

    program: Program
    restart: bool
    process: subprocess.Popen[bytes] | None = None
    exit_code: int | None = None
    started_at_s: float = 0.0
    retry_at_s: float = 0.0
    delay_s: float = FIRST_DELAY_S


class Supervisor:
    """Starts, watches and stops programs. Output is read only while one of its methods runs."""

    def __init__(self, output: TextIO = sys.stdout) -> None:
        self.printer = Printer(output)
        self.running: dict[str, Running] = {}
        self.selector = selectors.DefaultSelector()
        self.stopping = False
        self.signalled_at_s: float | None = None
        self.guard: subprocess.Popen[bytes] | None = None

    def catch_signals(self) -> None:
        """SIGINT, SIGTERM and SIGHUP stop everything; another one, after a while, does not wait for anybody."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.on_signal)

    def on_signal(self, number: int, frame: object) -> None:
        if self.signalled_at_s is None:
            self.signalled_at_s = time.monotonic()
        elif time.monotonic() - self.signalled_at_s >= SAME_SIGNAL_S:
            for running in self.running.values():
                if running.process is not None:
                    signal_group(running.process.pid, signal.SIGKILL)
        self.stopping = True

    def say(self, text: str) -> None:
        """Prints a line of our own."""
        self.printer.line("tracer-ui", text)

    def start(self, program: Program, *, restart: bool = True) -> Running:
        """Starts `program` and, with `restart`, starts it again whenever it ends."""
        running = self.running[program.name] = Running(program, restart)
        self.spawn(running)
        return running

    def start_and_wait(self, program: Program, timeout_s: float) -> None:
        """Starts `program` and waits until it is ready; raises ProgramFailed after `timeout_s`."""
        self.start(program)
        if not self.pump(until=program.is_ready or (lambda: True), timeout_s=timeout_s) and not self.stopping:
            raise ProgramFailed(f"{program.name} was not ready after {timeout_s:.0f} s; its last lines are above")

    def finish(self, programs: Sequence[Program], timeout_s: float) -> None:
        """Runs each of `programs` once, side by side; raises ProgramFailed when one fails or they take too long."""
        steps = [self.start(program, restart=False) for program in programs]
        ended = self.pump(until=lambda: not any(step.process for step in steps), timeout_s=timeout_s)
        if self.stopping:
            return
        for step in steps:
            name = step.program.name
            if not ended and step.process is not None:
                raise ProgramFailed(f"{name} took longer than {timeout_s:.0f} s")
            del self.running[name]
            if step.exit_code:
                raise ProgramFailed(f"{name} failed (exit code {step.exit_code}); its last lines are above")

    def run(self) -> None:
        """Keeps everything running until a signal asks to stop."""
        self.pump(until=lambda: False, timeout_s=float("inf"))

    def pump(self, *, until: Callable[[], bool], timeout_s: float) -> bool:
        """The loop. True when `until()` held, False after `timeout_s` or when asked to stop."""
        deadline_s = time.monotonic() + timeout_s
        next_question_s = 0.0  # a program that prints much makes turns short; `until` may cost a connection
        while not self.stopping and time.monotonic() < deadline_s:
            self.turn(restart=True)
            if time.monotonic() >= next_question_s:
                if until():
                    return True
                next_question_s = time.monotonic() + TICK_S
        return False

    def turn(self, *, restart: bool) -> None:
        """One turn: passes on what was printed, notices what ended, starts again what is due."""
        for key, _ in self.selector.select(TICK_S):
            self.read(key.fd, key.data)
        for running in self.running.values():
            if running.process is not None and running.process.poll() is not None:
                self.note_end(running, running.process)
            due = restart and running.restart and time.monotonic() >= running.retry_at_s
            if running.process is None and due:
                self.spawn(running)
        if self.guard is None or self.guard.poll() is not None:
            self.start_guard()

    def spawn(self, running: Running) -> None:
        """Starts the process of `running`, its output on a pipe of ours."""
        reading, writing = os.pipe()
        program = running.program
        try:
            running.process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **program.environment},
                start_new_session=True,
                preexec_fn=program.preexec,
            )
        except (OSError, subprocess.SubprocessError) as error:
            os.close(reading)
            raise ProgramFailed(f"{program.name} cannot be started: {error}") from error
        finally:
            os.close(writing)
        running.started_at_s = time.monotonic()
        self.tell_guard(f"+ {running.process.pid} {int(program.stop_signal)}")
        self.selector.register(reading, selectors.EVENT_READ, program.name)

    def read(self, descriptor: int, name: str) -> None:
        data = os.read(descriptor, 65536)
        self.printer.feed(name, data)
        if not data:
            self.selector.unregister(descriptor)
            os.close(descriptor)

    def note_end(self, running: Running, process: subprocess.Popen[bytes]) -> None:
        """Ends what the leader left behind, and plans the next start."""
        signal_group(process.pid, signal.SIGKILL)
        self.tell_guard(f"- {process.pid}")
        running.process, running.exit_code = None, process.returncode
        if not running.restart or self.stopping:
            return
        steady = time.monotonic() - running.started_at_s > STEADY_S
        running.delay_s = FIRST_DELAY_S if steady else min(running.delay_s * 2, LONGEST_DELAY_S)
        running.retry_at_s = time.monotonic() + running.delay_s
        self.say(
            f"{running.program.name} {describe_end(process.returncode)}; starting it again in {running.delay_s:.1f} s"
        )

    def stop(self, names: Sequence[str]) -> None:
        """Asks the named programs to stop, all at once; after STOP_GRACE_S kills what did not."""
        stopped = [self.running[name] for name in names if name in self.running]
        for running in stopped:
            if running.process is not None:
                running.process.send_signal(running.program.stop_signal)
        deadline_s = time.monotonic() + STOP_GRACE_S
        while any(running.process is not None for running in stopped):
            if time.monotonic() > deadline_s:
                for running in stopped:
                    if running.process is not None:
                        signal_group(running.process.pid, signal.SIGKILL)
            self.turn(restart=False)

    def stop_all(self, *, first: Sequence[str] = (), last: Sequence[str] = ()) -> None:
        """Stops everything: who uses the others `first`, then the rest at once, then who serves them, in that order."""
        self.stopping = True
        between = [name for name in self.running if name not in (*first, *last)]
        for names in (first, between, *([name] for name in last)):
            self.stop(names)
        if self.guard is not None and self.guard.stdin is not None:
            self.guard.stdin.close()
            self.guard.wait()

    def start_guard(self) -> None:
        """Starts the process that outlives us, and tells it what is running."""
        command = [sys.executable, "-m", "tracer_ui.guard"]
        self.guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        for running in self.running.values():
            if running.process is not None:
                self.tell_guard(f"+ {running.process.pid} {int(running.program.stop_signal)}")

    def tell_guard(self, line: str) -> None:
        if self.guard is None:
            return self.start_guard()
        assert self.guard.stdin is not None
        try:
            self.guard.stdin.write(line.encode() + b"\n")
            self.guard.stdin.flush()
        except BrokenPipeError:
            pass  # the next turn starts another guard


def describe_end(exit_code: int) -> str:
    """`ended with exit code 1` or `was killed by SIGKILL`."""
    if exit_code < 0:
        return f"was killed by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"
