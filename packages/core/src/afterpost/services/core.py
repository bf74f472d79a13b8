"""One running Afterpost: its settings, database, providers and policies, handed to every service."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from afterpost.defaults import AgeLadder, KeepForEver, OneTenant, OpenAccess
from afterpost.domain.errors import AfterpostError, Forbidden
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.plugins import Plugins
from afterpost.sdk import (
    AccessPolicy,
    Action,
    BillingReport,
    Caller,
    CollectionSchedule,
    Observer,
    PluginContext,
    Provider,
    RetentionPolicy,
    TenantPolicy,
)
from afterpost.services.egress import Egress
from afterpost.services.reads import CoreReads
from afterpost.settings import Settings
from afterpost.storage import organizations, runs
from afterpost.storage.credentials import Sealer
from afterpost.storage.engine import Connection, Database
from afterpost.storage.migrate import migrate
from afterpost.storage.organizations import Organization
from afterpost.storage.transaction import Tx, transaction

ABANDONED = timedelta(hours=6)
"""A run open for longer was cut off with its process."""


def wall_clock() -> datetime:
    """Now, aware UTC. The only place that reads the clock of the machine."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Core:
    """Everything a service needs. Made by `open_core`; `close` ends it."""

    settings: Settings
    plugins: Plugins
    clock: Callable[[], datetime]
    database: Database
    sealer: Sealer
    egress: Egress
    providers: Mapping[str, Provider]
    observers: Mapping[str, Observer]
    reports: Mapping[str, BillingReport]
    tenancy: TenantPolicy
    access: AccessPolicy
    retention: RetentionPolicy
    schedule: CollectionSchedule
    closers: tuple[Callable[[], None], ...] = ()
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("afterpost"))

    def now(self) -> datetime:
        """The instant by this installation's clock."""
        return self.clock()

    @contextmanager
    def transaction(self, scope: Scope, actor: Actor) -> Iterator[Tx]:
        """The one way to write."""
        with transaction(self.database, scope, actor, self.now(), tuple(self.observers)) as tx:
            yield tx

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """Who is calling and what they may see; a policy that fails denies."""
        try:
            return await self.tenancy.resolve(caller)
        except AfterpostError:
            raise
        except Exception as error:
            self.log.exception("tenant policy failed")
            raise Forbidden("The tenant policy failed, so nothing is allowed.") from error

    async def permit(self, actor: Actor, action: Action, scope: Scope) -> None:
        """Raises Forbidden unless the access policy allows the action; a policy that fails denies."""
        try:
            allowed = await self.access.allow(actor, action, scope)
        except Exception as error:
            self.log.exception("access policy failed")
            raise Forbidden("The access policy failed, so nothing is allowed.") from error
        if allowed is not True:
            raise Forbidden(f"{actor} may not {action} here.", hint="Ask whoever manages access.")

    def organization(self, connection: Connection, scope: Scope) -> Organization:
        """The organisation a call is about: the first of its scope; callers need not name one."""
        found = organizations.list_organizations(connection, scope)
        if not found:
            raise Forbidden("This caller may see no organisation.")
        return found[0]

    async def close(self) -> None:
        """Close connections to providers and the database."""
        await self.egress.close()
        for close in self.closers:
            close()
        self.database.close()


def open_core(
    settings: Settings,
    plugins: Plugins,
    *,
    clock: Callable[[], datetime] = wall_clock,
    emulated: Mapping[str, str] | None = None,
    closers: tuple[Callable[[], None], ...] = (),
) -> Core:
    """Open the database, bring its schema up to date, ask every plugin.

    `emulated`: host -> base URL of an emulator that answers for it; `closers` are called at the end.
    Raises Misconfigured or PluginError, with a sentence that says what to do, when this installation can't
    run.
    """
    providers = plugins.providers(settings)
    own_tables = plugins.migrations()
    database = Database(settings.database_url)
    try:
        migrate(database, Scope.default(), own_tables)
        reads = CoreReads(database)

        def context(plugin: str) -> PluginContext:
            return PluginContext(
                settings=settings.section(plugin),
                clock=clock,
                log=logging.getLogger(f"afterpost.plugin.{plugin}"),
                reads=reads,
            )

        core = Core(
            settings=settings,
            plugins=plugins,
            clock=clock,
            database=database,
            sealer=Sealer(settings.sealing_key()),
            egress=Egress(emulated or {}),
            providers=providers,
            observers=plugins.observers(context),
            reports=plugins.billing_reports(context),
            tenancy=plugins.tenant_policy(context, OneTenant(settings.api_key)),
            access=plugins.access_policy(context, OpenAccess()),
            retention=plugins.retention_policy(context, KeepForEver()),
            schedule=plugins.collection_schedule(context, AgeLadder()),
            closers=closers,
        )
        with core.transaction(Scope.default(), SYSTEM) as tx:
            organizations.ensure_default(tx.connection, tx.scope, settings.time_zone, tx.now)
            runs.close_abandoned(tx.connection, tx.scope, tx.now - ABANDONED, tx.now)
    except BaseException:
        database.close()
        raise
    return core
