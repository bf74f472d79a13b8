"""A client that answers from the archive what a network once answered, and knows no network."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import msgspec

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.services.archive import sent_digest, unpacked
from afterpost.services.redaction import Redactor
from afterpost.storage.archive import Part

_headers = msgspec.json.Decoder(list[tuple[str, str]]).decode
_NONE = Redactor({})


class _Archived(httpx.AsyncBaseTransport):
    """Gives each kept answer once, to the request it was the answer to."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._left = list(parts)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; ProviderError where the archive holds none, for then other code asked."""
        await request.aread()
        url, sent = _NONE.url(str(request.url)), sent_digest(_NONE, request.content)
        here = [p for p in self._left if p.method == request.method and _address(p.url) == _address(url)]
        # A body may hold what is new each time, such as the boundary of its parts.
        part = next((part for part in here if part.sent == sent), here[0] if here else None)
        if part is None or part.body is None or part.status is None:
            raise ProviderError(ErrorKind.BUG, f"The archive holds no answer to {request.method} {url}.")
        self._left.remove(part)
        return httpx.Response(
            part.status, headers=_headers(part.headers or "[]"), content=unpacked(part.body), request=request
        )


def _address(url: str | None) -> str:
    """An address as it is compared. A host that a credential names stands there as `REDACTED-…`, and a client
    writes hosts in small letters."""
    parts = urlsplit(url or "")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def replying(parts: Sequence[Part]) -> httpx.AsyncClient:
    """A client for one call of a provider."""
    return httpx.AsyncClient(transport=_Archived(parts), trust_env=False, follow_redirects=False)
