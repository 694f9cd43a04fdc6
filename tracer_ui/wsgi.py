"""The WSGI application of both ports; TRACER_ROLE says which one this is."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracer_ui.settings")

from django.core.wsgi import get_wsgi_application

import tracer_ui.celery  # noqa: F401  (a page that asks for a task must ask our broker)
from tracer_ui.counters import CountedRequests
from tracer_ui.tidying import TidiedRequests

application = TidiedRequests(CountedRequests(get_wsgi_application()))

# A page of figures makes some hundred thousand objects and, but for few, lets go of them by counting references.
# Looking through all that a process holds for circles meanwhile took up to a third of its time.
gc.collect()
gc.freeze()
gc.set_threshold(200_000, 20, 20)  # the largest map makes less at once
