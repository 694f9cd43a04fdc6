"""The shop's telemetry: a real OpenTelemetry tracer provider for each running instance of each service."""

from __future__ import annotations

import random
from collections.abc import Callable

from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Tracer

from apps.demo.catalogue import FRAMEWORKS, SERVICES, Service

SKEWED_HOST = "node-7"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"

Processors = tuple[SpanProcessor, LogRecordProcessor]


class Instance:
    """One pod of one service in one version: its resource, and the tracers of the libraries it uses."""

    def __init__(self, service: Service, number: int, version: str, ids: IdGenerator, processors: Processors):
        self.service = service
        self.number = number
        self.framework = FRAMEWORKS[service.framework]
        self.resource = resource_of(service, number, version)
        self.host: str = self.resource.attributes["host.name"]
        self._tracers: dict[str, Tracer] = {}
        self._provider = TracerProvider(resource=self.resource, id_generator=ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processors[0])
        logs = LoggerProvider(resource=self.resource, shutdown_on_exit=False)
        logs.add_log_record_processor(processors[1])
        self.logger = logs.get_logger(f"{service.name}.app", version)

    def tracer(self, work: str) -> Tracer:
        """The tracer of the library that does this kind of work (server, client, db, cache, queue, rpc, code)."""
        if work not in self._tracers:
            name, version = self.framework.scopes[work]
            schema_url = SCHEMA_URL if self.service.dialect != "old" else None
            self._tracers[work] = self._provider.get_tracer(name, version, schema_url)
        return self._tracers[work]


def resource_of(service: Service, number: int, version: str) -> Resource:
    """What the SDK's resource detectors would find in this pod."""
    framework = FRAMEWORKS[service.framework]
    letters = random.Random(f"{service.name} {version}")
    replica_set = f"{service.name}-{letters.getrandbits(36):09x}"
    pod = f"{replica_set}-{random.Random(f'{replica_set} {number}').getrandbits(20):05x}"
    node = SKEWED_HOST if (service.name, number) == ("inventory", 2) else f"node-{1 + (len(service.name) + number) % 4}"
    environment = "deployment.environment" if service.dialect == "old" else "deployment.environment.name"
    return Resource(
        {
            "service.name": service.name,
            "service.namespace": "shop",
            "service.version": version,
            "service.instance.id": pod,
            environment: "production",
            "host.name": node,
            "host.arch": "amd64",
            "os.type": "linux",
            "cloud.provider": "aws",
            "cloud.region": "eu-central-1",
            "k8s.cluster.name": "shop-prod",
            "k8s.namespace.name": "shop",
            "k8s.deployment.name": service.name,
            "k8s.pod.name": pod,
            "k8s.node.name": node,
            "container.image.name": f"registry.example/shop/{service.name}",
            "container.image.tags": (version,),
            "process.pid": 1,
            "process.runtime.name": framework.runtime[0],
            "process.runtime.version": framework.runtime[1],
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.language": framework.language,
            "telemetry.sdk.version": framework.sdk_version,
        }
    )


class Telemetry:
    """All instances there are, made when they first do something (a release makes new ones)."""

    def __init__(self, ids: IdGenerator, processors_for: Callable[[str], Processors]):
        self.ids = ids
        self._processors_for = processors_for
        self._processors: dict[str, Processors] = {}
        self._instances: dict[tuple[str, int, str], Instance] = {}

    def instance(self, name: str, number: int, version: str) -> Instance:
        key = (name, number, version)
        if key not in self._instances:
            if name not in self._processors:
                self._processors[name] = self._processors_for(name)
            self._instances[key] = Instance(SERVICES[name], number, version, self.ids, self._processors[name])
        return self._instances[key]
