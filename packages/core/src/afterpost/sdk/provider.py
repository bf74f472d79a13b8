"""The provider contract: what a plugin implements to bring in a network.

A provider turns the platform's wire into readings and errors into kinds. It never retries, sleeps, stores
or opens connections of its own: core hands it a client, a credential and the time.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.domain.readings import Reading
from afterpost.sdk.capabilities import Capabilities
from afterpost.sdk.credentials import Credential, CredentialField
from afterpost.sdk.formats import FileFormat

if TYPE_CHECKING:
    import httpx

    from afterpost.emulator import Dialect, World


class Call(Struct, frozen=True, kw_only=True):
    """What core hands to every provider method.

    `client` sends to the declared hosts only, with time-outs and a byte cap; `now` is the instant (aware
    UTC) that readings carry; `account_id` is the platform's id of the account, empty in `check`.
    """

    client: "httpx.AsyncClient"
    credential: Credential
    now: datetime
    account_id: str = ""


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


class Page(Struct, frozen=True):
    """One page of an account's posts, newest first; `cursor` is opaque, None at the end."""

    posts: tuple[PostInfo, ...]
    cursor: str | None = None


class Measured(Struct, frozen=True, kw_only=True):
    """The post was read. `post` carries its current title and so on where the answer had them; `partial`
    names metrics that were asked for and refused."""

    reading: Reading
    post: PostInfo | None = None
    partial: tuple[str, ...] = ()


class Gone(Struct, frozen=True):
    """The platform does not show the post (any more): deleted, private, or not this account's."""

    reason: str = "not in the provider's answer"


class Failed(Struct, frozen=True):
    """This post could not be read; the others of the batch could."""

    error: ProviderError


Outcome = Measured | Gone | Failed


class Provider(ABC):
    """A network. Only `capabilities` and `fetch_metrics` are required; the rest has a sensible default."""

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
    def file_formats(self) -> Sequence[FileFormat]:
        """Export files of this network that `import` can read."""
        return ()

    def emulate(self, world: "World") -> "Dialect | None":
        """This network's wire over a fake world, for demo, replay and tests; None when there is none."""
        return None

    async def check(self, call: Call) -> AccountProfile:
        """Whose credential is it? Called by `connect`; a wrong credential raises ProviderError."""
        raise ProviderError(ErrorKind.BAD_REQUEST, f"{self.capabilities.platform} connects no accounts.")

    async def refresh(self, call: Call) -> Credential:
        """A credential with a new access token. Core stores it before the next call."""
        raise ProviderError(
            ErrorKind.CREDENTIAL_REVOKED, f"A {self.capabilities.platform} credential can't be renewed."
        )

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """One page of the account's own posts, newest first; `cursor` as the previous page gave it."""
        return Page(())
