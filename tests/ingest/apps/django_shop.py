"""A small Django application that knows nothing of tracing."""

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path


def order(request: HttpRequest, order_id: int) -> HttpResponse:
    return JsonResponse({"order": order_id})


def missing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no such order", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("no items")


urlpatterns = [path("orders/<int:order_id>", order), path("missing", missing), path("broken", broken)]
application = get_asgi_application()
