"""zstd, with one compressor and one decompressor a thread (neither may be shared between threads)."""

from __future__ import annotations

import threading

import zstandard

_local = threading.local()


def compress(data: bytes, level: int = 1) -> bytes:
    """A zstd frame with its content size. Level 1 for batches: 44 B a span, 0.24 µs; level 3 saves 2 %."""
    compressors = _local.__dict__.setdefault("compressors", {})
    if level not in compressors:
        compressors[level] = zstandard.ZstdCompressor(level=level)
    return compressors[level].compress(data)


def decompress(data: bytes) -> bytes:
    """What `compress` was given. Raises `zstandard.ZstdError` on anything else."""
    if "decompressor" not in _local.__dict__:
        _local.decompressor = zstandard.ZstdDecompressor()
    return _local.decompressor.decompress(data)
