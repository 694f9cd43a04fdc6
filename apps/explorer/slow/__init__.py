"""The slow page."""
