"""OTLP's addresses, with and without a trailing slash: an SDK would take a redirect for success."""

from django.urls import path, re_path

from apps.ingest.views import LogsView, MetricsView, OtlpView, UnknownView

_KEY = r"(?:ingest/(?P<key>[^/]+)/)?"

urlpatterns = [
    path("v1/traces", OtlpView.as_view(), name="otlp_traces"),
    re_path(rf"^{_KEY}v1/traces/?$", OtlpView.as_view()),
    re_path(rf"^{_KEY}v1/logs/?$", LogsView.as_view(), name="otlp_logs"),
    re_path(rf"^{_KEY}v1/metrics/?$", MetricsView.as_view(), name="otlp_metrics"),
    re_path(r"^(?:ingest/[^/]+/)?v1/", UnknownView.as_view()),
    path("ingest/<path:rest>", UnknownView.as_view()),
]
