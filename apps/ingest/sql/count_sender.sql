-- One sender's spans since the last time, added up. New rows stop at MAX_SENDERS in a workspace: the
-- User-Agent is a stranger's text, and a public key must not be able to fill the table. At most one
-- statement per sender, process and 10 s; 0.3 ms.
INSERT INTO ingest_sender (workspace_id, user_agent, wire_format, first_seen_at, last_seen_at, spans)
SELECT %(workspace_id)s, %(user_agent)s, %(wire_format)s, %(now)s, %(now)s, %(spans)s
WHERE EXISTS (
    SELECT 1 FROM ingest_sender
    WHERE workspace_id = %(workspace_id)s AND user_agent = %(user_agent)s AND wire_format = %(wire_format)s
) OR (
    SELECT count(*) FROM ingest_sender WHERE workspace_id = %(workspace_id)s
) < %(max_senders)s
ON CONFLICT (workspace_id, user_agent, wire_format) DO UPDATE
SET spans = ingest_sender.spans + excluded.spans, last_seen_at = excluded.last_seen_at
