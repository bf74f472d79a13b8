"""Headers of every response, the framework's own errors included."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from afterpost.http.tags import add_tag, keep

CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The content policy of everything that is no page."""

_ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CLOSED,
}


async def add_headers(message: Message, scope: Scope) -> None:
    """Add what the response does not set itself."""
    keep(message, scope)
    if message["type"] == "http.response.start":
        add_tag(message, scope)
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _ALWAYS.items():
            headers.setdefault(name, value)
