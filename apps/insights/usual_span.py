"""How long spans of a name usually take, for one span that somebody looks at."""

from __future__ import annotations

from apps.insights.queries import NameKey, span_names
from apps.insights.usual import DAYS
from apps.insights.window import Window
from apps.traces.model import Span
from apps.traces.moments import DAY_NS, MINUTE_NS
from apps.traces.peers import call_in
from apps.traces.verdict.limits import ENOUGH_TRACES


def usual_duration_ns(workspace_id: int, span: Span, now_ns: int) -> float | None:
    """The median of the last seven days, within 5 %; None with too few. Raises StoreUnavailable."""
    end = -(-now_ns // MINUTE_NS) * MINUTE_NS
    call = call_in(span.pb.kind, dict(span.attributes))
    key = NameKey(span.service, span.name, span.kind, *(call.peer if call is not None else ("", "")))
    figures = span_names(workspace_id, Window(end - DAYS * DAY_NS, end), keys=[key]).get(key)
    return figures.p(0.5) if figures is not None and figures.samples >= ENOUGH_TRACES else None
