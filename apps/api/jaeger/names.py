"""Operations: Jaeger's word for span names."""

from __future__ import annotations

from apps.store.queries import list_span_names


def kind_of(text: str) -> str | None:
    """The kind that `spanKind=server` names; None for an empty text. One that no span can have finds nothing."""
    return text.upper() or None


def operations(workspace_id: int, service: str, kind: str | None) -> list[dict]:
    """[{"name", "spanKind"}] of a service, by name; spans without a kind count as internal."""
    found = list_span_names(workspace_id, service or None, kind)
    pairs = dict.fromkeys((name.name, name.kind.lower()) for name in found)
    return [{"name": name, "spanKind": kind} for name, kind in pairs]
