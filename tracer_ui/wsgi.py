"""The WSGI application of both ports; TRACER_ROLE says which one this is."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracer_ui.settings")

from django.core.wsgi import get_wsgi_application

import tracer_ui.celery  # noqa: F401  (a page that asks for a task must ask our broker)
from tracer_ui.counters import CountedRequests

application = CountedRequests(get_wsgi_application())
