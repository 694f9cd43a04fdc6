"""What is stored, looked at with SQL; and a quick way to fill it with many millions of spans."""

from __future__ import annotations

import os
import time

from bench.workload import make_bodies

DAYS = 5
NS = 10**9


class Storage:
    """The product's database through this process's own Django, as a web process has it."""

    def __init__(self, environment: dict[str, str]):
        os.environ.update({k: v for k, v in environment.items() if k.startswith("TRACER_")})
        os.environ["DJANGO_SETTINGS_MODULE"] = "tracer_ui.settings"
        import django

        django.setup()

    def rows(self, sql: str) -> list[tuple]:
        from apps.store.connection import store_cursor

        with store_cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def spans(self) -> int:
        """Spans in sealed traces."""
        return self.rows("SELECT coalesce(sum(span_count), 0) FROM trace WHERE part = 0")[0][0]

    def waiting(self) -> int:
        return self.rows("SELECT coalesce(sum(span_count), 0) FROM batch")[0][0]

    def lag_s(self) -> float:
        from apps.store.queries import storage_status

        return storage_status().digest_lag_s

    def rollups_behind_s(self) -> float:
        from apps.insights.freshness import freshness

        return freshness(1, time.time_ns()).behind_s

    def wait_until_sealed(self, timeout_s: float = 1800) -> None:
        until = time.monotonic() + timeout_s
        while self.rows("SELECT count(*) FROM batch")[0][0]:
            if time.monotonic() > until:
                raise RuntimeError(f"{self.waiting()} spans were not sealed within {timeout_s} s")
            time.sleep(0.5)

    def fill(self, spans: int) -> int:
        """Write `spans` more spans, spread evenly over the last days, through the store's own writer (no HTTP);
        how many were written. Digest runs beside it, and holds it back when it falls behind."""
        from apps.store.writer import write_batch
        from apps.traces.batch import split_batch
        from apps.traces.otlp import parse_request

        bodies = make_bodies(26_000, 512, seed=spans, trace_every_ns=50_000_000)
        a_round = sum(b.span_count for b in bodies)
        rounds = max(1, spans // a_round)
        first = time.time_ns() - DAYS * 86_400 * NS + 3600 * NS
        step = (DAYS * 86_400 - 7200) * NS // rounds
        base = int(time.time()) & 0x7FFFFFFF
        for number in range(rounds):
            for body in bodies:
                data = body.stamped((base + number * 7919) & 0xFFFFFFFF, first + number * step)
                write_batch(1, split_batch(parse_request(data)[0], data))
            while number % 8 == 7 and self.waiting() > 1_500_000:
                time.sleep(1)
        self.wait_until_sealed()
        return rounds * a_round

    def settle(self) -> None:
        """What autovacuum would do by and by."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) trace")

    def bytes_a_span(self) -> dict[str, float]:
        """Bytes per sealed span by what holds them: rows, payloads out of line, and each index."""
        spans = self.spans()
        found = self.rows(
            """
            SELECT what, sum(bytes) FROM (
                SELECT 'rows' AS what, pg_relation_size(c.oid) AS bytes FROM pg_class c
                WHERE c.relispartition AND c.relkind = 'r' AND c.relname LIKE 'trace%'
                UNION ALL SELECT 'payloads', pg_total_relation_size(c.reltoastrelid) FROM pg_class c
                WHERE c.relispartition AND c.relkind = 'r' AND c.relname LIKE 'trace%' AND c.reltoastrelid <> 0
                UNION ALL SELECT 'index ' || CASE WHEN a.amname = 'gin' THEN 'tokens' WHEN i.indnatts = 1
                    THEN 'trace_id' ELSE 'started_at' END, pg_relation_size(i.indexrelid)
                FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
                JOIN pg_am a ON a.oid = x.relam WHERE c.relispartition AND c.relkind = 'r' AND c.relname LIKE 'trace%'
                UNION ALL SELECT 'rollups', pg_total_relation_size(c.oid) FROM pg_class c
                WHERE c.relkind = 'r' AND c.relname LIKE 'rollup%'
                UNION ALL SELECT 'names and dictionaries', pg_total_relation_size(t::regclass)
                FROM unnest(ARRAY['service', 'span_name', 'attribute_key', 'dictionary']) AS t
            ) AS sizes GROUP BY what ORDER BY 2 DESC
            """
        )
        sizes = {what: round(float(size) / spans, 1) for what, size in found}
        return sizes | {"all": round(sum(float(size) for _, size in found) / spans, 1)}
