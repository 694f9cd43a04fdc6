"""Pages for what went wrong. Programs get a short text instead of a page."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from apps.explorer.context import THEMES
from apps.store.connection import StoreUnavailable

PASSING = (StoreUnavailable, OperationalError, InterfaceError)
RETRY_AFTER_S = 5


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400)


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, reason=str(exception or ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    # Django's own message names the address patterns; one of ours is a sentence.
    reason = exception.args[0] if exception and exception.args and isinstance(exception.args[0], str) else ""
    return _page(request, 404, reason=reason)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF check failed: nearly always a page that was open over a log-in or for very long."""
    return _page(request, 403, is_expired=True)


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], PASSING):
        answer = _page(request, 503)
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer
    return _page(request, 500)


def _page(request: HttpRequest, status: int, **said) -> HttpResponse:
    # Without the request's context: the database may be what is wrong, and so may the log-in.
    theme = request.COOKIES.get("theme", "")
    page = {
        "request": request,
        "status": status,
        "path": request.path,
        "theme": theme if theme in THEMES else "",
        **said,
    }
    return HttpResponse(render_to_string(f"errors/{status}.html", page), status=status)
