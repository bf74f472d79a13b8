"""The hooks, in the order a newcomer meets them.

Every hook is a plain function, asked once when the app is built, plugin by plugin; it answers with objects,
and the objects do the work. A plugin implements any of them with `@afterpost.hookimpl`, taking only the
arguments it needs.

Collections: every plugin may answer; ids must be unique over all plugins.
Policies: each plugin may answer one object or None; two answers are a start-up error.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from afterpost.sdk.markers import hookspec

if TYPE_CHECKING:
    from afterpost.sdk import (
        AccessPolicy,
        BillingReport,
        CollectionSchedule,
        Migrations,
        Observer,
        PluginContext,
        Provider,
        RetentionPolicy,
        TenantPolicy,
    )


class Specs:
    """The questions core asks its plugins."""

    @hookspec
    def register_providers(self, settings: "Mapping[str, str]") -> "Iterable[Provider]":
        """Bring in networks: each provider's platform slug is its id.

        Asked first. `settings` is the plugin's own section. A provider that fails later harms only its own
        items.
        """
        raise NotImplementedError

    @hookspec
    def register_migrations(self) -> "Migrations | None":
        """Say where the plugin's Alembic scripts are; they make its own tables and nothing else.

        Asked before the database is opened; run after core's, with a version table of the plugin's own.
        """
        raise NotImplementedError

    @hookspec
    def register_billing_reports(self, context: "PluginContext") -> "Iterable[BillingReport]":
        """Add reports over a window: `afterpost report` lists and runs them.

        A report reads through `context.reads`, always within the caller's scope.
        """
        raise NotImplementedError

    @hookspec
    def register_observers(self, context: "PluginContext") -> "Iterable[Observer]":
        """Be told about committed facts, at least once, from the outbox.

        An observer that raises is logged and asked again later; it never touches the facts.
        """
        raise NotImplementedError

    @hookspec
    def tenant_policy(self, context: "PluginContext") -> "TenantPolicy | None":
        """Decide who is calling and what they may see. Default: the configured key sees everything.

        Raising denies the call.
        """
        raise NotImplementedError

    @hookspec
    def access_policy(self, context: "PluginContext") -> "AccessPolicy | None":
        """Decide whether an actor may act. Default: whoever was let in may do everything.

        Raising denies the act.
        """
        raise NotImplementedError

    @hookspec
    def retention_policy(self, context: "PluginContext") -> "RetentionPolicy | None":
        """Decide how long facts are kept. Default: for ever.

        Raising, None and silence all mean: keep.
        """
        raise NotImplementedError

    @hookspec
    def collection_schedule(self, context: "PluginContext") -> "CollectionSchedule | None":
        """Decide when each post is read next. Default: the age ladder.

        Raising falls back on the age ladder for that post.
        """
        raise NotImplementedError
