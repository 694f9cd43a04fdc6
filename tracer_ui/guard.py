"""Ends the product's processes when the supervisor itself was killed with SIGKILL and could not.

The supervisor starts `python -m tracer_ui.guard` with a pipe as its standard input and writes one line for every
process it starts (`+ pid signal`) or sees ending (`- pid`). The pipe closes when the supervisor is gone, for whatever
reason.
"""

import os
import signal
import sys
import time
from collections.abc import Callable

GRACE_S = 15.0


def signal_group(pid: int, number: int) -> bool:
    """Sends `number` to the process group led by `pid`; False when none of it is left."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(stop_signals: dict[int, int], *, send: Callable[[int, int], bool] = signal_group) -> None:
    """Asks every leader to stop with its own signal, waits, then kills what is left of the groups."""
    for pid, number in stop_signals.items():
        try:
            os.kill(pid, number)
        except OSError:
            pass
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(send(pid, 0) for pid in stop_signals):
        time.sleep(0.1)
    for pid in stop_signals:
        send(pid, signal.SIGKILL)


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
