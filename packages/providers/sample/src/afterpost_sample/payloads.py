"""Sample's wire as types. What does not fit them is malformed and never becomes a number."""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

T = TypeVar("T")
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]  # more than that can't be stored


class Token(Struct):
    """The answer of `POST /token`."""

    access_token: str
    expires_in: Annotated[int, Meta(ge=1, le=31_536_000)]


class Account(Struct):
    """The answer of `GET /me`."""

    id: str
    handle: str
    name: str


class Stats(Struct, rename={"views": "plays", "likes": "hearts", "comments": "replies"}):
    """Lifetime counts: Afterpost's names here, Sample's on the wire. None, never 0, for a hidden one."""

    views: Count | None = None
    likes: Count | None = None
    comments: Count | None = None


class Post(Struct):
    """A post. Its counts stay undecoded here, so that odd ones cost this post and not the whole answer."""

    id: str
    title: str
    published_at: Annotated[datetime, Meta(tz=True)]  # a time without a zone could mean anything
    stats: Raw = Raw()


class Posts(Struct):
    """The answer of `GET /posts`, where `next` is the cursor of the next page, and of `GET /stats`."""

    posts: list[Post]
    next: str | None = None


class Refusal(Struct):
    """The body of every refusal. Only what looks like a code is taken for one: people get to see it."""

    error: Annotated[str, Meta(pattern=r"^[a-z_]{1,40}\Z")]


def read(body: bytes | Raw, kind: type[T]) -> T | None:
    """The body as what it should be; None when it is anything else, HTML and half an answer among it."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):  # the second for JSON nested beyond all measure
        return None
