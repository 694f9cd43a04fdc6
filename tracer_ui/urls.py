"""Addresses."""

from django.urls import include, path

from tracer_ui.health import healthz, readyz
from tracer_ui.metrics import metrics

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("", include("apps.ingest.urls")),
    path("", include("apps.api.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.explorer.urls")),
]

handler400 = "apps.explorer.views.errors.bad_request"
handler403 = "apps.explorer.views.errors.denied"
handler404 = "apps.explorer.views.errors.not_found"
handler500 = "apps.explorer.views.errors.server_error"
