"""Ends the product's processes when the supervisor itself was killed with SIGKILL and could not.

The supervisor starts `python -m tracer_ui.guard` with a pipe as its standard input and writes one line for every
process it starts (`+ pid signal`) or sees ending (`- pid`). The pipe closes when the supervisor is gone, for whatever
reason.
"""

import os
import signal
import sys
import time

GRACE_S = 15.0


def signal_group(pid: int, number: int) -> None:
    """Sends `number` to what is left of the process group led by `pid`."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def exists(pid: int) -> bool:
    """Whether there is a process `pid`, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def end(stop_signals: dict[int, int]) -> None:
    """Asks every leader to stop with its own signal; kills its group once it did, or after GRACE_S."""
    for pid, number in stop_signals.items():
        try:
            os.kill(pid, number)
        except OSError:
            pass
    left = list(stop_signals)
    deadline_s = time.monotonic() + GRACE_S
    while left:
        for pid in list(left):
            if not exists(pid) or time.monotonic() > deadline_s:
                signal_group(pid, signal.SIGKILL)
                left.remove(pid)
        time.sleep(0.1)


def main() -> None:
    """Follows the supervisor's lines until the pipe closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    stop_signals: dict[int, int] = {}
    for line in sys.stdin:
        sign, *numbers = line.split()
        if sign == "+":
            stop_signals[int(numbers[0])] = int(numbers[1])
        else:
            stop_signals.pop(int(numbers[0]), None)
    end(stop_signals)


if __name__ == "__main__":
    main()
