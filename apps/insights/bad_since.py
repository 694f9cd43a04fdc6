"""Since when services that are bad right now have been so, to the minute."""

from __future__ import annotations

import math
from collections.abc import Sequence

from apps.insights.bad_shares import Share, share_over
from apps.insights.figures import Figures
from apps.insights.period import readable_window
from apps.insights.series import Series, series
from apps.traces.key_book import SERVICE
from apps.traces.moments import HOUR_NS, MINUTE_NS

LOOKED_AT_NS = 3 * HOUR_NS
LEAST_SHARE = 0.001
"""What is never bad is so at least that often, and what always is never more often than all but that."""
SURELY = math.log(1e6)
"""So much likelier with the share of before: what lies behind such a stretch is another incident."""


def last_hours(workspace_id: int, now_ns: int, names: Sequence[str]) -> Series:
    """What is looked at: services by the minute. Raises StoreUnavailable."""
    window = readable_window(now_ns - LOOKED_AT_NS, now_ns, now_ns)
    return series(workspace_id, window, SERVICE, (), MINUTE_NS, group=1, firsts=names)


def bad_since(hours: Series, now_ns: int, name: str, share: Share) -> int | None:
    """The start of the first bad minute of a service, ns; None where that lies before what is looked at."""
    at = first_bad(hours.lines.get((name,), ()), share)
    if at is None:
        return (now_ns - share.within_ns) // MINUTE_NS * MINUTE_NS
    return hours.steps[at] if at else None


def first_bad(minutes: Sequence[Figures], share: Share) -> int | None:
    """Where the last minutes begin that are far likelier to be bad than as before (the largest sum of log-likelihood
    ratios up to the last bad one, behind a stretch that was surely as before: Page's test, Biometrika 41, 1954). Bad is
    half as much on top as now: it may have grown. None: nowhere."""
    usual, bad_share = (
        min(max(one, LEAST_SHARE), 1 - LEAST_SHARE) for one in (share.before, (share.before + share.now) / 2)
    )
    yes, no = math.log(bad_share / usual), math.log((1 - bad_share) / (1 - usual))
    total = most = 0.0
    found = None
    for at in range(len(minutes) - 1, -1, -1):
        bad = share_over(minutes[at], share.over_ns)
        total += minutes[at].samples * (bad * yes + (1 - bad) * no)
        if total > most:
            most, found = total, at
        elif found is None:
            total = 0.0  # it may just have ended
        elif most - total > SURELY:
            break
    return found
