-- The verdict of a trace, packed (apps/traces/verdict/codec.py): NULL for traces stored before it
-- existed and for rows without spans. Rows of results read it, hence it lies in the row and not in its payload.
ALTER TABLE trace ADD COLUMN verdict bytea;

-- Traces judged before there was enough to compare with (byte 0: version 1, byte 1: the cause). They are judged again
-- once there is; a table in use has few of them, and all other traces pay nothing for this index.
CREATE INDEX trace_to_judge_again ON trace (started_at)
    WHERE part = 0 AND substring(verdict FROM 1 FOR 2) = '\x0101';
