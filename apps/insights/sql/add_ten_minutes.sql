-- A level of ten minutes between minute and hour: charts of a day have points every ten minutes, and both ragged ends of
-- a window are read in a third of the rows. What was folded before has no such buckets and is made anew by
-- `manage.py rebuild_rollups`.
TRUNCATE rollup_inbox, rollup_minute, rollup_hour, rollup_day, rollup_closed;
CREATE TABLE rollup_ten (LIKE rollup_inbox) PARTITION BY RANGE (bucket_at);
CREATE INDEX rollup_ten_by_kind ON rollup_ten (workspace_id, kind, bucket_at);
CREATE INDEX rollup_ten_by_key ON rollup_ten (key_id, bucket_at);
ALTER TABLE rollup_closed ADD tens_at timestamptz NOT NULL;
