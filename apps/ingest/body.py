"""The request's body as bytes, whatever way it was sent, within a size.

Django reads a chunked body as empty under WSGI (its ticket 35838), and an empty OTLP request is a
success: every span of every Node.js SDK would be lost in silence. So the body is read here, from
`wsgi.input` itself.

There is no time limit, because granian has none to offer: its `read` waits until the bytes or the end of the
connection come, and a read that is given up from another thread blocks the whole process (when the request ends,
granian takes the stream's lock while it holds the GIL). A client that stops sending holds one worker thread.
"""

from __future__ import annotations

from apps.ingest import encodings
from apps.ingest.refusal import Refusal


def read_body(environ: dict, limit_bytes: int) -> encodings.Opened:
    """The whole body, ready to be taken decompressed. Raises Refusal 400, 411, 413 or 415."""
    length = _content_length(environ)
    raw = _read_chunked(environ, limit_bytes) if length is None else _read_counted(environ, length, limit_bytes)
    return encodings.opened(raw, environ.get("HTTP_CONTENT_ENCODING", ""), limit_bytes)


def _content_length(environ: dict) -> int | None:
    """Bytes announced; None when the body is chunked (RFC 9112 §6.3: chunked wins over Content-Length)."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "Content-Length is not a number.")
    return int(text)


def _read_counted(environ: dict, length: int, limit_bytes: int) -> bytes:
    if length > limit_bytes:
        raise encodings.too_large(limit_bytes, "as sent")
    body = _read(environ, length) if length else b""
    if len(body) < length:
        raise Refusal(400, f"The body ended after {len(body)} of {length} bytes.")
    return body


def _read_chunked(environ: dict, limit_bytes: int) -> bytes:
    if not environ.get("wsgi.input_terminated"):
        raise Refusal(411, "This server cannot read chunked bodies; send Content-Length.")
    body = _read(environ, limit_bytes + 1)
    if len(body) > limit_bytes:
        raise encodings.too_large(limit_bytes, "as sent")
    if not body:
        # The server shows a broken chunked body as an empty one. Success would lose its spans in silence.
        raise Refusal(400, "The chunked body is empty or broken.")
    return body


def _read(environ: dict, size: int) -> bytes:
    """Up to `size` bytes, fewer only at the end of the body."""
    try:
        return environ["wsgi.input"].read(size)
    except (OSError, ValueError) as error:
        raise Refusal(400, "The body broke off or its chunks are malformed.") from error
