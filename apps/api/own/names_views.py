"""`/api/v1/services` and `/api/v1/services/<name>/span-names`: what there is to choose from."""

from __future__ import annotations

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.problem import Problem
from apps.store.queries import list_services, list_span_names
from apps.traces.known_words import KINDS
from apps.traces.moments import exact_text


class ServicesView(ApiView):
    def get(self, request) -> HttpResponse:
        services = [
            {"name": s.name, "first_seen_at": exact_text(s.first_seen_ns), "last_seen_at": exact_text(s.last_seen_ns)}
            for s in list_services(self.workspace_id)
        ]
        return json_answer({"services": services})


class SpanNamesView(ApiView):
    """Span names become known when their trace is sealed, some seconds after the service itself."""

    def get(self, request, service: str) -> HttpResponse:
        kind = request.GET.get("kind", "").upper() or None
        if kind is not None and kind not in KINDS:
            raise Problem(400, "The kind is not known.", fields={"kind": f"Choose one of: {', '.join(KINDS)}."})
        if service not in {s.name for s in list_services(self.workspace_id)}:
            raise Problem(404, "This workspace knows no service of that name.")
        found = dict.fromkeys((n.name, n.kind) for n in list_span_names(self.workspace_id, service, kind))
        return json_answer({"service": service, "span_names": [{"name": n, "kind": k} for n, k in found]})
