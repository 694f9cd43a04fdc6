"""`/why` and `/errors`."""
