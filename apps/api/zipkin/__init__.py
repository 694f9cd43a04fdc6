"""Zipkin's API, `/zipkin/api/v2/`."""
