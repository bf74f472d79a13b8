"""What one call of a provider heard over HTTP, written down while it is made.

The context variable belongs to the call: tasks that the provider starts inherit it, and two accounts that
are read at the same time never see each other's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

import httpx


class Answer(NamedTuple):
    """One HTTP answer as it came, before anything is taken out: the request's method, address and body, the
    answer's status, headers and body."""

    method: str
    url: str
    sent: bytes
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_heard: ContextVar[list[Answer] | None] = ContextVar("afterpost_heard", default=None)


@contextmanager
def capturing() -> Iterator[list[Answer]]:
    """The answers of what is called inside, in the order they were complete."""
    answers: list[Answer] = []
    token = _heard.set(answers)
    try:
        yield answers
    finally:
        _heard.reset(token)


def listener() -> list[Answer] | None:
    """Where this call's answers are written down; None when nobody listens."""
    return _heard.get()


def answer_of(request: httpx.Request, url: str, response: httpx.Response) -> Answer:
    """The complete answer to a request that was made to `url`."""
    headers = tuple((name, value) for name, value in response.headers.multi_items())
    return Answer(request.method, url, request.content, response.status_code, headers, response.content)
