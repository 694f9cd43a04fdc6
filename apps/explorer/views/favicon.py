"""The address browsers and link previews try for an icon, whatever a page says."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """To the icon that pages link. Not for ever: its name is a hash, and changes with the drawing."""
    return HttpResponseRedirect(static("img/mark.svg"))
