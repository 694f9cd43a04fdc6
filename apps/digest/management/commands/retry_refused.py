"""`manage.py retry_refused`: let digest try again the batches it had set aside, after what was wrong is mended."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from apps.store.connection import store_cursor
from apps.store.hot import put_refused_back


class Command(BaseCommand):
    help = "Put the batches that digest set aside back among those it reads."

    def handle(self, *args, **options) -> None:
        with store_cursor() as cursor:
            count = put_refused_back(cursor)
        self.stdout.write(f"{count} batches are back; digest takes them within seconds.")
