"""Wiring: settings, addresses, Celery, and the processes that make up a running product."""
