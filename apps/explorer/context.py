"""What every page's template may use without its view asking for it."""

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def look(request: HttpRequest) -> dict:
    """theme: "light", "dark" or "" (the viewer's system decides); is_open: no login in this installation."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "is_open": settings.TRACER_OPEN,
        "retention_days": getattr(settings, "TRACER_RETENTION_DAYS", 14),
    }
