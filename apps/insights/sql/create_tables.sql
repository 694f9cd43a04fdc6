-- Rollups (docs/rollups.md): facts about keys in time buckets. Everything is additive, several rows of one key and
-- bucket are as good as their sum. Facts move in one direction: digest appends to the inbox, in the transaction that
-- seals the traces; the fold takes them out of it and adds them to every level that is closed for their time.

-- What facts are about. Written like the store's names: before the transaction that needs them, remembered by each
-- process. `parts` may be long texts of strangers, hence a digest in the unique key.
CREATE TABLE rollup_key (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  integer     NOT NULL,
    kind          smallint    NOT NULL,            -- apps.traces.key_book: EDGE, NAME, …
    digest        uuid        NOT NULL,
    parts         text[]      NOT NULL,
    first_seen_at timestamptz NOT NULL,            -- the first minute with facts
    last_seen_at  timestamptz NOT NULL,            -- the last one, up to ten minutes old
    UNIQUE (workspace_id, kind, digest)
);
CREATE INDEX rollup_key_by_parts ON rollup_key (workspace_id, kind, (parts[1]), (parts[2]));  -- of one service, one root

CREATE TABLE rollup_inbox (
    workspace_id    integer     NOT NULL,
    kind            smallint    NOT NULL,
    bucket_at       timestamptz NOT NULL,
    key_id          integer     NOT NULL,
    weight          bigint      NOT NULL,          -- thousandths of a call
    errors          bigint      NOT NULL,          -- of them failed
    samples         bigint      NOT NULL,          -- observations, unweighted
    sum_ns          bigint      NOT NULL,          -- weighted
    max_ns          bigint      NOT NULL,          -- of NAME only: elsewhere it could not be taken back
    histogram       bytea,                         -- records of (bucket uint16, thousandths int32), little-endian; they add up
    calls_histogram bytea,
    examples        bytea                          -- records of apps.insights.facts.EXAMPLE
) WITH (autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0);

-- The levels: `bucket_at` is the start of a minute, hour or day. No DEFAULT partition; made on demand.
CREATE TABLE rollup_minute (LIKE rollup_inbox) PARTITION BY RANGE (bucket_at);
CREATE TABLE rollup_hour (LIKE rollup_inbox) PARTITION BY RANGE (bucket_at);
CREATE TABLE rollup_day (LIKE rollup_inbox) PARTITION BY RANGE (bucket_at);
CREATE INDEX rollup_minute_by_kind ON rollup_minute (workspace_id, kind, bucket_at);  -- edges, services, span names
CREATE INDEX rollup_hour_by_kind ON rollup_hour (workspace_id, kind, bucket_at);
CREATE INDEX rollup_day_by_kind ON rollup_day (workspace_id, kind, bucket_at);
CREATE INDEX rollup_minute_by_key ON rollup_minute (key_id, bucket_at);               -- parts of one root, charts
CREATE INDEX rollup_hour_by_key ON rollup_hour (key_id, bucket_at);
CREATE INDEX rollup_day_by_key ON rollup_day (key_id, bucket_at);

-- How far the levels are closed: a bucket that ends by then is in its level, and whatever comes later for it is added
-- there at once. One row.
CREATE TABLE rollup_closed (
    is_only    boolean     PRIMARY KEY DEFAULT true CHECK (is_only),
    minutes_at timestamptz NOT NULL,               -- minutes before this were merged
    hours_at   timestamptz NOT NULL,
    days_at    timestamptz NOT NULL
);
