"""A request that is not taken, with the answer it gets."""

from __future__ import annotations


class Refusal(Exception):
    """Raised anywhere on the way in; the view turns it into a Status answer.

    `message` is English for the sender's developer: it names the limit or the remedy and never repeats a
    key or other content of the request. `headers` are added to the answer.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def later(message: str, retry_after_s: float = 5) -> Refusal:
    """503: the sender keeps its data and tries again. 500 would make it drop them (OTLP/HTTP, Retryable)."""
    return Refusal(503, message, {"Retry-After": str(max(1, round(retry_after_s)))})
