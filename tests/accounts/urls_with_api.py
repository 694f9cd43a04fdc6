"""An address for programs, to ask who may read it."""

from django.http import JsonResponse
from django.urls import include, path

urlpatterns = [
    path("", include("tracer_ui.urls")),
    path("api/v1/traces", lambda _request: JsonResponse({})),
]
