"""Coming in: log in, the first administrator, a new member's first password."""

import unicodedata

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView, PasswordResetConfirmView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from apps.accounts.attempts import forget_failures, note_failure, seconds_to_wait
from apps.accounts.forms import SetupForm
from apps.accounts.setup import announce_token, create_admin, is_token


@method_decorator(login_not_required, name="dispatch")
class Login(LoginView):
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not settings.TRACER_OPEN and not User.objects.exists():
            return redirect("setup")
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """A wrong password is not even looked at when there were too many before it."""
        wait_s = seconds_to_wait(*self._who())
        if wait_s:
            told = self.get_context_data(form=self.get_form_class()(request), wait_minutes=-(-wait_s // 60))
            answer = render(request, self.template_name, told, status=429)
            answer["Retry-After"] = str(wait_s)
            return answer
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        forget_failures(*self._who())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        note_failure(*self._who())
        return super().form_invalid(form)

    def _who(self) -> tuple[str, str]:
        # As the form reads it: other spellings of a name are not other names.
        name = unicodedata.normalize("NFKC", self.request.POST.get("username", "").strip()[:150])
        return name, self.request.META.get("REMOTE_ADDR", "")


@method_decorator(login_not_required, name="dispatch")
class Logout(LogoutView):
    next_page = "login"


@method_decorator(login_not_required, name="dispatch")
class Join(PasswordResetConfirmView):
    """A new member chooses a password, by the link an owner gave."""

    template_name = "accounts/join.html"
    post_reset_login = True
    success_url = "/"


class ChangePassword(SuccessMessageMixin, PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = "/"
    success_message = "Your password is changed."


@login_not_required
@never_cache
def setup(request: HttpRequest) -> HttpResponse:
    """Make the first administrator. Not there once a user exists, nor where nobody logs in."""
    if settings.TRACER_OPEN or User.objects.exists():
        return redirect("/")
    form = SetupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if is_token(form.cleaned_data["token"]):
            user = create_admin(username=form.cleaned_data["username"], password=form.cleaned_data["password"])
            if user is not None:
                login(request, user)
            return redirect("/")
        form.add_error("token", "That is not the token in the server's log.")
    if request.method == "GET":
        announce_token()
    return render(request, "accounts/setup.html", {"form": form}, status=422 if form.errors else 200)
