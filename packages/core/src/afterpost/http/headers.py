"""Headers of every response, the framework's own errors included."""

from litestar.types import Message, Scope

from afterpost.http.tags import keep, tag_of

CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The content policy of everything that is no page."""

_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", CLOSED.encode()),
)


async def add_headers(message: Message, scope: Scope) -> None:
    """Add what the response does not set itself."""
    keep(message, scope)
    if message["type"] == "http.response.start":
        headers = [*message.get("headers", ()), *tag_of(message["status"], scope)]
        if message["status"] == 304:  # no content; the stored answer has its own (RFC 9110 15.4.5)
            message["headers"] = headers
            return
        given = {name.lower() for name, _ in headers}
        message["headers"] = [*headers, *(each for each in _ALWAYS if each[0] not in given)]
