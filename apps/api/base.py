"""What all API views share: who reads, JSON in every case, errors included."""

from __future__ import annotations

import logging

import orjson
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.views import APIView

from apps.api.access import readable_workspace_id
from apps.api.problem import Problem
from apps.store.connection import StoreUnavailable

JSON = "application/json"

_log = logging.getLogger(__name__)


def json_answer(value: object, status: int = 200, *, pretty: bool = False, headers=None) -> HttpResponse:
    body = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0)
    response = HttpResponse(body, status=status, content_type=JSON, headers=headers)
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.headers.setdefault("Vary", "Accept, Authorization, Cookie")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class ApiView(APIView):
    """GET for readers of one workspace. DRF's own negotiation is left out: an Accept header that asks for HTML
    must not turn an error into a page, and none of our answers depends on it but a trace's encoding."""

    authentication_classes = permission_classes = throttle_classes = ()
    parser_classes = renderer_classes = ()
    http_method_names = ["get", "head", "options"]
    workspace_id: int

    def initial(self, request, *args, **kwargs) -> None:
        for text in (*kwargs.values(), *(v for values in request.GET.lists() for v in (values[0], *values[1]))):
            if "\x00" in text:  # PostgreSQL takes it in no text
                raise Problem(400, "A NUL character stands in the address.")
        self.workspace_id = readable_workspace_id(request._request)

    def head(self, request, *args, **kwargs) -> HttpResponse:
        # A view without it is given its own bound method (View.setup), and holds itself.
        return self.get(request, *args, **kwargs)

    def options(self, request, *args, **kwargs) -> HttpResponse:
        return HttpResponse(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})

    def handle_exception(self, exc: Exception) -> HttpResponse:
        problem = problem_of(exc)
        return json_answer(self.error_body(problem), problem.status, headers=problem.headers)

    def finalize_response(self, request, response: HttpResponse, *args, **kwargs) -> HttpResponse:
        # DRF's request, its context and the view hold each other, and all that was read for them.
        request.parser_context.clear()
        return response

    def error_body(self, problem: Problem) -> dict:
        """The error in this API's shape."""
        body: dict[str, object] = {"error": problem.message}
        return body | ({"fields": problem.fields} if problem.fields else {})

    def http_method_not_allowed(self, request, *args, **kwargs) -> HttpResponse:
        raise MethodNotAllowed(request.method)


def problem_of(exc: Exception) -> Problem:
    """How an exception is answered: 503 for whatever may pass, 500 for our own faults, both logged."""
    if isinstance(exc, Problem):
        return exc
    if isinstance(exc, Http404):
        return Problem(404, "There is nothing at this address.")
    if isinstance(exc, MethodNotAllowed):
        return Problem(405, "This can only be read.", headers={"Allow": "GET, HEAD, OPTIONS"})
    if isinstance(exc, APIException):
        return Problem(exc.status_code, str(exc.detail))
    if isinstance(exc, StoreUnavailable | OperationalError | InterfaceError):
        _log.warning("Storage is not available: %s", exc)
        return Problem(503, "Storage is not available at the moment.", headers={"Retry-After": "5"})
    _log.error("A request failed unexpectedly", exc_info=exc)
    return Problem(500, "The request could not be answered; the server's log says why.")


class UnknownView(ApiView):
    """Any other address below an API's: said in JSON, with or without a key."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options"]

    def initial(self, request: HttpRequest, *args, **kwargs) -> None:
        raise Problem(404, "There is nothing at this address.")
