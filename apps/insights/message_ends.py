"""The two ends of messages across traces, as digest writes them with the traces."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.store import copying
from apps.traces.analysis import Analysis
from apps.traces.deposits import believed
from apps.traces.edges import Taken
from apps.traces.kinship import NONE
from apps.traces.sampling import weight_of


@dataclass(slots=True)
class MessageEnds:
    """What one transaction of digest adds."""

    puts: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    gone: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, workspace_id: int, analysis: Analysis, filed_ns: int, sign: int, first_ns: int = 0) -> None:
        """Of a trace; with sign -1 of what was stored of it before. Messages from before `first_ns` are left out."""
        edges, columns = analysis.edges, analysis.family.columns
        if not edges.taken and not edges.puts:
            return
        if sign < 0:
            self.gone.append((workspace_id, columns.trace_id))
            return
        head = copying.int4(workspace_id), copying.raw(columns.trace_id)
        self.puts += [copying.row(*head, copying.raw(put.span_id), copying.int8(put.end_ns)) for put in edges.puts]
        for taken in edges.taken:
            edge_at, part_at = (believed(ns, filed_ns) for ns in (taken.start_ns, columns.start[analysis.family.main]))
            if min(edge_at, part_at) >= first_ns:
                self.taken.append(_row(workspace_id, analysis, taken, edge_at, part_at))

    def write(self, cursor) -> None:
        for workspace_id in {w for w, _ in self.gone}:
            cursor.execute(
                """
                UPDATE rollup_taken SET is_gone = true
                WHERE workspace_id = %s AND trace_id = ANY(%s::uuid[]) AND NOT is_gone
                """,
                [workspace_id, [t.hex() for w, t in self.gone if w == workspace_id]],
            )
            cursor.execute(
                "DELETE FROM rollup_put WHERE workspace_id = %s AND trace_id = ANY(%s::uuid[])",
                [workspace_id, [t.hex() for w, t in self.gone if w == workspace_id]],
            )
        if self.puts:
            copying.copy_rows(cursor, _COPY_PUTS, self.puts)
        if self.taken:
            copying.copy_rows(cursor, _COPY_TAKEN, self.taken)


def _row(workspace_id: int, analysis: Analysis, taken: Taken, edge_at_ns: int, part_at_ns: int) -> bytes:
    columns, main = analysis.family.columns, analysis.family.main
    root = copying.text(columns.service[main]), copying.text(columns.name[main])
    return copying.row(
        copying.int4(workspace_id), copying.raw(columns.trace_id), copying.raw(taken.trace_id),
        copying.raw(taken.put_by), copying.text(taken.queue.kind), copying.text(taken.queue.name),
        copying.text(taken.callee.name),
        *(root if analysis.family.parents[main] == NONE else (copying.NULL, copying.NULL)),
        copying.int8(taken.start_ns), copying.int8(edge_at_ns), copying.int8(part_at_ns), copying.int8(taken.weight),
        copying.int8(weight_of(columns.trace_state[main])),
    )  # fmt: skip


_COPY_PUTS = "COPY rollup_put (workspace_id, trace_id, span_id, end_ns) FROM STDIN (FORMAT BINARY)"
_COPY_TAKEN = """
    COPY rollup_taken (workspace_id, trace_id, put_trace_id, put_span_id, queue_kind, queue, service, root_service,
                       root_name, start_ns, edge_at_ns, part_at_ns, weight, root_weight)
    FROM STDIN (FORMAT BINARY)
"""
