"""A tiny network, the plugin that brings it in, and a clock that is set by hand."""

import asyncio
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from afterpost import hookimpl
from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.sdk import (
    AccountProfile,
    Call,
    Capabilities,
    CodeGrant,
    Credential,
    CredentialField,
    Failed,
    Gone,
    Measured,
    MetricSpec,
    OAuth,
    OAuthScope,
    Outcome,
    Page,
    PostInfo,
    Provider,
    Reading,
    Secret,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
KEY = "a-key-for-tests-only"
BEARER = {"Authorization": f"Bearer {KEY}"}


class Clock:
    """The time of a test."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Network(Provider):
    """Posts with numbers in memory; counts how often it is asked, and fails on demand."""

    def __init__(self) -> None:
        self.views: dict[str, int] = {"t1": 100, "t2": 50}
        self.asked: list[Sequence[str]] = []
        self.failure: ProviderError | None = None
        self.post_failure: ProviderError | None = None
        self.gone: set[str] = set()
        self.hold: threading.Event | None = None
        self.entered = threading.Event()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="toy",
            display_name="Toy",
            metrics=(MetricSpec(name="views", native="v"), MetricSpec(name="likes", native="l")),
            hosts=("api.toy.example",),
        )

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        return (
            CredentialField("token", "Token"),
            CredentialField("client_id", "Client id", secret=False, required=False, of_app=True),
        )

    @property
    def oauth(self) -> OAuth:
        return OAuth(
            authorize_url="https://api.toy.example/authorize?a=b",
            scopes=(OAuthScope("read", "read your posts"),),
        )

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        if grant.code.reveal() != "a-code":
            raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "That code opens nothing.")
        return Credential(secrets={**call.credential.secrets, "token": Secret("open-sesame")})

    async def check(self, call: Call) -> AccountProfile:
        if call.credential.secret("token") != "open-sesame":
            raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "That token opens nothing.")
        return AccountProfile(external_id="u1", handle="ada", name="Ada")

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        return Page(
            tuple(
                PostInfo(external_id=key, title=f"Post {key}", published_at=call.now - timedelta(hours=30))
                for key in self.views
            )
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        self.asked.append(tuple(ids))
        self.entered.set()
        if self.hold is not None:
            await asyncio.to_thread(self.hold.wait, 20)
        if self.failure is not None:
            raise self.failure
        return {key: self._outcome(key, call.now) for key in ids}

    def _outcome(self, key: str, now: datetime) -> Outcome:
        if key in self.gone:
            return Gone()
        if self.post_failure is not None:
            return Failed(self.post_failure)
        reading = Reading(
            observed_at=now,
            values={"views": self.views[key], "likes": self.views[key] // 10},
            definitions=self.capabilities.definitions(),
            published_at=NOON - timedelta(hours=30),
        )
        return Measured(reading=reading)


class ToyPlugin:
    """Brings the network in."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        return (self._network,)
