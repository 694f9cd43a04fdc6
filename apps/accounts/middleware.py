"""Who may see a page at all."""

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

OPEN_PATHS = ("/v1/", "/ingest/", "/healthz", "/readyz", "/static/")
"""Machines call these, with a key or without one. A redirect looks like success to an exporter: never send one."""
MACHINE_PATHS = ("/api/", "/jaeger/", "/zipkin/api/", "/metrics")
"""Programs read these: they get 401, not a page to log in on."""


class AccountsMiddleware(LoginRequiredMiddleware):
    """Asks for a login on every page, except where TRACER_OPEN says that nobody logs in.

    A view made for everyone says so with `django.contrib.auth.decorators.login_not_required`.
    """

    def process_view(self, request: HttpRequest, view_func, view_args, view_kwargs) -> HttpResponse | None:
        if settings.TRACER_OPEN or request.path.startswith(OPEN_PATHS):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func) -> HttpResponse:
        if request.path.startswith(MACHINE_PATHS):
            return JsonResponse({"error": "Log in, or send a session cookie."}, status=401)
        if not User.objects.exists():
            return redirect("setup")
        response = super().handle_no_permission(request, view_func)
        if getattr(request, "htmx", False):  # a login page must not land in the middle of another page
            return HttpResponse(status=204, headers={"HX-Redirect": request.htmx.current_url or "/"})
        return response
