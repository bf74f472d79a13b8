"""Plugins with a policy each: a narrow tenant, a closed door, a keeper, a slow schedule."""

from datetime import date, datetime, timedelta

from afterpost import hookimpl
from afterpost.sdk import (
    AccessPolicy,
    Action,
    Actor,
    Caller,
    CollectionSchedule,
    DataClass,
    PluginContext,
    Reads,
    RetentionPolicy,
    ScheduledPost,
    Scope,
    TenantPolicy,
)


class NarrowTenant(TenantPolicy):
    """Everybody sees organisation 1 and brand 7 alone."""

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """Always the same."""
        return Actor("key", "narrow"), Scope(organizations=frozenset({1}), brands=frozenset({7}))


class NamedTenant(TenantPolicy):
    """Everybody sees the organisation of one slug, which is looked up."""

    def __init__(self, reads: Reads, slug: str) -> None:
        self._reads = reads
        self._slug = slug

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """The organisation's, or nothing."""
        found = await self._reads.organizations(Scope.default())
        return Actor("key", self._slug), Scope.default().narrowed(organization=found.get(self._slug, 0))


class NamedTenantPlugin:
    """The plugin with that policy."""

    def __init__(self, slug: str) -> None:
        self._slug = slug

    @hookimpl
    def tenant_policy(self, context: PluginContext) -> TenantPolicy:
        """By slug."""
        assert context.reads is not None
        return NamedTenant(context.reads, self._slug)


class BrokenTenant(TenantPolicy):
    """Raises."""

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """Always fails."""
        raise RuntimeError("no idea")


class ReadOnly(AccessPolicy):
    """Reading is allowed and nothing else."""

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        """Only `read`."""
        return action == "read"


class Broken(AccessPolicy):
    """Raises."""

    async def allow(self, actor: Actor, action: Action, scope: Scope) -> bool:
        """Always fails."""
        raise RuntimeError("no idea")


class TenYears(RetentionPolicy):
    """Keeps ten years."""

    async def keep_from(self, data: DataClass, organization_id: int, now: datetime) -> date | None:
        """Ten years back."""
        return now.date() - timedelta(days=3_650)

    def describe(self) -> str:
        """One sentence."""
        return "Ten years are kept."


class EveryMonth(CollectionSchedule):
    """Reads each post every thirty days."""

    def next_due(self, post: ScheduledPost, now: datetime) -> datetime | None:
        """Thirty days on."""
        return now + timedelta(days=30)


class PolicyPlugin:
    """Answers the policy hooks with what it is given; None where nothing was."""

    def __init__(
        self,
        tenant: TenantPolicy | None = None,
        access: AccessPolicy | None = None,
        retention: RetentionPolicy | None = None,
        schedule: CollectionSchedule | None = None,
    ) -> None:
        self._tenant = tenant
        self._access = access
        self._retention = retention
        self._schedule = schedule

    @hookimpl
    def tenant_policy(self, context: PluginContext) -> TenantPolicy | None:
        """The tenant policy."""
        return self._tenant

    @hookimpl
    def access_policy(self, context: PluginContext) -> AccessPolicy | None:
        """The access policy."""
        return self._access

    @hookimpl
    def retention_policy(self) -> RetentionPolicy | None:
        """The retention policy; takes no argument, for it needs none."""
        return self._retention

    @hookimpl
    def collection_schedule(self, context: PluginContext) -> CollectionSchedule | None:
        """The schedule."""
        return self._schedule
