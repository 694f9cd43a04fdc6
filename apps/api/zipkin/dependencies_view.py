"""`/zipkin/api/v2/dependencies?endTs&lookback`."""

from __future__ import annotations

import time

from django.http import HttpResponse

from apps.api.base import ApiView, json_answer
from apps.api.dependency_window import dependency_window
from apps.api.problem import Problem
from apps.insights.dependencies import Dependency, zipkin_dependencies


class Dependencies(ApiView):
    def get(self, request) -> HttpResponse:
        if not request.GET.get("endTs"):
            raise Problem(400, "parameter 'endTs' is required: the end, in milliseconds since 1970")
        window = dependency_window(request.GET, time.time_ns())
        return json_answer([_link(found) for found in zipkin_dependencies(self.workspace_id, window)])


def _link(found: Dependency) -> dict:
    link: dict[str, object] = {"parent": found.parent, "child": found.child, "callCount": found.calls}
    return link | ({"errorCount": found.errors} if found.errors else {})
