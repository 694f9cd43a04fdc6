"""Who sends to a workspace: one row per client program and wire format."""

from django.db import models


class Sender(models.Model):
    """Kept for the Connect page. No foreign key: ingest's tables stand beside the storage, not inside Django's."""

    workspace_id = models.BigIntegerField()
    user_agent = models.CharField(max_length=120)
    wire_format = models.CharField(max_length=40)
    """`application/x-protobuf` or `application/json`, and the compression: `application/json, gzip`."""
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    spans = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "user_agent", "wire_format"], name="one_row_per_sender")
        ]
