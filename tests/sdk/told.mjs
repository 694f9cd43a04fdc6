// A finished span as the SDK holds it, in JSON that tests/ingest/compare.py reads.
export function told(span) {
  const context = span.spanContext();
  return {
    trace_id: context.traceId,
    span_id: context.spanId,
    parent_id: span.parentSpanContext?.spanId ?? "",
    name: span.name,
    kind: span.kind,
    start_ns: ns(span.startTime),
    end_ns: ns(span.endTime),
    status: [span.status.code, span.status.message ?? ""],
    trace_state: context.traceState?.serialize() ?? "",
    attributes: span.attributes,
    events: span.events.map((event) => [event.name, ns(event.time), event.attributes ?? {}]),
    links: span.links.map((link) => [link.context.traceId, link.context.spanId, link.attributes ?? {}]),
    resource: span.resource.attributes,
    scope: [span.instrumentationScope.name, span.instrumentationScope.version ?? ""],
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
  };
}

function ns([seconds, nanoseconds]) {
  return String(BigInt(seconds) * 1000000000n + BigInt(nanoseconds));
}
