-- A level of six hours between hour and day: the ragged ends of a window are read in at most 5 hours and 3 sixes each
-- instead of 23 hours. Those of the hours that are kept are made by the fold, a bucket in a transaction: it begins before
-- the hours do, for what comes late of earlier days, and until it is done windows are read from hours, as before.
CREATE TABLE rollup_six (LIKE rollup_inbox) PARTITION BY RANGE (bucket_at);
CREATE INDEX rollup_six_by_kind ON rollup_six (workspace_id, kind, bucket_at);
CREATE INDEX rollup_six_by_key ON rollup_six (key_id, bucket_at);
ALTER TABLE rollup_closed ADD sixes_at timestamptz;
UPDATE rollup_closed SET sixes_at = date_bin('6 hours', least(hours_at - interval '40 days', (
    SELECT min(to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC')
    FROM pg_inherits WHERE inhparent = 'rollup_hour'::regclass AND inhrelid::regclass::text ~ '_[0-9]{8}$'
)), '1970-01-01T00:00:00Z');
ALTER TABLE rollup_closed ALTER sixes_at SET NOT NULL;
