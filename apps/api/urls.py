"""Addresses of the APIs. What is not here is answered with 404 in JSON."""

from django.urls import path, re_path

from apps.api.base import UnknownView
from apps.api.jaeger import v3_views as v3
from apps.api.jaeger import views as jaeger
from apps.api.jaeger.dependencies_view import Dependencies as JaegerDependencies
from apps.api.own.bad_now_view import BadNowView
from apps.api.own.errors_view import ErrorsView
from apps.api.own.figures_views import OneServiceView, ServiceFiguresView
from apps.api.own.map_view import MapView
from apps.api.own.names_views import ServicesView, SpanNamesView
from apps.api.own.search_view import SearchView
from apps.api.own.slow_view import SlowView
from apps.api.own.trace_view import TraceView
from apps.api.own.verdict_view import VerdictView
from apps.api.own.why_view import WhyView
from apps.api.zipkin.dependencies_view import Dependencies as ZipkinDependencies

urlpatterns = [
    path("api/v1/traces", SearchView.as_view(), name="api-search"),
    path("api/v1/traces/<str:trace_id>", TraceView.as_view(), name="api-trace"),
    path("api/v1/traces/<str:trace_id>/verdict", VerdictView.as_view(), name="api-verdict"),
    path("api/v1/services", ServicesView.as_view(), name="api-services"),
    path("api/v1/services/<path:service>/span-names", SpanNamesView.as_view(), name="api-span-names"),
    path("api/v1/service-figures", ServiceFiguresView.as_view(), name="api-service-figures"),
    path("api/v1/service-figures/<path:service>", OneServiceView.as_view(), name="api-one-service"),
    path("api/v1/bad-now", BadNowView.as_view(), name="api-bad-now"),
    path("api/v1/slow", SlowView.as_view(), name="api-slow"),
    path("api/v1/map", MapView.as_view(), name="api-map"),
    path("api/v1/why", WhyView.as_view(), name="api-why"),
    path("api/v1/errors", ErrorsView.as_view(), name="api-errors"),
    path("jaeger/api/services", jaeger.Services.as_view()),
    # A service's name may contain a slash, and clients write it as it is.
    path("jaeger/api/services/<path:service>/operations", jaeger.ServiceOperations.as_view()),
    path("jaeger/api/operations", jaeger.Operations.as_view()),
    path("jaeger/api/dependencies", JaegerDependencies.as_view()),
    path("jaeger/api/traces", jaeger.Traces.as_view()),
    path("jaeger/api/traces/<str:trace_id>", jaeger.Trace.as_view()),
    # Grafana's Jaeger data source replaces the whole path of its address when it searches, its base path included.
    path("api/traces", jaeger.Traces.as_view()),
    path("jaeger/api/v3/services", v3.Services.as_view()),
    path("jaeger/api/v3/operations", v3.Operations.as_view()),
    path("jaeger/api/v3/traces", v3.Traces.as_view()),
    path("jaeger/api/v3/traces/<str:trace_id>", v3.Trace.as_view()),
    path("jaeger/api/v3/trace-summaries", v3.Summaries.as_view()),
    path("zipkin/api/v2/dependencies", ZipkinDependencies.as_view()),
    re_path(r"^zipkin/api(/|$)", UnknownView.as_view()),
    re_path(r"^jaeger/api/v3(/|$)", v3.Unknown.as_view()),
    re_path(r"^jaeger(/|$)", jaeger.Unknown.as_view()),
    re_path(r"^api(/|$)", UnknownView.as_view()),
]
