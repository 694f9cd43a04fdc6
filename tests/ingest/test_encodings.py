"""Decompressing under a limit, without a server: the edges the table's rows are too coarse for."""

from __future__ import annotations

import contextlib
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.encodings import LARGE_BYTES, MAX_MEMBERS, opened
from apps.ingest.refusal import Refusal

MIB = 2**20
PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}


def decoded(body: bytes, name: str, limit_bytes: int) -> bytes:
    whole = opened(body, name, limit_bytes)
    taken = whole.take()
    assert len(taken) == whole.size_bytes
    return taken


def most_python_memory(do: Callable[[], object]) -> int:
    """Bytes held at once by Python's objects while `do` runs, beyond what was held before."""
    tracemalloc.start()
    try:
        with contextlib.suppress(Refusal):
            do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=5000), st.sampled_from(sorted(PACKERS)))
def test_what_was_packed_comes_back(data, name):
    assert decoded(PACKERS[name](data), name, 5000) == data


@given(st.binary(min_size=1, max_size=3000), st.sampled_from(sorted(PACKERS)), st.data())
def test_no_cut_body_is_taken_for_a_whole_one(data, name, draw):
    packed = PACKERS[name](data)
    cut = draw.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(Refusal) as refused:
        decoded(packed[:cut], name, 5000)
    assert refused.value.status == 400


@given(st.binary(max_size=300), st.sampled_from(["gzip", "x-gzip", "deflate", "zlib", "zstd"]))
def test_any_bytes_give_a_body_or_a_refusal(data, name):
    try:
        assert isinstance(decoded(data, name, 1000), bytes)
    except Refusal as refusal:
        assert refusal.status in (400, 413)


@pytest.mark.parametrize("name", sorted(PACKERS))
@pytest.mark.parametrize("size", [MIB, 3 * MIB, MIB + 1, LARGE_BYTES, LARGE_BYTES + 1, 12 * MIB])
def test_the_limit_is_the_last_size_that_passes(name, size):
    packed = PACKERS[name](bytes(size))
    assert decoded(packed, name, size) == bytes(size)
    with pytest.raises(Refusal) as refused:
        decoded(packed, name, size - 1)
    assert refused.value.status == 413


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_as_many_members_as_the_limit_allows_are_joined(name):
    member = PACKERS[name](b"x")
    assert decoded(member * MAX_MEMBERS, name, MAX_MEMBERS) == b"x" * MAX_MEMBERS
    with pytest.raises(Refusal):
        decoded(member * (MAX_MEMBERS + 1), name, 2 * MAX_MEMBERS)


def test_a_zstd_frame_that_asks_for_a_large_window_is_refused():
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = stream.compress(b"x" * 1000) + stream.flush()
    with pytest.raises(Refusal) as refused:
        decoded(packed, "zstd", 10**6)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_large_body_comes_back_as_it_was(name):
    data = random.Random(1).randbytes(MIB) * 20
    assert decoded(PACKERS[name](data), name, 20 * MIB) == data


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_bomb_costs_no_more_than_a_body_that_is_not_large(name):
    bomb = PACKERS[name](bytes(100 * MIB))
    assert most_python_memory(lambda: decoded(bomb, name, 64 * MIB)) < LARGE_BYTES + 5 * MIB


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_large_body_takes_memory_when_it_is_taken_and_its_size_once(name):
    packed = PACKERS[name](bytes(50 * MIB))
    whole = opened(packed, name, 64 * MIB)
    assert most_python_memory(lambda: opened(packed, name, 64 * MIB)) < LARGE_BYTES + 5 * MIB
    assert 50 * MIB <= most_python_memory(whole.take) < 55 * MIB
