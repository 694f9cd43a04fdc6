-- The storage of tracer-ui (docs/adr/0002). Three habits keep it distributable over Citus later: every unique
-- key of a trace table holds trace_id, no foreign keys between these tables and Django's, and partitions are
-- made by LIKE + ATTACH.

-- One row for each shard of each accepted request: what has arrived and is not yet sealed. Digest deletes rows
-- it has sealed; with a row a request and shard there are so few of them that vacuum keeps up at any rate.
CREATE TABLE batch (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id  integer     NOT NULL,
    shard         smallint    NOT NULL,
    signal        smallint    NOT NULL,            -- 0 traces, 1 logs
    received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    first_received_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- kept when digest carries spans over
    span_count    integer     NOT NULL,
    trace_ids     uuid[]      NOT NULL,
    starts_ns     bigint[]    NOT NULL,            -- earliest start of each of trace_ids in this batch
    ends_ns       bigint[]    NOT NULL,            -- latest end of each
    tokens        integer[]   NOT NULL,            -- what its spans can be found by; never indexed, read by web processes
    payload       bytea       NOT NULL             -- zstd of TracesData (LogsData)
) WITH (autovacuum_vacuum_scale_factor = 0.2, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_scale_factor = 0.2, toast.autovacuum_vacuum_threshold = 20000,
        toast.autovacuum_vacuum_cost_delay = 0);
ALTER TABLE batch ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN trace_ids SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN starts_ns SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN ends_ns SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN tokens SET STORAGE EXTERNAL;

-- Batches that digest could not read, each set aside so that it holds up no other; `manage.py retry_refused` puts them back.
CREATE TABLE refused_batch (LIKE batch INCLUDING STORAGE, refused_at timestamptz NOT NULL DEFAULT now(), reason text NOT NULL);

-- One row a sealed trace; a very large trace goes on in rows with part > 0, which hold spans and tokens only.
CREATE TABLE trace (
    workspace_id   integer     NOT NULL,
    trace_id       uuid        NOT NULL,
    part           smallint    NOT NULL DEFAULT 0,
    started_at     timestamptz NOT NULL,           -- partition key: the start, or arrival when that is absurd
    received_at    timestamptz NOT NULL,           -- when the last of its spans arrived
    start_ns       bigint      NOT NULL,
    duration_ns    bigint      NOT NULL,
    span_count     integer     NOT NULL,           -- of the whole trace, in every part
    error_count    integer     NOT NULL,
    orphan_count   integer     NOT NULL,
    root_service   text        NOT NULL,
    root_name      text        NOT NULL,
    services       text[]      NOT NULL,
    service_counts integer[]   NOT NULL,           -- spans and errors of each of services, in turn
    tokens         integer[]   NOT NULL,
    payload        bytea       NOT NULL,           -- zstd of TracesData
    logs           bytea                           -- zstd of LogsData, when records came with the trace
) PARTITION BY RANGE (started_at);
ALTER TABLE trace ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE trace ALTER COLUMN logs SET STORAGE EXTERNAL;

CREATE INDEX trace_by_id ON trace (trace_id);                                   -- the trace page
CREATE INDEX trace_by_start ON trace (workspace_id, started_at DESC, trace_id DESC);  -- newest first
CREATE INDEX trace_by_token ON trace USING gin (tokens) WITH (fastupdate = on, gin_pending_list_limit = 8192);

-- Names people choose from. Written by ingest (services) and digest when first seen, hence small and append-only.
CREATE TABLE service (
    workspace_id  integer     NOT NULL,
    name          text        NOT NULL,
    hue           smallint    NOT NULL,            -- 1..28, given once
    first_seen_at timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, name)
);
CREATE TABLE span_name (
    workspace_id integer     NOT NULL,
    service      text        NOT NULL,
    name         text        NOT NULL,
    kind         smallint    NOT NULL,             -- OTLP's number
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, service, name, kind)
);
CREATE TABLE attribute_key (
    workspace_id integer     NOT NULL,
    key          text        NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key)
);

-- zstd dictionaries, learned from a workspace's own traces. A frame names the one it needs.
CREATE SEQUENCE dictionary_id START 32768;        -- ids below are reserved by zstd
CREATE TABLE dictionary (
    id           integer     PRIMARY KEY,
    workspace_id integer     NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT now(),
    data         bytea       NOT NULL
);
