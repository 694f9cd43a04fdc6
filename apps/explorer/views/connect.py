"""`/connect`: how to send, and who has arrived."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.access import current_workspace, may, needs
from apps.accounts.keys import make_key
from apps.explorer.connect.guide import Guide, endpoint_of, guide_for
from apps.explorer.connect.listening import Connected, connected_list, has_news, listening
from apps.explorer.services.addresses import service_link
from apps.explorer.views.figures import viewer_zone
from apps.traces.durations import format_count
from apps.traces.moments import LATEST_NS, ago_text, second_text


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
    """The listening line alone, asked for every two seconds: 204 as long as no service is new since `latest`."""
    if not has_news(current_workspace(request).id, _moment(request, "latest") or 0):
        return HttpResponse(status=204)
    answer = render(request, "explorer/_listening.html", _heard(request))
    answer["HX-Trigger"] = "connect:news"
    return answer


@require_safe
@never_cache
def connect_services(request: HttpRequest) -> HttpResponse:
    """The list of what is connected, alone."""
    return render(request, "explorer/_connected.html", _connected(request))


def _page(request: HttpRequest, guide: Guide) -> HttpResponse:
    page = {"guide": guide, "nav": "connect", "may_make_keys": may(request, "manage_keys")}
    return render(request, "explorer/connect.html", {**page, **_heard(request), **_connected(request)})


def _heard(request: HttpRequest) -> dict:
    now_ns, zone = time.time_ns(), viewer_zone(request)
    heard = listening(current_workspace(request).id, _moment(request, "since"), now_ns)
    return {
        "heard": heard,
        "more": len(heard.new[3:]),
        "first_at": second_text(heard.new[0].first_seen_ns, now_ns, zone) if heard.new else "",
        "endpoint": endpoint_of(request),
    }


def _connected(request: HttpRequest) -> dict:
    now_ns = time.time_ns()
    connected = connected_list(current_workspace(request).id, now_ns)
    senders = [
        (sender, format_count(sender.spans), ago_text(int(sender.last_seen_at.timestamp() * 1e9), now_ns))
        for sender in connected.senders
    ]
    lines = [(line, service_link(None, line.name), *_told(line, now_ns)) for line in connected.lines]
    return {"connected": connected, "hues": connected.hues, "lines": lines, "senders": senders}


def _told(line: Connected, now_ns: int) -> tuple[str, str]:
    """(when its first span came, when its last)."""
    return ago_text(line.first_ns, now_ns), "sends now" if line.sends_now else f"last {ago_text(line.last_ns, now_ns)}"


def _moment(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return min(int(text), LATEST_NS) if text.isascii() and text.isdigit() and len(text) < 20 else None
