"""Answers that are not worked out again: who has the answer of the data as it is now hears so (304).

Who has not gets the one that this process kept, if it has one.
"""

from collections.abc import Iterator
from functools import partial
from urllib.parse import parse_qsl

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from afterpost.http.scope import admitted

TAGGED = {"tagged": True}
"""`opt` of a route whose answer follows from the data, the day and what was asked, and from nothing else."""
MOST_BYTES = 64 * 1024
"""Larger answers are worked out each time."""


def before_tagged(app: ASGIApp) -> ASGIApp:
    """The middleware behind admission: 304 where the caller has the answer (`If-None-Match`), 200 where this
    process has it. Whatever a tagged route answers otherwise gets a tag."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "GET" or not scope["route_handler"].opt.get("tagged", False):
            return await app(scope, receive, send)
        call = admitted(scope)
        asked = [scope["path"], sorted(parse_qsl(scope["query_string"].decode("latin-1"), True))]
        # Weak: `as_of` says when it was worked out, and that is all two answers of one tag differ in.
        tag = f'W/"{await call.versions.mark(call.scope, asked)}"'.encode()
        scope["state"]["tag"] = tag
        if tag in _known_to_caller(scope):
            return await _send(send, 304, b"")
        answers, question = call.versions.answers, (call.scope, msgspec.json.encode(asked))
        kept = answers.get(question, tag)
        if kept is not None:
            return await _send(send, 200, kept)
        scope["state"]["keep"] = partial(answers.put, question, tag)
        return await app(scope, receive, send)

    return answer


def _known_to_caller(scope: Scope) -> Iterator[bytes]:
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            yield from (each.strip() for each in value.split(b","))


async def _send(send: Send, status: int, body: bytes) -> None:
    told = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": told if body else []})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def tag_of(status: int, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers that a tagged answer has beside its own; a problem has no tag."""
    tag = scope["state"].get("tag")
    if tag is None or status not in (200, 304):
        return []
    return [(b"etag", tag), (b"cache-control", b"private, no-cache"), (b"vary", b"Authorization")]


def keep(message: Message, scope: Scope) -> None:
    """Keep a tagged answer for the next who asks the same of the same data; a problem is not kept."""
    put = scope["state"].get("keep")
    if put is None:
        return
    if message["type"] == "http.response.start" and message["status"] != 200:
        del scope["state"]["keep"]
    elif message["type"] == "http.response.body" and len(message["body"]) <= MOST_BYTES:
        put(message["body"])
