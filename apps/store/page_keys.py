"""Where a page of results ends: (filed start in µs, trace id), newest first; and the text that carries it in a link."""

from __future__ import annotations

import base64
import binascii

Key = tuple[int, bytes]
LATEST_US = (2**63 - 1) // 1000


def write_cursor(key: Key) -> str:
    """The opaque text for `TraceQuery.cursor`."""
    return base64.urlsafe_b64encode(key[0].to_bytes(8, "big", signed=True) + key[1]).decode().rstrip("=")


def up_to_cursor(time_ns: int) -> str:
    """The text for the page that begins with the newest trace filed at `time_ns` or before."""
    return write_cursor((min(time_ns // 1000 + 1, LATEST_US), bytes(16)))


def is_up_to_cursor(text: str) -> bool:
    """Whether `up_to_cursor` made it: no trace has the id 0."""
    key = read_cursor(text)
    return key is not None and key[1] == bytes(16)


def read_cursor(text: str) -> Key | None:
    """None for an empty text. Raises ValueError for a text that is not ours."""
    if not text:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        data = b""
    filed_us = int.from_bytes(data[:8], "big", signed=True)
    if len(data) != 24 or not 0 <= filed_us <= LATEST_US:
        raise ValueError("This cursor was not made by this search.")
    return filed_us, data[8:]
