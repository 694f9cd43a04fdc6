"""How to send traces from each framework: steps with text to copy. Pure: texts from an endpoint and a key.

Every recipe names OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, because some distributions would choose gRPC.
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICE = "my-service"
"""None of the demo shop's: a service of a known name would not be told as new."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where spans go. `key` is "" where none is needed; it may be a placeholder."""

    endpoint: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    code: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    slug: str
    label: str
    steps: tuple[Step, ...]


def recipes(target: Target) -> tuple[Recipe, ...]:
    """All recipes, in the order of the tabs."""
    return (
        _django(target),
        _fastapi(target),
        _express(target),
        _spring(target),
        _rails(target),
        _collector(target),
        _browser(target),
    )


def environment(target: Target, *more: str) -> str:
    """The settings every SDK reads, as lines to put before a command."""
    pairs = [
        *more,
        f"OTEL_SERVICE_NAME={SERVICE}",
        f"OTEL_EXPORTER_OTLP_ENDPOINT={target.endpoint}",
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    ]
    if target.key:
        pairs.append(f"OTEL_EXPORTER_OTLP_HEADERS=x-tracer-token={target.key}")
    return "".join(f"{pair} \\\n" for pair in pairs)


_INSTALL_PYTHON = Step(
    "Install, once",
    "pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http\nopentelemetry-bootstrap -a install",
)
_OPEN_PAGE = Step("Open any page of it.", note="The first trace is here about five seconds later.")


def _django(target: Target) -> Recipe:
    command = (
        environment(target, "DJANGO_SETTINGS_MODULE=mysite.settings")
        + "opentelemetry-instrument python manage.py runserver --noreload"
    )
    start = Step("Start the service with these settings", command, "With gunicorn, put it in the place of python.")
    return Recipe("django", "Django", (_INSTALL_PYTHON, start, _OPEN_PAGE))


def _fastapi(target: Target) -> Recipe:
    command = environment(target) + "opentelemetry-instrument uvicorn main:app"
    start = Step("Start the service with these settings", command, "Without --reload: the reloader escapes it.")
    return Recipe("fastapi", "FastAPI", (_INSTALL_PYTHON, start, _OPEN_PAGE))


def _express(target: Target) -> Recipe:
    install = Step("Install, once", "npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node")
    register = 'NODE_OPTIONS="--require @opentelemetry/auto-instrumentations-node/register"'
    start = Step("Start the service with these settings", environment(target, register) + "node server.js")
    return Recipe("express", "Express", (install, start, _OPEN_PAGE))


def _spring(target: Target) -> Recipe:
    jar = "opentelemetry-javaagent.jar"
    releases = "https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases"
    install = Step("Fetch the Java agent, once", f"curl -LO {releases}/latest/download/{jar}")
    start = Step(
        "Start the service with these settings", environment(target) + f"java -javaagent:{jar} -jar build/libs/app.jar"
    )
    return Recipe("spring", "Spring", (install, start, _OPEN_PAGE))


def _rails(target: Target) -> Recipe:
    install = Step(
        "Install, once",
        "bundle add opentelemetry-sdk opentelemetry-exporter-otlp \\\n  opentelemetry-instrumentation-all",
    )
    initializer = Step(
        "Write config/initializers/opentelemetry.rb",
        'require "opentelemetry/sdk"\n'
        'require "opentelemetry/exporter/otlp"\n'
        'require "opentelemetry/instrumentation/all"\n\n'
        "OpenTelemetry::SDK.configure { |config| config.use_all }",
    )
    start = Step("Start the service with these settings", environment(target) + "bin/rails server")
    return Recipe("rails", "Rails", (install, initializer, start, _OPEN_PAGE))


def _collector(target: Target) -> Recipe:
    headers = f"    headers:\n      x-tracer-token: {target.key}\n" if target.key else ""
    exporter = Step(
        "Add an exporter to its configuration",
        f"exporters:\n  otlphttp/tracer:\n    endpoint: {target.endpoint}\n{headers}".rstrip(),
    )
    pipeline = Step(
        "Name it in the traces pipeline, beside what is there",
        "service:\n  pipelines:\n    traces:\n      receivers: [otlp]\n      processors: [batch]\n"
        "      exporters: [otlphttp/tracer]",
    )
    start = Step("Start the collector again.", note="The next batch is here within a second or two.")
    return Recipe("collector", "Collector", (exporter, pipeline, start))


def _browser(target: Target) -> Recipe:
    install = Step(
        "Install, once",
        "npm install @opentelemetry/api @opentelemetry/sdk-trace-web @opentelemetry/resources \\\n"
        "  @opentelemetry/exporter-trace-otlp-http @opentelemetry/instrumentation \\\n"
        "  @opentelemetry/instrumentation-document-load @opentelemetry/instrumentation-fetch",
    )
    path = f"/ingest/{target.key}/v1/traces" if target.key else "/v1/traces"
    script = Step("Load this before anything else", _BROWSER.replace("URL", target.endpoint + path))
    reload_page = Step("Open the site.", note="Each page load and each fetch is a trace, here a few seconds later.")
    return Recipe("browser", "Browser", (install, script, reload_page))


_BROWSER = """\
import { BatchSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { DocumentLoadInstrumentation } from "@opentelemetry/instrumentation-document-load";
import { FetchInstrumentation } from "@opentelemetry/instrumentation-fetch";

const exporter = new OTLPTraceExporter({ url: "URL" });
new WebTracerProvider({
  resource: resourceFromAttributes({ "service.name": "shop-web" }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
}).register();
registerInstrumentations({
  instrumentations: [new DocumentLoadInstrumentation(), new FetchInstrumentation()],
});"""
