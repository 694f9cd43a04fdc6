"""Jaeger's HTTP query APIs under `/jaeger/`, in Jaeger's words: tag, operation, log, process, reference."""
