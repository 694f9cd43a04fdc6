"""Light or dark: the viewer's choice, kept in a cookie that the server reads."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.explorer.context import THEMES

YEAR_S = 365 * 24 * 3600


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES])
    next = forms.CharField(required=False)


@csrf_exempt  # a stranger's form could change a colour, no more; so pages need no token just for this
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme and go back to the page the form was on."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("theme must be light or dark", status=400, content_type="text/plain")
    back = form.cleaned_data["next"]
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back)
    response.set_cookie("theme", form.cleaned_data["theme"], max_age=YEAR_S, samesite="Lax")
    return response
