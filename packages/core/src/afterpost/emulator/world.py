"""What a fake platform knows: accounts, posts, and their numbers at an instant."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from msgspec import Struct


class WorldAccount(Struct, frozen=True, kw_only=True):
    """An account of the fake platform.

    `token` is an access token that never ends; `refresh_token` can be exchanged at the dialect's token
    endpoint for one that does. Both open this account only.
    """

    id: str
    handle: str
    name: str
    token: str
    refresh_token: str


class WorldPost(Struct, frozen=True, kw_only=True):
    """A post as the platform shows it at one instant. Times are aware UTC.

    It is shown from `visible_from` until `gone_from` (None: for ever).
    """

    id: str
    account_id: str
    title: str
    description: str
    published_at: datetime
    visible_from: datetime
    gone_from: datetime | None = None
    content_type: str = "video"
    duration_seconds: int | None = None

    def visible(self, now: datetime) -> bool:
        """True while the platform shows the post."""
        return self.visible_from <= now and (self.gone_from is None or now < self.gone_from)


class World(ABC):
    """Everything behind a dialect, as pure functions of the instant: the same question, the same answer.

    Accounts are fixed. Implementations index by account, so that no question costs all posts.
    """

    @abstractmethod
    def accounts(self) -> Sequence[WorldAccount]:
        """Every account, in a stable order."""

    @abstractmethod
    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        """The posts of an account visible at `now`, newest first; empty for an unknown account."""

    @abstractmethod
    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        """The post as it is at `now`, None when it is not visible."""

    @abstractmethod
    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        """Canonical metric -> count at `now`. A metric the platform hides is absent, never 0."""

    def account(self, account_id: str) -> WorldAccount | None:
        """The account with this id, if there is one."""
        return self._accounts_by_id.get(account_id)

    def account_for_token(self, token: str) -> WorldAccount | None:
        """Whose endless access token this is, if anyone's."""
        return self._accounts_by_token.get(token)

    def account_for_refresh_token(self, token: str) -> WorldAccount | None:
        """Whose refresh token this is, if anyone's."""
        return self._accounts_by_refresh_token.get(token)

    @cached_property
    def _accounts_by_id(self) -> Mapping[str, WorldAccount]:
        return {account.id: account for account in self.accounts()}

    @cached_property
    def _accounts_by_token(self) -> Mapping[str, WorldAccount]:
        return {account.token: account for account in self.accounts()}

    @cached_property
    def _accounts_by_refresh_token(self) -> Mapping[str, WorldAccount]:
        return {account.refresh_token: account for account in self.accounts()}
