"""Host names matter to browsers, not to machines."""

from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware

MACHINE_PATHS = ("/v1/", "/ingest/", "/healthz", "/readyz", "/metrics")


class HostMiddleware(CommonMiddleware):
    """Refuses host names that are not ours, except where an exporter or a probe calls by an address of its own.

    Such a caller gets no cookie and no page, so a wrong Host can do nothing; an HTML 400 would lose its spans.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if request.path_info.startswith(MACHINE_PATHS):
            return None
        return super().process_request(request)
