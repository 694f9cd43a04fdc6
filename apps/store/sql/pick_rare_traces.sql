-- The same of one day's partition by GIN alone, for what is rare. `workspace_id + 0` and the outer WHERE keep every
-- other index out (as apps/store/candidates.py does). By a hash of the ids, for some senders' ids begin with the time.
WITH hits AS MATERIALIZED (
    SELECT trace_id, part, started_at, start_ns, span_count, error_count, root_service, root_name
    FROM {partition}
    WHERE tokens @> %(all_of)s::int4[] AND (%(any_of)s::int4[] IS NULL OR tokens && %(any_of)s::int4[])
      AND workspace_id + 0 = %(workspace)s
)
SELECT uuid_send(trace_id), start_ns, span_count
FROM hits
WHERE part = 0 AND span_count BETWEEN 1 AND %(most_spans)s AND error_count >= %(least_errors)s
  AND started_at >= to_timestamp(%(start_s)s) AND started_at < to_timestamp(%(end_s)s)
  AND (%(root_service)s::text IS NULL OR (root_service = %(root_service)s AND root_name = %(root_name)s))
ORDER BY uuid_hash(trace_id) LIMIT %(wanted)s
