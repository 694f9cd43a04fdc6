"""`/errors`."""
