"""Addresses."""

from django.urls import include, path

from tracer_ui.health import healthz, readyz
from tracer_ui.metrics import metrics

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("", include("apps.accounts.urls")),
    path("", include("apps.explorer.urls")),
]
