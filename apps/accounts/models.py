"""Workspaces, who is in them, and the keys that let services send to them and programs read from them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

DEFAULT_WORKSPACE_ID = 1
MAX_ORIGIN_CHARS = 255
"""Made by the first migration. Where nobody logs in, everything is in it."""


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"


class Workspace(models.Model):
    """A team's own traces, keys and settings; nothing crosses workspaces."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "workspace"], name="one_membership_per_workspace")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}: {self.role}"


class IngestKey(models.Model):
    """A key a service sends spans with, or a program reads with. The key itself is never stored, only its SHA-256."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="ingest_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, db_index=True)
    """The key's first characters: finds the row, and lets people tell keys apart."""
    digest = models.BinaryField(max_length=32)
    is_public = models.BooleanField(default=False)
    """A key that browsers may show to everyone: it can only send, and only from `origins`."""
    can_read = models.BooleanField(default=False)
    """A key for programs that read through the API. It cannot send, and a key that sends cannot read."""
    origins = ArrayField(models.CharField(max_length=MAX_ORIGIN_CHARS), default=list, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
