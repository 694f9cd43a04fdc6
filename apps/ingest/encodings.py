"""Content-Encoding, undone under a limit that holds while decompressing.

A kilobyte of gzip may stand for a megabyte of zeros and a kilobyte of zstd for far more, so output is taken in steps
and the sum is checked after each. Beyond LARGE_BYTES steps are counted and let go: a bomb costs LARGE_BYTES of memory,
whatever the limit, and a large body that keeps the limit is decompressed a second time when its turn has come.

(Pieces of a megabyte kept until the limit was met cost more than the limit: once glibc has freed a larger block it
takes such pieces from the thread's own heap, and may not give that back. Threads were seen to keep 33 to 61 MiB each.)
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import zstandard

from apps.ingest.refusal import Refusal

ACCEPTED = "gzip, deflate, zstd"

LARGE_BYTES = 8 * 2**20
"""A larger body is not kept while it waits: neither decompressed here nor decoded (views.alone_when_large)."""

MAX_MEMBERS = 4096
"""Members of one gzip body (frames of zstd). Each costs a decompressor: millions of empty ones would cost minutes."""

_STEP_IN_BYTES = 64 * 1024
"""zlib hands back what it has not consumed as a copy; feeding small pieces keeps those copies small."""
_STEP_OUT_BYTES = 1024 * 1024
_ZSTD_STEP_IN_BYTES = 64
"""zstd's decompressor cannot be told to stop: 64 bytes in are at most 2 MiB out (4 bytes make a 128 KiB block).
A batch of 170 kB takes 0.26 ms in such steps, 0.10 ms in steps of 512."""
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""RFC 8878 §3.1.1.1.2 asks decoders for 8 MiB; larger windows are refused for the memory they would take."""


@dataclass(frozen=True)
class Opened:
    """A body whose Content-Encoding was followed to its end, and whose size without it is known."""

    size_bytes: int
    take: Callable[[], bytes]
    """The body. One of more than LARGE_BYTES is decompressed by this call, into memory of just its size."""


def opened(body: bytes, encoding: str, limit_bytes: int) -> Opened:
    """The body without its Content-Encoding. Raises Refusal 415 (unknown), 413 (over the limit), 400 (broken)."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return Opened(len(body), lambda: body)
    steps = _DECODERS.get(name)
    if steps is None:
        raise Refusal(
            415,
            f"This Content-Encoding is not supported, or is nested; use one of {ACCEPTED}, identity.",
            {"Accept-Encoding": ACCEPTED},
        )
    with _whole(name):
        if not body:
            raise EOFError
        size, kept = _counted(steps(body), limit_bytes)
    if kept is not None:
        return Opened(size, lambda: kept)
    return Opened(size, lambda: _written(steps(body), size))


@contextmanager
def _whole(name: str) -> Iterator[None]:
    try:
        yield
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise Refusal(400, f"The body could not be decompressed: it is not complete {name} data.") from error


def _counted(steps: Iterator[bytes], limit_bytes: int) -> tuple[int, bytes | None]:
    """The size of all steps, and what they make together unless that is large."""
    pieces: list[bytes] = []
    total = 0
    for piece in steps:
        total += len(piece)
        if total > limit_bytes:
            raise too_large(limit_bytes, "after decompression")
        if total <= LARGE_BYTES:
            pieces.append(piece)
        else:
            pieces.clear()
    if total > LARGE_BYTES:
        return total, None
    return total, pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _written(steps: Iterator[bytes], size_bytes: int) -> bytes:
    """All steps in one piece of memory. BytesIO hands its bytes out uncopied; set to its size first, it never grows."""
    whole = io.BytesIO()
    whole.seek(size_bytes - 1)
    whole.write(b"\0")
    whole.seek(0)
    for piece in steps:
        whole.write(piece)
    return whole.getvalue()


def too_large(limit_bytes: int, when: str) -> Refusal:
    size = f"{limit_bytes // 2**20} MiB" if limit_bytes >= 2**20 else f"{limit_bytes} bytes"
    return Refusal(413, f"The body is larger than {size} {when}; send smaller batches.")


def _gunzip(body: bytes) -> Iterator[bytes]:
    offset = members = 0
    while True:
        members += 1
        if members > MAX_MEMBERS:
            raise zlib.error("too many members")
        offset = yield from _inflate(zlib.decompressobj(wbits=31), body, offset)
        if offset == len(body):
            return
        if body[offset] == 0:
            # RFC 1952 lets zero bytes follow the last member.
            if body[offset:].strip(b"\0"):
                raise zlib.error("bytes after the end")
            return


def _deflate(body: bytes) -> Iterator[bytes]:
    """`deflate` means zlib's wrapping (RFC 9110 §8.4.1.2), but some senders leave it out."""
    is_wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    offset = yield from _inflate(zlib.decompressobj(wbits=15 if is_wrapped else -15), body, 0)
    if offset != len(body):
        raise zlib.error("bytes after the end")


def _inflate(stream, body: bytes, offset: int) -> Iterator[bytes]:
    """Yields the output of `body[offset:]`; returns the offset of its end. Raises EOFError when it is cut short."""
    view = memoryview(body)
    while offset < len(body):
        pending = view[offset : offset + _STEP_IN_BYTES]
        offset += len(pending)
        while True:
            piece = stream.decompress(pending, _STEP_OUT_BYTES)
            yield piece
            if stream.eof:
                return offset - len(stream.unused_data)
            pending = stream.unconsumed_tail
            # A full step may leave output waiting inside zlib although all input is consumed.
            if not pending and len(piece) < _STEP_OUT_BYTES:
                break
    raise EOFError


def _unzstd(body: bytes) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    stream, view, offset, frames = None, memoryview(body), 0, 0
    while offset < len(body):
        if stream is None:
            frames += 1
            if frames > MAX_MEMBERS:
                raise EOFError
            stream = decompressor.decompressobj()
        piece = view[offset : offset + _ZSTD_STEP_IN_BYTES]
        offset += len(piece)
        yield stream.decompress(piece)
        if stream.eof:
            offset -= len(stream.unused_data)
            stream = None
    if stream is not None:
        raise EOFError


_DECODERS = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _deflate, "zlib": _deflate, "zstd": _unzstd}
