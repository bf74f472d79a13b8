"""The hooks, in the order a newcomer meets them.

Every hook is a plain function, asked once when the app is built, plugin by plugin; it answers with objects,
and the objects do the work. A plugin implements any of them with `@afterpost.hookimpl`, taking only the
arguments it needs.

Collections: every plugin may answer; ids must be unique over all plugins.
Policies: each plugin may answer one object or None; two answers are a start-up error.

What is wrong with a plugin itself (an unknown hook, a wrong answer, an id taken twice) is always a start-up
error. A hook that raises on the day is answered by its class, `FAILURE`.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from afterpost.sdk.markers import hookspec

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from click import Group
    from litestar.types import ControllerRouterHandler

    from afterpost.sdk import (
        AccessPolicy,
        BillingReport,
        CollectionSchedule,
        Guard,
        Migrations,
        Observer,
        Panel,
        PluginContext,
        Provider,
        RetentionPolicy,
        TenantPolicy,
        UnitOfWork,
    )


class Failure(Enum):
    """What a failing plugin costs, first when its hook raises, then when its object does."""

    PROVIDER = "The app starts without its networks; later only the item at hand fails, others go on."
    REQUIRED = "The app does not start."
    CONTRIBUTION = "It is dropped and shown as degraded in health and `doctor`; the rest goes on."
    OBSERVER = "The app does not start, for events would pass it by; later it is logged and asked again."
    PROTECTION = "The app does not start; later it fails closed: denied, undone, kept."
    ADVICE = "The app does not start; later core's own answer stands in."


FAILURE: Mapping[str, Failure] = {
    "register_providers": Failure.PROVIDER,
    "register_migrations": Failure.REQUIRED,
    "register_routes": Failure.CONTRIBUTION,
    "register_commands": Failure.CONTRIBUTION,
    "register_panels": Failure.CONTRIBUTION,
    "register_billing_reports": Failure.CONTRIBUTION,
    "register_observers": Failure.OBSERVER,
    "register_guards": Failure.PROTECTION,
    "unit_of_work": Failure.PROTECTION,
    "lifespan": Failure.CONTRIBUTION,
    "tenant_policy": Failure.PROTECTION,
    "access_policy": Failure.PROTECTION,
    "retention_policy": Failure.PROTECTION,
    "collection_schedule": Failure.ADVICE,
}
"""hook -> what a failing plugin costs."""
CONTAINED = frozenset({Failure.PROVIDER, Failure.CONTRIBUTION})
"""Classes whose hooks may raise and the app starts all the same."""


class Specs:
    """The questions core asks its plugins."""

    @hookspec
    def register_providers(self, settings: "Mapping[str, str]") -> "Iterable[Provider]":
        """Bring in networks: each provider's platform slug is its id.

        Asked first. `settings` is the plugin's own section.
        """
        raise NotImplementedError

    @hookspec
    def register_migrations(self) -> "Migrations | None":
        """Say where the plugin's Alembic scripts are; they make its own tables and nothing else.

        Asked before the database is opened; run after core's, with a version table of the plugin's own. On
        core's tables they may put row security, and say so in `Migrations.row_security`.
        """
        raise NotImplementedError

    @hookspec
    def register_routes(self, context: "PluginContext") -> "Sequence[ControllerRouterHandler]":
        """Add Litestar handlers or routers; they are mounted under `/v1/x/<plugin>/`.

        Asked when the web app is built. Every route needs a key; one that changes something says what it
        does (`opt={"action": ...}`) or stays closed. A handler takes `call` (`afterpost.api.Call`) for who
        asks and what they may see.
        """
        raise NotImplementedError

    @hookspec
    def register_commands(self, context: "PluginContext") -> "Group | None":
        """Add a click group; it becomes `afterpost <plugin>`.

        Asked when the command line meets a name that is not core's, or lists all; there is no database yet.
        A command opens the installation with `afterpost.api.opened`.
        """
        raise NotImplementedError

    @hookspec
    def register_panels(self, context: "PluginContext") -> "Iterable[Panel]":
        """Add charts to pages, as Vega-Lite without data and the path that gives the data."""
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

        What an observer writes through its transaction is committed with the receipt of the events.
        """
        raise NotImplementedError

    @hookspec
    def register_guards(self, context: "PluginContext") -> "Iterable[Guard]":
        """Be asked before data is collected, synced, exported, imported, reported or purged.

        Every guard is asked; any Hold or Deny stops the act before anything was done. `settle` says
        afterwards what came of it.
        """
        raise NotImplementedError

    @hookspec
    def unit_of_work(self, context: "PluginContext") -> "UnitOfWork | None":
        """Join core's transactions: first in each, and last before each commit; raising undoes the act.

        This is where row security learns the scope and where an audit row is committed with its act.
        """
        raise NotImplementedError

    @hookspec
    def lifespan(self, context: "PluginContext") -> "AbstractAsyncContextManager[object] | None":
        """Be there while the web app serves: entered in the order of plugin names, left in reverse.

        Commands and jobs outside the web app do not enter it, so policies must not depend on it.
        """
        raise NotImplementedError

    @hookspec
    def tenant_policy(self, context: "PluginContext", default: "TenantPolicy") -> "TenantPolicy | None":
        """Decide who is calling and what they may see. Default: the configured key sees everything.

        `default` is the policy that holds where nobody answers; a policy may ask it.
        """
        raise NotImplementedError

    @hookspec
    def access_policy(self, context: "PluginContext", default: "AccessPolicy") -> "AccessPolicy | None":
        """Decide whether an actor may act. Default: whoever was let in may do everything."""
        raise NotImplementedError

    @hookspec
    def retention_policy(
        self, context: "PluginContext", default: "RetentionPolicy"
    ) -> "RetentionPolicy | None":
        """Decide how long facts are kept. Default: for ever. None and silence mean: keep."""
        raise NotImplementedError

    @hookspec
    def collection_schedule(
        self, context: "PluginContext", default: "CollectionSchedule"
    ) -> "CollectionSchedule | None":
        """Decide when each post is read next. Default: the age ladder.

        One that raises later is logged, and the age ladder stands in for that post.
        """
        raise NotImplementedError
