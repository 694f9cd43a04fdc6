"""`/connect`: how to send, and whether anything arrives."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import current_workspace, may, needs
from apps.accounts.keys import make_key
from apps.explorer.connect.guide import Guide, endpoint_of, guide_for
from apps.explorer.connect.listening import listening
from apps.traces.durations import format_count
from apps.traces.moments import ago_text


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def connect(request: HttpRequest) -> HttpResponse:
    """The recipes with this installation's address. A post makes an ingest key and shows it in them, this once."""
    if request.method == "POST":
        return _with_new_key(request)
    return _page(request, guide_for(request))


@needs("manage_keys")
def _with_new_key(request: HttpRequest) -> HttpResponse:
    user = request.user if request.user.is_authenticated else None
    name = f"Made on Connect, {timezone.now():%-d %b %Y %H:%M}"
    return _page(
        request, guide_for(request, make_key(workspace=current_workspace(request), name=name, created_by=user))
    )


@require_safe
@never_cache
def connect_listening(request: HttpRequest) -> HttpResponse:
    """The listening line alone: asked for every two seconds until something has arrived."""
    return render(request, "explorer/_listening.html", _heard(request))


def _page(request: HttpRequest, guide: Guide) -> HttpResponse:
    heard = _heard(request)
    page = {"guide": guide, "nav": "connect", "may_make_keys": may(request, "manage_keys"), **heard}
    return render(request, "explorer/connect.html", page)


def _heard(request: HttpRequest) -> dict:
    now_ns = time.time_ns()
    heard = listening(current_workspace(request).id, now_ns)
    senders = [
        (sender, format_count(sender.spans), ago_text(int(sender.last_seen_at.timestamp() * 1e9), now_ns))
        for sender in heard.senders
    ]
    return {
        "heard": heard,
        "senders": senders,
        "first_ago": ago_text(heard.first_received_ns, now_ns) if heard.first_received_ns else "",
        "newest_ago": ago_text(heard.newest.started_ns, now_ns) if heard.newest else "",
        "endpoint": endpoint_of(request),
    }
