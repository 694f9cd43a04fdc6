-- Traces spread over a window: of the newest rows in each of several stretches of it, those that pass. What is common
-- is found at once, however long the window; what is rare is left to GIN (apps/store/picks.py). 16 stretches of 250
-- rows: about 10 ms.
SELECT uuid_send(trace_id), start_ns, span_count
FROM unnest(%(from_s)s::float8[], %(until_s)s::float8[]) AS ends (from_s, until_s)
CROSS JOIN LATERAL (
    SELECT trace_id, part, start_ns, span_count, error_count, root_service, root_name, tokens
    FROM trace
    WHERE workspace_id = %(workspace)s
      AND started_at >= to_timestamp(ends.from_s) AND started_at < to_timestamp(ends.until_s)
    ORDER BY started_at DESC, trace_id DESC LIMIT %(rows)s
) AS newest
WHERE part = 0 AND span_count BETWEEN 1 AND %(most_spans)s AND error_count >= %(least_errors)s
  AND (%(root_service)s::text IS NULL OR (root_service = %(root_service)s AND root_name = %(root_name)s))
  AND (%(all_of)s::int4[] IS NULL OR tokens @> %(all_of)s::int4[]) AND (%(any_of)s::int4[] IS NULL OR tokens && %(any_of)s::int4[])
