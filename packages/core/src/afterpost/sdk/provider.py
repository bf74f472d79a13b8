"""The provider contract: what a plugin implements to bring in a network.

A provider turns the platform's wire into readings and errors into kinds. It never retries, sleeps, stores
or opens connections of its own: core hands it a client, a credential and the time.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.domain.readings import Reading, Value
from afterpost.sdk.capabilities import Capabilities
from afterpost.sdk.credentials import Credential, CredentialField
from afterpost.sdk.formats import FileFormat
from afterpost.sdk.oauth import CodeGrant, OAuth

if TYPE_CHECKING:
    import httpx

    from afterpost.emulator import Dialect, World


class Call(Struct, frozen=True, kw_only=True):
    """What core hands to every provider method.

    `client` sends to the declared hosts only, with time-outs and a byte cap; `now` is the instant (aware
    UTC) that readings carry; `account_id` is the platform's id of the account, empty in `check`.
    `since`, in `list_posts` alone: nothing published before it is needed, and a platform that can leave it
    out, or bills by the post, is asked to; None: everything.
    """

    client: "httpx.AsyncClient"
    credential: Credential
    now: datetime
    account_id: str = ""
    since: datetime | None = None


class AccountProfile(Struct, frozen=True, kw_only=True):
    """Whose credential this is: the platform's stable id, the handle people know, a display name."""

    external_id: str
    handle: str
    name: str


class PostInfo(Struct, frozen=True, kw_only=True):
    """One listed post. `published_at` is aware UTC; `content_type` a lower-case word such as video."""

    external_id: str
    published_at: datetime | None = None
    title: str = ""
    description: str = ""
    url: str = ""
    content_type: str = UNKNOWN_TYPE


class Measured(Struct, frozen=True, kw_only=True):
    """The post was read. `post` carries its current title and so on where the answer had them; `partial`
    names metrics that were asked for and refused."""

    reading: Reading
    post: PostInfo | None = None
    partial: tuple[str, ...] = ()


class Page(Struct, frozen=True):
    """One page of an account's posts, newest first; `cursor` is opaque, None at the end.

    `measured`: post id -> its reading, where the list carries metrics (`list_carries_metrics`).
    """

    posts: tuple[PostInfo, ...]
    cursor: str | None = None
    measured: Mapping[str, Measured] = {}


class AccountReading(Struct, frozen=True, kw_only=True):
    """Numbers of the account itself at `call.now`: metric -> value; what was not reported is absent.

    `partial` names metrics that were asked for and refused.
    """

    values: Mapping[str, Value]
    partial: tuple[str, ...] = ()


class Gone(Struct, frozen=True):
    """The platform does not show the post (any more): deleted, private, or not this account's."""

    reason: str = "not in the provider's answer"


class Failed(Struct, frozen=True):
    """This post could not be read; the others of the batch could.

    After RATE_LIMITED, QUOTA_EXHAUSTED or a kind that stops the account, core keeps what was read and asks
    no further: a provider that takes several requests for a batch ends the rest of it so.
    """

    error: ProviderError


Outcome = Measured | Gone | Failed


class Provider(ABC):
    """A network. Only `capabilities` and `fetch_metrics` are required; the rest has a sensible default.

    Every async method may raise ProviderError, and nothing else. It asks once: core alone tries again,
    waits, renews tokens, and keeps to limits and budgets.
    """

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this provider offers; its `platform` is the provider's id."""

    @abstractmethod
    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """Read at most `batch_size` posts: exactly one outcome per asked id.

        Raises ProviderError when the whole call failed.
        """

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """What `connect` asks a person for; empty when the network needs nothing."""
        return ()

    @property
    def oauth(self) -> OAuth | None:
        """The authorisation code flow of this network; None where a person types all there is to it."""
        return None

    @property
    def file_formats(self) -> Sequence[FileFormat]:
        """Export files of this network that `import` can read."""
        return ()

    def emulate(self, world: "World") -> "Dialect | None":
        """This network's wire over a fake world, for demo, replay and tests; None when there is none."""
        return None

    async def check(self, call: Call) -> AccountProfile:
        """Whose credential is it? Called by `connect`; a wrong credential raises ProviderError."""
        raise ProviderError(ErrorKind.BAD_REQUEST, f"{self.capabilities.platform} connects no accounts.")

    def hosts_for(self, credential: Credential) -> Sequence[str]:
        """The hosts to call with this credential. Where it names the host (a Mastodon instance, a PDS) add
        that one: core lets it through over HTTPS, and only to public addresses."""
        return self.capabilities.hosts

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        """The credential for the code that `oauth` led to; `call.credential` holds the app's fields.

        Keep those that `refresh` needs in the answer, and say which scopes were granted.
        """
        raise ProviderError(ErrorKind.BAD_REQUEST, f"{self.capabilities.platform} has no OAuth sign-in.")

    async def sign_in(self, call: Call) -> Credential:
        """The credential to keep for what a person typed (`call.credential`), before `check`.

        By default a refresh token without an access token is exchanged by `refresh`, and all else is kept
        as it is. An app password is exchanged for a session here.
        """
        typed = call.credential
        if "refresh_token" in typed.secrets and "access_token" not in typed.secrets:
            return await self.refresh(call)
        return typed

    async def refresh(self, call: Call) -> Credential:
        """A credential with a new access token, and the new refresh token where there is one.

        Core calls it for one account once at a time, in all processes together, and stores the answer
        before it is used. A dead refresh token is CREDENTIAL_REVOKED.
        """
        raise ProviderError(
            ErrorKind.CREDENTIAL_REVOKED, f"A {self.capabilities.platform} credential can't be renewed."
        )

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """One page of the account's own posts, newest first; `cursor` as the previous page gave it."""
        return Page(())

    async def fetch_account(self, call: Call) -> AccountReading:
        """The account's own numbers (`account_metrics`): followers and so on, as they are now."""
        return AccountReading(values={})

    async def fetch_daily(
        self, call: Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, Outcome]:
        """Series that are per day already, for at most `daily_batch_size` posts: one outcome per asked id.

        `start` and `end` are days of the metrics' `day_zone`, both included. Each is a Measured whose
        reading has `daily` alone (day -> metric -> value, `values` empty): a day without data is absent,
        never 0. Days beyond `daily_days` are cut off, not an error.
        """
        raise ProviderError(ErrorKind.BAD_REQUEST, f"{self.capabilities.platform} has no series by day.")
