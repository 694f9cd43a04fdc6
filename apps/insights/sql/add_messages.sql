-- Messages whose two ends are in different traces, until both are known. Written by digest with the traces; paired, and
-- taken back when a trace was sealed again, by a task that alone turns them into facts (docs/rollups.md, "Messages").
CREATE TABLE rollup_put (
    workspace_id integer     NOT NULL,
    trace_id     uuid        NOT NULL,
    span_id      bytea       NOT NULL,
    end_ns       bigint      NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rollup_put_by_span ON rollup_put (trace_id, span_id);     -- who put the message that was taken
CREATE INDEX rollup_put_by_time ON rollup_put (made_at);               -- the new ones; the old ones

CREATE TABLE rollup_taken (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id integer     NOT NULL,
    trace_id     uuid        NOT NULL,             -- of the trace that took the message
    put_trace_id uuid        NOT NULL,             -- and of the one that put it, with its span
    put_span_id  bytea       NOT NULL,
    queue        text        NOT NULL,
    service      text        NOT NULL,
    root_service text,                             -- of the main root, when it is one
    root_name    text,
    start_ns     bigint      NOT NULL,
    edge_at_ns   bigint      NOT NULL,             -- the instants whose minutes the edge and the part count in
    part_at_ns   bigint      NOT NULL,
    weight       bigint      NOT NULL,
    root_weight  bigint      NOT NULL,
    queue_kind   text        NOT NULL,
    lay_ns       bigint,                           -- once paired
    is_gone      boolean     NOT NULL DEFAULT false,  -- its trace was sealed again
    made_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rollup_taken_by_trace ON rollup_taken (trace_id);
CREATE INDEX rollup_taken_by_put ON rollup_taken (put_trace_id, put_span_id) WHERE lay_ns IS NULL AND NOT is_gone;
CREATE INDEX rollup_taken_by_time ON rollup_taken (made_at);
CREATE INDEX rollup_taken_gone ON rollup_taken (id) WHERE is_gone;
