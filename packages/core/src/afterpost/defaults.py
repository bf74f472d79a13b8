"""Core's own policies, in force where no plugin answers: one tenant, open access, keep, the age ladder."""

import hmac
from datetime import date, datetime

from afterpost.domain.ages import ladder_key, next_read
from afterpost.domain.errors import Unauthenticated
from afterpost.domain.scope import Actor, Scope
from afterpost.sdk.access import AccessPolicy, Action
from afterpost.sdk.retention import DataClass, RetentionPolicy
from afterpost.sdk.schedule import CollectionSchedule, ScheduledPost
from afterpost.sdk.tenancy import Caller, TenantPolicy


class OneTenant(TenantPolicy):
    """The configured key sees everything; so do the command line and jobs on this machine."""

    def __init__(self, api_key: str) -> None:
        self._key = api_key.encode()

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """The actor of the door; over HTTP only with the right key."""
        if caller.on_behalf_of is not None:
            return caller.on_behalf_of, Scope.default()
        if caller.door in {"cli", "job"}:
            return Actor(caller.door, "local"), Scope.default()
        if caller.token is None or not hmac.compare_digest(caller.token.encode(), self._key):
            raise Unauthenticated(
                "A valid API key is needed.",
                hint="Send it as 'Authorization: Bearer KEY'; the key is in the file api_key of the data "
                "directory, or in AFTERPOST_API_KEY.",
            )
        return Actor("key", "default"), Scope.default()


class OpenAccess(AccessPolicy):
    """Whoever was let in may do everything."""

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        """Always true."""
        return True


class KeepForEver(RetentionPolicy):
    """Nothing is ever deleted."""

    async def keep_from(self, data: DataClass, organization_id: int, now: datetime) -> date | None:
        """None: everything is kept."""
        return None

    def describe(self) -> str:
        """One sentence for people."""
        return "Everything is kept."


class AgeLadder(CollectionSchedule):
    """Hourly in the first day, 6-hourly in the first week, daily in the first 30 days, weekly after."""

    def next_due(self, post: ScheduledPost, now: datetime) -> datetime | None:
        """The ladder's next rung, put off to the account's next tick."""
        return next_read(ladder_key(post.account_id), post.published_at, now)
