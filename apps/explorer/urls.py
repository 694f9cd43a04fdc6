"""Addresses of the pages."""

from django.urls import path

from apps.explorer.views import old_links, search
from apps.explorer.views.components import components
from apps.explorer.views.connect import connect, connect_listening, connect_services
from apps.explorer.views.error_groups import errors
from apps.explorer.views.favicon import favicon
from apps.explorer.views.service_map import service_map
from apps.explorer.views.services import service, services
from apps.explorer.views.slow import slow
from apps.explorer.views.theme import theme
from apps.explorer.views.trace import trace, trace_live, trace_rows, trace_span, trace_waterfall
from apps.explorer.views.why import why, why_attributes

urlpatterns = [
    path("", search.search, name="search"),
    path("search/chart", search.search_chart, name="search-chart"),
    path("search/newer", search.search_newer, name="search-newer"),
    path("search/names", search.span_names, name="span-names"),
    path("map", service_map, name="map"),
    path("services", services, name="services"),
    path("services/<path:name>", service, name="service"),
    path("slow", slow, name="slow"),
    path("why", why, name="why"),
    path("why/attributes", why_attributes, name="why-attributes"),
    path("errors", errors, name="errors"),
    path("connect", connect, name="connect"),
    path("connect/listening", connect_listening, name="connect-listening"),
    path("connect/services", connect_services, name="connect-services"),
    path("components", components, name="components"),
    path("t/<str:trace_id>", trace, name="trace"),
    path("t/<str:trace_id>/rows", trace_rows, name="trace-rows"),
    path("t/<str:trace_id>/waterfall", trace_waterfall, name="trace-waterfall"),
    path("t/<str:trace_id>/span", trace_span, name="trace-span"),
    path("t/<str:trace_id>/live", trace_live, name="trace-live"),
    path("theme", theme, name="theme"),
    path("favicon.ico", favicon, name="favicon"),
    # Jaeger's and Zipkin's
    path("search", old_links.jaeger_search),
    path("zipkin", old_links.zipkin_search),
    path("zipkin/", old_links.zipkin_search),
    path("zipkin/traces/<str:trace_id>", old_links.old_trace),
    path("trace/<str:trace_id>", old_links.old_trace),
]
