// The browser's side: bundled by esbuild, sends to window.tracesUrl and leaves the spans in window.spans.
import { resourceFromAttributes } from "@opentelemetry/resources";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, InMemorySpanExporter, SimpleSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";
import { makeEverything } from "./everything.mjs";
import { told } from "./told.mjs";

window.sendEverything = async (url, headers, traceId) => {
  const memory = new InMemorySpanExporter();
  const results = [];
  const exporter = new OTLPTraceExporter({ url, headers });
  const watched = {
    export: (spans, done) => exporter.export(spans, (result) => { results.push([result.code, String(result.error ?? "")]); done(result); }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
  const provider = new WebTracerProvider({
    resource: resourceFromAttributes({ "service.name": "shop-page" }),
    spanProcessors: [new SimpleSpanProcessor(memory), new BatchSpanProcessor(watched)],
  });
  makeEverything(provider.getTracer("shop.page", "0.9"), traceId);
  await provider.forceFlush();
  return { spans: memory.getFinishedSpans().map(told), results };
};
