"""JSON out: our own API, and Jaeger's."""
