"""Bodies that are small until they are unpacked, and others that are not what was asked for."""

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.services.decoding import MAX_BYTES, read_decoded


async def sent(body: bytes, size: int = 16_384) -> AsyncIterator[bytes]:
    """The body as it comes, in pieces."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def refused(body: bytes, encoding: str) -> str:
    """Why the body is not taken."""
    with pytest.raises(ProviderError) as raised:
        await read_decoded(sent(body), encoding)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED
    return raised.value.message


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
async def test_a_plain_body_is_taken_as_it_is(encoding: str) -> None:
    assert await read_decoded(sent(b"x" * MAX_BYTES), encoding) == b"x" * MAX_BYTES
    assert "larger than 8 MB" in await refused(b"x" * (MAX_BYTES + 1), encoding)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP", "identity, gzip"])
@pytest.mark.parametrize("size", [1, 7, 16_384])
async def test_a_gzip_body_is_decoded_however_it_is_cut(encoding: str, size: int) -> None:
    whole = json.dumps([*range(3_000)]).encode()
    assert await read_decoded(sent(gzip.compress(whole), size), encoding) == whole
    assert await read_decoded(sent(b""), encoding) == b""


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "zstd", "br", "gzip,identity,gzip", "x"])
async def test_other_and_several_encodings_are_refused(encoding: str) -> None:
    assert "and 'gzip' was asked for" in await refused(gzip.compress(b"{}"), encoding)


async def test_damaged_and_cut_bodies_are_refused() -> None:
    whole = gzip.compress(b"x" * 100_000)
    assert "ends too early" in await refused(whole[:-4], "gzip")
    assert "damaged" in await refused(b"no gzip at all", "gzip")
    assert "damaged" in await refused(zlib.compress(b"x"), "gzip")


READ_IT = """
import asyncio, resource, sys
from afterpost.domain.errors import ProviderError
from afterpost.services.decoding import read_decoded

bomb = open(sys.argv[1], "rb").read()

async def body():
    for start in range(0, len(bomb), 65_536):
        yield bomb[start : start + 65_536]

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    asyncio.run(read_decoded(body(), "gzip"))
except ProviderError as error:
    print(error.message)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_a_bomb_takes_no_more_than_three_times_the_cap(tmp_path: Path) -> None:
    """Half a gigabyte of zeros, half a megabyte packed; in a process of its own, whose peak is its own."""
    bomb = tmp_path / "bomb.gz"
    with gzip.open(bomb, "wb", compresslevel=9) as file:
        for _ in range(512):
            file.write(bytes(2**20))
    assert bomb.stat().st_size < 600_000
    done = subprocess.run(
        [sys.executable, "-c", READ_IT, str(bomb)], capture_output=True, text=True, check=True
    )
    said, peak = done.stdout.splitlines()
    assert "larger than 8 MB" in said
    assert int(peak) <= 3 * MAX_BYTES
