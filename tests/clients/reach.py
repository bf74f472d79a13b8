"""Other people's clients before our emulators: a made-up world, a real HTTP server, and the way there.

Each client was written against the real platform by somebody who never saw this house. What it lists, reads
and renews has to be what the emulator's world holds, and what it raises has to be an error of its own.

Google's own client is not here: it brings 111 MB, most of it descriptions of other services, and answers with
plain dictionaries; the description it goes by is the one that the YouTube provider's `test_contract.py` holds
the emulator to. For TikTok's Display API v2 there is none: PyPI's clients speak version 1, the advertising
API, or scrape.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from afterpost.emulator import Dialect, Emulator, Scenario, WorldAccount, WorldPost

NOW = datetime(2060, 7, 1, 12, tzinfo=UTC)
"""Clients read the wall clock to tell whether a token is over: what lasts until after this is not."""


class Shown(Scenario):
    """A scenario without the posts that hide a count: the world of a platform where none can."""

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        return [post for post in super().posts(account_id, now) if self._whole(post.id, now)]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        return super().post(post_id, now) if self._whole(post_id, now) else None

    def _whole(self, post_id: str, now: datetime) -> bool:
        return {"likes", "comments"} <= self.metrics(post_id, now).keys()


class Reach(HTTPAdapter):
    """Sends what `requests` means for a platform's host to its emulator, with that host's name.

    `also`: another name of the platform -> the one that the emulator goes by.
    """

    def __init__(self, emulator: Emulator, also: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._emulator = emulator
        self._also = dict(also or {})

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send it to the emulator, whose answer comes back as it is."""
        asked = urlsplit(str(request.url))
        assert asked.scheme == "https", "a client that would send a token in the clear"
        host = asked.hostname or ""
        request.headers["Host"] = self._also.get(host, host)
        there = urlsplit(self._emulator.url)
        request.url = urlunsplit((there.scheme, there.netloc, *asked[2:]))
        return super().send(request, *args, **kwargs)

    def on(self, session: requests.Session) -> None:
        """Whatever this session sends comes here, and past no proxy of the environment."""
        session.trust_env = False
        session.mount("https://", self)


def scenario(
    metrics: Sequence[str], content_types: Sequence[str], kind: type[Scenario] = Scenario
) -> Scenario:
    """Two accounts with posts of ninety days; of a plain scenario some hide their likes or comments."""
    return kind(
        seed=7,
        start=date(2060, 4, 1),
        days=90,
        accounts=2,
        posts_per_week=10.0,
        metrics=metrics,
        content_types=content_types,
    )


@contextmanager
def emulated(dialect: Dialect) -> Iterator[Emulator]:
    """The platform as a real server, at `NOW`."""
    with Emulator(dialect, clock=lambda: NOW) as emulator:
        yield emulator


def ada(world: Scenario) -> tuple[WorldAccount, Sequence[WorldPost]]:
    """The account that signs in, and its posts, newest first."""
    account = world.accounts()[0]
    posts = world.posts(account.id, NOW)
    assert len(posts) > 100, "more than a page of any platform"
    assert all(world.metrics(post.id, NOW) for post in posts)
    return account, posts


def told(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """What a client parsed, less what it says is not there."""
    return {metric: value for metric, value in parsed.items() if value is not None}


def second(at: datetime) -> datetime:
    """Platforms tell whole seconds."""
    return at.replace(microsecond=0)
