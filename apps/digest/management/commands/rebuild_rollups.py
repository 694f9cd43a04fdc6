import time

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.digest.rebuild import rebuild


class Command(BaseCommand):
    help = "Makes the rollups anew from sealed traces; digest waits meanwhile. The same traces give the same rollups."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--workspace", type=int, help="id of one workspace; all without it")

    def handle(self, *args, workspace: int | None, **options) -> None:
        done = rebuild(
            now_ns=time.time_ns(), retention_days=settings.TRACER_RETENTION_DAYS, workspace_id=workspace
        )  # fmt: skip
        if done.first_day is None:
            self.stdout.write("No traces are stored.")
        else:
            self.stdout.write(f"{done.traces} traces, {done.spans} spans; rollups are new from {done.first_day} on.")
