"""Find in a trace: the rows whose span says what was asked for, in row order."""

from __future__ import annotations

from collections.abc import Iterator

from apps.traces.model import Span
from apps.traces.tree import Tree
from apps.traces.values import attribute_pairs, value_text


def matches(tree: Tree, text: str) -> tuple[int, ...]:
    """Rows (`Node.row`) whose service, name, id, status message, attributes or events hold `text`, whatever its case.

    `key=value` finds an attribute with exactly that value. Attributes are decoded and let go again: keeping
    those of 50 000 spans would hold 100 MB for a search that is over.
    """
    wanted = text.casefold()
    key, equals, value = text.partition("=")
    exact = (key.strip(), value.strip().strip('"')) if equals and key.strip() and " " not in key.strip() else None
    services: dict[int, bool] = {}
    rows = []
    for node in tree.nodes:
        span = node.span
        at = id(span.resource)
        if at not in services:
            services[at] = wanted in span.service.casefold()
        if services[at] or _says(span, wanted) or (exact and exact in _exact_pairs(span)):
            rows.append(node.row)
    return tuple(rows)


def _says(span: Span, wanted: str) -> bool:
    if wanted in span.name.casefold() or span.span_id.startswith(wanted):
        return True
    if wanted in span.status_message.casefold():
        return True
    for key, value in _pairs(span):
        if wanted in key.casefold() or wanted in value.casefold():
            return True
    return any(wanted in event.name.casefold() for event in span.pb.events)


def _pairs(span: Span) -> Iterator[tuple[str, str]]:
    for holder in (span.pb, *span.pb.events):
        for key, value in attribute_pairs(holder.attributes):
            yield key, value_text(value)


def _exact_pairs(span: Span) -> set[tuple[str, str]]:
    return set(_pairs(span)) | {(key, value_text(value)) for key, value in span.resource.attributes}
