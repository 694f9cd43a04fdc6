"""Addresses on the OTLP port: ingest and health, nothing else."""

from django.urls import include, path

from tracer_ui.health import healthz, readyz
from tracer_ui.metrics import metrics

handler404 = "apps.ingest.views.not_found"

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("", include("apps.ingest.urls")),
]
