"""Answers that are not worked out again: who has the answer of the data as it is now hears so (304).

Who has not gets the one that this process kept, if it has one.
"""

from functools import partial
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from afterpost.http.scope import acting

TAGGED = {"tagged": True}
"""`opt` of a route whose answer follows from the data, the day and what was asked, and from nothing else."""
_CACHING = "private, no-cache"
MOST_BYTES = 64 * 1024
"""Larger answers are worked out each time."""


async def unchanged(request: Request[Any, Any, Any]) -> Response[bytes] | Response[None] | None:
    """304 where the caller has the answer (`If-None-Match`), 200 where this process has it; else None.

    Whatever the answer will be, it gets a tag.
    """
    call = acting(request)
    asked = [request.scope["path"], sorted(request.query_params.multi_items())]
    # Weak: `as_of` says when it was worked out, and that is all two answers of one tag differ in.
    tag = f'W/"{await call.versions.mark(call.scope, asked)}"'
    request.state.tag = tag
    if tag in {each.strip() for each in request.headers.get("if-none-match", "").split(",")}:
        return Response(None, status_code=304)
    answers, question = call.versions.answers, (call.scope, msgspec.json.encode(asked))
    kept = answers.get(question, tag)
    if kept is not None:
        return Response(kept, media_type=MediaType.JSON)
    request.state.keep = partial(answers.put, question, tag)
    return None


def add_tag(message: Message, scope: Scope) -> None:
    """Give a tagged answer its headers; a problem has no tag."""
    tag = scope["state"].get("tag")
    if tag is not None and message["type"] == "http.response.start" and message["status"] in (200, 304):
        headers = MutableScopeHeaders.from_message(message)
        headers["ETag"] = tag
        headers["Cache-Control"] = _CACHING
        headers["Vary"] = "Authorization"


def keep(message: Message, scope: Scope) -> None:
    """Keep a tagged answer for the next who asks the same of the same data; a problem is not kept."""
    put = scope["state"].get("keep")
    if put is None:
        return
    if message["type"] == "http.response.start" and message["status"] != 200:
        del scope["state"]["keep"]
    elif message["type"] == "http.response.body" and len(message["body"]) <= MOST_BYTES:
        put(message["body"])
