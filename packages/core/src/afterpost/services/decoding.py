"""The body of an answer, decoded in bounded steps: it takes no more than its cap, whatever it unpacks to."""

import zlib
from collections.abc import AsyncIterator

from afterpost.domain.errors import ErrorKind, ProviderError

MAX_BYTES = 8 * 1024 * 1024
"""Largest answer, decoded; a bigger one is refused before it fills the memory."""
ACCEPTED = "gzip"
"""The one encoding that is asked for, and the one that is decoded."""
_STEP = 64 * 1024
"""Bytes that one step decodes at most."""


async def read_decoded(raw: AsyncIterator[bytes], encoding: str) -> bytes:
    """The whole body under its `Content-Encoding`.

    Raises ProviderError (UPSTREAM_MALFORMED) for one larger than `MAX_BYTES`, damaged or cut off, in another
    encoding, or encoded more than once.
    """
    layers = [
        layer for each in encoding.split(",") if (layer := each.strip().lower()) not in ("", "identity")
    ]
    if layers not in ([], ["gzip"], ["x-gzip"]):
        raise _malformed(f"it is encoded as {encoding[:60]!r}, and {ACCEPTED!r} was asked for")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16) if layers else None
    body, begun = bytearray(), False
    async for chunk in raw:
        begun = begun or bool(chunk)
        if decoder is None:
            _grow(body, chunk)
            continue
        try:
            while chunk:
                _grow(body, decoder.decompress(chunk, _STEP))
                chunk = decoder.unconsumed_tail
        except zlib.error as error:
            raise _malformed(f"its gzip body is damaged ({error})") from error
    # An answer to HEAD names its encoding and has no body.
    if decoder is not None and begun and not decoder.eof:
        raise _malformed("its gzip body ends too early")
    return bytes(body)


def _grow(body: bytearray, more: bytes) -> None:
    body += more
    if len(body) > MAX_BYTES:
        raise _malformed(f"it is larger than {MAX_BYTES // 2**20} MB")


def _malformed(why: str) -> ProviderError:
    return ProviderError(ErrorKind.UPSTREAM_MALFORMED, f"The answer can't be used: {why}.")
