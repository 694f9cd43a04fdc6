"""`/jaeger/api/dependencies?endTs&lookback&service`."""

from __future__ import annotations

import time

from django.http import HttpResponse

from apps.api.dependency_window import dependency_window
from apps.api.jaeger.views import JaegerView
from apps.insights.dependencies import jaeger_dependencies


class Dependencies(JaegerView):
    def get(self, request) -> HttpResponse:
        window = dependency_window(request.GET, time.time_ns())
        wanted = request.GET.get("service", "")
        return self.answer([
            {"parent": found.parent, "child": found.child, "callCount": found.calls}
            for found in jaeger_dependencies(self.workspace_id, window)
            if not wanted or wanted in (found.parent, found.child)
        ])  # fmt: skip
