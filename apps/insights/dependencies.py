"""Dependencies as Jaeger and as Zipkin count them, as near as the rollups allow (what differs: docs/api.md).

Both count spans, not calls: a sampled span counts once there, whatever it stands for. Rollups keep the number of
observations beside their weight, so that the same is counted here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from apps.insights.figures import Figures
from apps.insights.queries import EdgeKey, Entered, NameKey, edges, entered, span_names
from apps.insights.window import Window
from apps.traces.edges import CALL, MESSAGING
from apps.traces.peers import UNKNOWN_QUEUE, UNNAMED_HOST, USER


@dataclass(frozen=True, slots=True)
class Dependency:
    parent: str
    child: str
    calls: int
    errors: int = 0


def jaeger_dependencies(workspace_id: int, window: Window) -> list[Dependency]:
    """Pairs of services by the spans of the child whose parent is a span of the parent, a service's own included.
    Raises StoreUnavailable."""
    return jaeger_links(
        edges(workspace_id, window), entered(workspace_id, window), span_names(workspace_id, window, histograms=False)
    )


def jaeger_links(
    found: Mapping[EdgeKey, Figures], entries: Mapping[str, Entered], names: Mapping[NameKey, Figures]
) -> list[Dependency]:
    """Calls from service to service as they were observed, not weighted by sampling. A span's parent is of its own
    service unless the span entered the service; spans that entered it from the same service are self-calls. A
    message's spans are parent and child too: the queue between them is left out, and where several services put into
    it, what was taken is divided as they put in."""
    counts: dict[tuple[str, str], float] = defaultdict(float)
    for key, figures in found.items():
        if key.kind == CALL and key.caller_kind != USER.kind:
            counts[key.caller, key.callee] += figures.samples
    for parent, child, share in _through_queues(found):
        counts[parent, child] += share
    spans: dict[str, int] = defaultdict(int)
    for name, figures in names.items():
        spans[name.service] += figures.samples
    for service, count in spans.items():
        counts[service, service] += count - (entries[service].figures.samples if service in entries else 0)
    return [Dependency(*pair, round(count)) for pair, count in sorted(counts.items()) if round(count) > 0]


def _through_queues(found: Mapping[EdgeKey, Figures]) -> Iterator[tuple[str, str, float]]:
    put: dict[str, dict[str, int]] = defaultdict(dict)
    for key, figures in found.items():
        if key.kind == MESSAGING and key.callee_kind == "queue":
            put[key.callee][key.caller] = figures.samples
    for key, figures in found.items():
        if key.kind == MESSAGING and key.caller_kind == "queue":
            producers = put.get(key.caller, {})
            every = sum(producers.values())
            for producer, count in producers.items():
                if every:
                    yield producer, key.callee, figures.samples * count / every


def zipkin_dependencies(workspace_id: int, window: Window) -> list[Dependency]:
    """Raises StoreUnavailable."""
    return zipkin_links(edges(workspace_id, window))


def zipkin_links(found: Mapping[EdgeKey, Figures]) -> list[Dependency]:
    """One link for each edge between two ends that have names, in small letters as Zipkin keeps them: calls,
    self-calls, calls that nobody answered, messages into a queue and out of it. Users have no name."""
    counts: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for key, figures in found.items():
        if key.caller_kind == USER.kind or {UNNAMED_HOST, UNKNOWN_QUEUE, ""} & {key.caller, key.callee}:
            continue
        count = counts[key.caller.lower(), key.callee.lower()]
        count[0] += figures.samples
        count[1] += figures.error_share * figures.samples
    return [
        Dependency(*pair, calls, round(errors)) for pair, (calls, errors) in sorted(counts.items()) if calls
    ]  # fmt: skip
