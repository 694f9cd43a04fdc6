"""Versions of services that came in a stretch of time: what may have brought a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from apps.insights.figures import Figures
from apps.insights.queries import first_seen
from apps.insights.series import Series, series
from apps.insights.window import Window
from apps.traces.key_book import SERVICE
from apps.traces.why.finding import Release
from apps.traces.why.judge import SURE_P
from apps.traces.why.significance import two_sided_p

MOST_SERVICES = 2
"""So many services are looked at."""
ABSENT_STEPS = 3
"""A version that had no span for so long, while others of its service had, was away; it is gone for good only where
its share so far makes that no chance."""


def releases(workspace_id: int, view: Window, step_ns: int, services: Sequence[str]) -> tuple[Release, ...]:
    """Of the first few of these services, by time: versions that came within the view while another one was there,
    for the first time or again."""
    found: list[Release] = []
    for service in services[:MOST_SERVICES]:
        seen = first_seen(workspace_id, SERVICE, (service,))
        if len(seen) > 1:
            lines = series(workspace_id, view, SERVICE, (service,), step_ns, group=1)
            found += releases_in(lines, service, {version: first_ns for (_, version), (first_ns, _) in seen.items()})
    return tuple(sorted(found, key=lambda release: (release.seen_ns, release.service)))


def releases_in(lines: Series, service: str, first_seen_ns: Mapping[str, int]) -> tuple[Release, ...]:
    """Of one service, whose versions have a line each, by time."""
    found: list[Release] = []
    for (version,), figures in lines.lines.items():
        others = [line for (other,), line in lines.lines.items() if other != version]
        found += _arrivals(service, version, first_seen_ns.get(version, 0), lines.steps, figures, others)
    return tuple(sorted(found, key=lambda release: release.seen_ns))


def _arrivals(
    service: str, version: str, first_ns: int, steps: Sequence[int], figures: Sequence[Figures],
    others: Sequence[Sequence[Figures]],
) -> Iterator[Release]:  # fmt: skip
    """The last one, if any. The key's own first time is a lower bound, fine where steps are coarse."""
    at = _arrived(figures, others)
    if version and at:
        is_first = not any(one.samples for one in figures[:at])
        is_new = is_first and first_ns >= steps[0]
        seen_ns = max(steps[at], first_ns) if is_new else steps[at]
        gone = _left(figures, others)
        yield Release(service, version, seen_ns, is_new, steps[gone] if gone else None)


def _arrived(figures: Sequence[Figures], others: Sequence[Sequence[Figures]]) -> int:
    """The last step in which it is there after having been away; 0 when there is none."""
    for at in range(len(figures) - 1, 0, -1):
        away = range(max(0, at - ABSENT_STEPS), at)
        if figures[at].samples and not any(figures[n].samples for n in away):
            return at if any(line[n].samples for line in others for n in away) else 0
    return 0


def _left(figures: Sequence[Figures], others: Sequence[Sequence[Figures]]) -> int:
    """The step from which on it is away, for as long as one that is away has to be; 0 when it is there, or so rare
    that it may only not have come."""
    came = [at for at, one in enumerate(figures) if one.samples]
    there, away = range(came[0], came[-1] + 1), range(came[-1] + 1, len(figures))
    own, rest, since = (
        sum(line[n].samples for line in lines for n in steps)
        for lines, steps in (([figures], there), (others, there), (others, away))
    )
    has_others = sum(any(line[n].samples for line in others) for n in away) >= ABSENT_STEPS
    return came[-1] + 1 if has_others and two_sided_p(0, since, own, own + rest) < SURE_P else 0
