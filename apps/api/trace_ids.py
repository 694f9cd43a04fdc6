"""Trace ids as they stand in addresses, and the traces they name."""

from __future__ import annotations

from apps.api.problem import Problem
from apps.store.queries import load_trace
from apps.store.results import StoredTrace
from apps.traces.ids import fill_trace_id, parse_trace_id


def whole_trace_id(text: str) -> str:
    """32 hex digits of a full (32 or 16 digits, any case) id. Raises Problem 400."""
    trace_id = parse_trace_id(text)
    if trace_id is None:
        raise Problem(400, "A trace id is 32 hex digits, or 16 for a 64-bit one, and not all zero.")
    return trace_id


def filled_trace_id(text: str) -> str:
    """32 hex digits of an id that may have lost its leading zeros, as Jaeger writes them. Raises Problem 400."""
    trace_id = fill_trace_id(text)
    if trace_id is None:
        raise Problem(400, f"cannot parse trace ID: {text[:80]!r} is not 1 to 32 hex digits")
    return trace_id


def stored_trace(workspace_id: int, trace_id: str) -> StoredTrace:
    """Raises Problem 404."""
    stored = load_trace(workspace_id, trace_id)
    if stored is None:
        raise Problem(404, "trace not found")
    return stored
