"""The recipes for this installation: its real address, and a key where one is needed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from apps.accounts.access import current_workspace
from apps.accounts.models import DEFAULT_WORKSPACE_ID
from apps.explorer.connect.recipes import Recipe, Target, recipes

PLACEHOLDER = "YOUR_INGEST_KEY"


@dataclass(frozen=True, slots=True)
class Guide:
    endpoint: str
    needs_key: bool
    key: str
    """A key made a moment ago, shown this once; else ""."""
    shop_command: str
    """Starts the demo shop from the folder the server was started in."""
    recipes: tuple[Recipe, ...]
    chosen: Recipe


def guide_for(request: HttpRequest, key: str = "") -> Guide:
    """What to copy, for the framework that `?with=` names (the first one when it names none we know)."""
    # Spans without a key go to the default workspace, so another one needs a key even where nobody logs in.
    needs_key = not settings.TRACER_OPEN or current_workspace(request).id != DEFAULT_WORKSPACE_ID
    endpoint = endpoint_of(request)
    shown = key or (PLACEHOLDER if needs_key else "")
    known = recipes(Target(endpoint, shown))
    asked = request.GET.get("with", "")
    chosen = next((recipe for recipe in known if recipe.slug == asked), known[0])
    return Guide(endpoint, needs_key, key, _shop_command(endpoint), known, chosen)


def endpoint_of(request: HttpRequest) -> str:
    """The base address for OTLP/HTTP, as the viewer's machine reaches it.

    Behind a proxy that speaks TLS it is the page's own address (ingest answers there too); else the OTLP port of the
    host in the address bar.
    """
    public = getattr(settings, "TRACER_PUBLIC_URL", "")
    if public:
        return public
    if request.is_secure():
        return f"https://{request.get_host()}"
    host = urlsplit(f"//{request.get_host()}").hostname or "localhost"
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.TRACER_OTLP_PORT}"


def _shop_command(endpoint: str) -> str:
    python = Path(sys.executable)
    shown = python.relative_to(settings.BASE_DIR) if python.is_relative_to(settings.BASE_DIR) else "python"
    return f"{shown} manage.py demo_shop --endpoint {endpoint}"
