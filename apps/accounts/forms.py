"""What people may enter about accounts, made typed."""

import re
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.models import User

from apps.accounts.models import MAX_ORIGIN_CHARS, Role


class SetupForm(forms.Form):
    """The first administrator."""

    token = forms.CharField(label="Setup token")
    username = forms.CharField(label="User name", max_length=150, validators=[User.username_validator])
    password = forms.CharField(label="Password", widget=forms.PasswordInput, strip=False)

    def clean_password(self) -> str:
        password_validation.validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]


class KeyForm(forms.Form):
    """A new key. A public one names the origins it may be used from; one that reads is never public."""

    name = forms.CharField(label="Name", max_length=80)
    can_read = forms.BooleanField(label="For reading", required=False)
    is_public = forms.BooleanField(label="For browsers", required=False)
    origins = forms.CharField(label="Origins", required=False)

    def clean(self) -> dict:
        data = super().clean()
        origins = tuple(part for part in re.split(r"[\s,]+", data.get("origins") or "") if part)
        if data.get("is_public") and data.get("can_read"):
            self.add_error("can_read", "Everyone can see a browser key, so it cannot read. Make two keys.")
        if data.get("is_public") and not origins:
            self.add_error("origins", "A browser key needs at least one origin, such as https://shop.example.")
        for origin in origins:
            if not _is_origin(origin):
                self.add_error(
                    "origins", f"“{origin}” is not an origin. Write scheme and host, as https://shop.example."
                )
        data["origins"] = tuple(origin.lower().rstrip("/") for origin in origins)
        return data


class MemberForm(forms.Form):
    username = forms.CharField(label="User name", max_length=150, validators=[User.username_validator])
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.MEMBER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class WorkspaceForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            len(text) <= MAX_ORIGIN_CHARS
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.path in ("", "/")
            and not (parts.query or parts.fragment or parts.username)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        return False
