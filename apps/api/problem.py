"""A request that cannot be answered, with what its sender is told."""

from __future__ import annotations


class Problem(Exception):
    """Raised anywhere below a view; each API words it in its own shape. `message` is English, for the caller;
    `fields` says more about single parameters, by name."""

    def __init__(self, status: int, message: str, *, fields: dict[str, str] | None = None, headers=None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.fields = fields or {}
        self.headers: dict[str, str] = headers or {}
