// A trace with one of everything, made by whatever SDK the tracer belongs to.
import { SpanKind, SpanStatusCode, context, createTraceState, trace } from "@opentelemetry/api";

export const ATTRIBUTES = {
  text: 'Größe 日本 🙂 "quoted" <b>&amp;</b>\n',
  empty: "",
  nul: "a\u0000b",
  yes: true,
  no: false,
  zero: 0,
  "largest safe": Number.MAX_SAFE_INTEGER,
  "smallest safe": Number.MIN_SAFE_INTEGER,
  pi: 3.141592653589793,
  tiny: 5e-324,
  texts: ["a", "", "c"],
  ints: [1, -2, 3],
  floats: [1.5, 2.5],
  flags: [true, false],
  none: [],
  "order.id": "48213",
};

export function makeEverything(tracer, traceId) {
  const elsewhere = { traceId: "0".repeat(26) + "abcdef", spanId: "0".repeat(10) + "123456", traceFlags: 1 };
  const caller = {
    traceId, spanId: "00000000000000aa", traceFlags: 1, isRemote: true, traceState: createTraceState("vendor=a:b,ot=th:8"),
  };
  const links = [{ context: elsewhere, attributes: { why: "batch", n: 1 } }];
  const remote = trace.setSpanContext(context.active(), caller);
  const root = tracer.startSpan("GET /orders/{id}", { kind: SpanKind.SERVER, links, attributes: ATTRIBUTES }, remote);
  for (let n = 0; n < 3; n++) root.addEvent(`step ${n}`, { n, share: (n + 1) / 7 });
  const inside = trace.setSpan(remote, root);
  for (const kind of [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.INTERNAL]) {
    const child = tracer.startSpan(`call ${kind}`, { kind }, inside);
    child.setStatus({ code: SpanStatusCode.OK });
    child.end();
  }
  const failing = tracer.startSpan("divide", {}, inside);
  failing.recordException(new Error("card declined"));
  failing.setStatus({ code: SpanStatusCode.ERROR, message: "card declined" });
  failing.end();
  root.end();
}
