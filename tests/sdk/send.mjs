// node send.mjs <url> <json|protobuf> <none|gzip> <trace id>: sends everything, prints the spans as the SDK had them.
import { resourceFromAttributes } from "@opentelemetry/resources";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  BatchSpanProcessor, InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { makeEverything } from "./everything.mjs";
import { told } from "./told.mjs";

const [url, encoding, compression, traceId] = process.argv.slice(2);
const Exporter = encoding === "json" ? JsonExporter : ProtobufExporter;
const memory = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop-node", "host.cpus": 2 }),
  spanProcessors: [new SimpleSpanProcessor(memory), new BatchSpanProcessor(new Exporter({ url, compression }))],
});
makeEverything(provider.getTracer("shop.orders", "0.9"), traceId);
await provider.forceFlush();
console.log(JSON.stringify(memory.getFinishedSpans().map(told)));
await provider.shutdown();
