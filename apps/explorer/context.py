"""What every page's template may use without its view asking for it."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject

from apps.accounts.access import current_workspace
from apps.store.queries import list_services

THEMES = ("light", "dark")


def look(request: HttpRequest) -> dict:
    """theme: "light", "dark" or "" (the viewer's system decides); is_open: nobody logs in here; retention_days;
    hues: service name to 1..28, read from the database when a page first draws a service.
    """
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "is_open": settings.TRACER_OPEN,
        "retention_days": settings.TRACER_RETENTION_DAYS,
        "hues": SimpleLazyObject(lambda: _hues(request)),
    }


def _hues(request: HttpRequest) -> dict[str, int]:
    try:
        return {service.name: service.hue for service in list_services(current_workspace(request).id)}
    except Http404:  # a member of no workspace
        return {}
