"""`manage.py demo_shop`: a busy little shop that sends its traces to an OTLP/HTTP endpoint."""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.demo.chance import SeededIds
from apps.demo.days import open_shop
from apps.demo.delivery import Post
from apps.demo.diary import Diary
from apps.demo.pace import LogGate, SpanGate, Stop, Waiting, run_shop
from apps.demo.scenarios import CYCLE_MINUTES, JOBS, NS_PER_MINUTE, SCENARIOS
from apps.demo.shop import Settings, Shop
from apps.demo.telemetry import Telemetry

FOREVER_NS = 2**63
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(text: str) -> float:
    """`90`, `90s`, `30m`, `2h`, `1d` in seconds. Raises CommandError with what is wrong."""
    unit = text[-1:] if text[-1:] in UNITS_S else "s"
    try:
        number = float(text.removesuffix(unit))
    except ValueError:
        raise CommandError(f"{text!r} is no duration; write 90s, 30m or 2h") from None
    if not 0 <= number < float("inf"):
        raise CommandError(f"{text!r} is no duration; write 90s, 30m or 2h")
    return number * UNITS_S[unit]


class Command(BaseCommand):
    help = "Run a simulated shop of 15 services that sends real OpenTelemetry traces. Needs no database."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser):
        endpoint = f"http://127.0.0.1:{settings.TRACER_OTLP_PORT}"
        parser.add_argument("--endpoint", default=endpoint, help="OTLP/HTTP base URL (%(default)s)")
        parser.add_argument("--key", default=os.environ.get("TRACER_INGEST_KEY"), help="ingest key, if one is needed")
        parser.add_argument(
            "--backfill", default="2h", help="how far back to begin; 2h shows all scenarios (%(default)s)"
        )
        parser.add_argument("--rate", type=float, default=5.0, help="traces per second, live (%(default)s)")
        parser.add_argument(
            "--backfill-rate", type=float, default=1.0, help="traces per second of the past (%(default)s)"
        )
        parser.add_argument("--seed", type=int, default=1, help="same seed and start, same spans (%(default)s)")
        parser.add_argument(
            "--start", type=int, help="begin at this time (s since the epoch) instead of --backfill ago"
        )
        parser.add_argument("--batch-orders", type=int, default=7000, help="orders in the huge trace (%(default)s)")
        parser.add_argument(
            "--diary", type=Path, help="a file that tells the next start how far this one got: nothing is told twice"
        )
        parser.add_argument("--no-live", action="store_true", help="stop when the past is told")
        parser.add_argument("--list", action="store_true", help="say what goes wrong in the shop, and when")

    def handle(self, **options):
        if options["list"]:
            return self._list()
        if min(options["rate"], options["backfill_rate"]) <= 0:
            raise CommandError("--rate and --backfill-rate must be above 0")
        diary = Diary(options["diary"])
        plan = self._settings(options, diary)
        # The exporters' own loggers speak once a batch; apps.demo.delivery says the same once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        stop = Stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(stop, "is_asked", True))
        self._run(Post(options["endpoint"], options["key"], stop=stop), plan, stop, diary, options["no_live"])

    def _settings(self, options: dict, diary: Diary) -> Settings:
        now_ns = time.time_ns()
        start_ns = now_ns - int(seconds(options["backfill"]) * 1e9)
        if options["start"] is not None:
            start_ns = min(now_ns, options["start"] * 1_000_000_000)
            now_ns = max(now_ns, start_ns)
        # Whole cycles before now, so that whoever opens the product finds the newest trouble still going on.
        cycle_ns = CYCLE_MINUTES * NS_PER_MINUTE
        anchor_ns = now_ns - cycle_ns * max(1, -(-(now_ns - start_ns) // cycle_ns))
        if options["start"] is not None:
            anchor_ns = start_ns  # the same start has to make the same spans, whenever that is asked for
        told = diary.read()
        if told is not None and start_ns < told.until_ns <= now_ns:
            start_ns, anchor_ns = told.until_ns + 1, told.anchor_ns
        return Settings(
            options["seed"],
            start_ns,
            now_ns,
            options["rate"],
            options["backfill_rate"],
            options["batch_orders"],
            anchor_ns,
            told.stories if told is not None else 0,
        )

    def _run(self, post: Post, plan: Settings, stop: Stop, diary: Diary, no_live: bool) -> None:
        waiting = Waiting()

        def processors(service: str):
            spans, logs = post.processors(service)
            return SpanGate(waiting, spans), LogGate(waiting, logs)

        shop = Shop(plan, Telemetry(SeededIds(f"{plan.seed} {plan.start_ns}"), processors))
        open_shop(shop)
        shop.agenda.start(diary.kept(shop))
        self._say(f"The shop is open; its spans go to {post.endpoint}/v1/traces.")
        began = time.monotonic()
        try:
            run_shop(shop, waiting, stop, plan.live_ns)
            if shop.traces and not stop.is_asked:
                self._say(f"Told {shop.traces} traces of the past in {time.monotonic() - began:.0f} s.")
            if not no_live:
                run_shop(shop, waiting, stop)
        finally:
            diary.write(shop)
            shop.agenda.close()
            waiting.release(FOREVER_NS)
            post.close()
            lost = f", {post.lost} could not be delivered" if post.lost else ""
            self._say(f"The shop is closed: {shop.traces} traces, {post.delivered} spans and log records{lost}.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _list(self) -> None:
        for scenario in (*SCENARIOS.values(), *JOBS.values()):
            when = f"minutes {scenario.offset}-{scenario.offset + scenario.lasting} of every {scenario.every}"
            self.stdout.write(f"{scenario.name:22} {when:28} {scenario.about}")
