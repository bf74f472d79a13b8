"""One running Afterpost: its settings, database, providers and policies, handed to every service."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import uuid4

from afterpost.defaults import AgeLadder, KeepForEver, OneTenant, OpenAccess
from afterpost.domain.errors import Forbidden, InvalidAsOf
from afterpost.domain.scope import SYSTEM, Actor, Scope
from afterpost.plugins import Plugins
from afterpost.sdk import (
    AccessPolicy,
    Action,
    BillingReport,
    Caller,
    CollectionSchedule,
    Guard,
    Observer,
    PluginContext,
    Provider,
    RetentionPolicy,
    SignInOption,
    TenantPolicy,
)
from afterpost.services.closed import asked, unavailable
from afterpost.services.egress import Egress
from afterpost.services.kept import Kept
from afterpost.services.own_tables import PluginTables
from afterpost.services.reads import CoreReads
from afterpost.settings import Settings
from afterpost.storage import foreign, organizations, runs
from afterpost.storage.accounts import Account
from afterpost.storage.coverage import Attended
from afterpost.storage.credentials import Sealer
from afterpost.storage.engine import Connection, Database
from afterpost.storage.faults import fault_of
from afterpost.storage.migrate import migrate
from afterpost.storage.organizations import Organization
from afterpost.storage.transaction import Transactions, Tx

ABANDONED = timedelta(hours=6)
"""A run open for longer was cut off with its process."""
PATIENCE = 10.0
"""Seconds a policy or guard may take to answer."""


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
    transactions: Transactions
    sealer: Sealer
    egress: Egress
    providers: Mapping[str, Provider]
    observers: Mapping[str, Observer]
    guards: Mapping[str, Guard]
    reports: Mapping[str, BillingReport]
    tenancy: TenantPolicy
    access: AccessPolicy
    retention: RetentionPolicy
    schedule: CollectionSchedule
    closers: tuple[Callable[[], None], ...] = ()
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("afterpost"))
    patience: float = PATIENCE
    new_id: Callable[[], str] = lambda: uuid4().hex
    attended: Kept[Sequence[Attended]] = field(default_factory=Kept)

    def now(self) -> datetime:
        """The instant by this installation's clock."""
        return self.clock()

    @contextmanager
    def read(self, scope: Scope) -> Iterator[Connection]:
        """The one way to read facts: one consistent state of them, within the scope."""
        with self.transactions.read(scope) as connection:
            yield connection

    @contextmanager
    def transaction(self, scope: Scope, actor: Actor) -> Iterator[Tx]:
        """The one way to write."""
        with self.transactions.write(scope, actor) as tx:
            yield tx

    def as_of(self, instant: datetime) -> "Core":
        """This core as it stood at an aware instant: what it reads was recorded by then, and it is then now.

        The same instant gives the same answer whatever is recorded afterwards; so it has to be over, or
        InvalidAsOf. It can't write.
        """
        now = self.now()
        if instant >= now:
            raise InvalidAsOf(
                f"as_of is {instant.isoformat()}, which is not over yet (now {now.isoformat()}).",
                hint="Leave it out to be answered with what is known now.",
            )
        past = self.transactions.as_of(instant)
        # What is kept is marked by the version of today's data: the past keeps its own, apart.
        return replace(self, clock=lambda: instant, transactions=past, attended=Kept())

    def context(self, plugin: str) -> PluginContext:
        """What a plugin's hooks are given."""
        return context_of(self.settings, self.clock, plugin, self.transactions)

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """Who is calling and what they may see; a policy that fails denies."""
        who = "The tenant policy"
        answer: object = await asked(lambda: self.tenancy.resolve(caller), who, self.patience)
        match answer:
            case (Actor() as actor, Scope() as scope) if scope.is_whole():
                return actor, scope
        raise unavailable(who, f"it answered with {type(answer).__name__}")

    def sign_in_options(self) -> Sequence[SignInOption]:
        """The ways in that the tenant policy offers."""
        try:
            return tuple(self.tenancy.sign_in_options())
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may try to exit
            if (fault := fault_of(error)) is not None:
                raise fault from error
            self.log.exception("the tenant policy failed")
            raise unavailable("The tenant policy", type(error).__name__) from error

    async def permit(self, actor: Actor, action: Action, scope: Scope) -> None:
        """Raises Forbidden unless the access policy allows the action; a policy that fails denies."""
        who = "The access policy"
        allowed: object = await asked(lambda: self.access.allow(actor, action, scope), who, self.patience)
        if not isinstance(allowed, bool):
            raise unavailable(who, f"it answered with {type(allowed).__name__}")
        if not allowed:
            raise Forbidden(f"{actor} may not {action} here.", hint="Ask whoever manages access.")

    def organization(self, connection: Connection, scope: Scope) -> Organization:
        """The organisation a call is about: the first of its scope; callers need not name one."""
        found = organizations.list_organizations(connection, scope)
        if not found:
            raise Forbidden("This caller may see no organisation.")
        return found[0]

    def organization_of(self, connection: Connection, scope: Scope, account: Account) -> Organization:
        """The organisation of an account."""
        return self.organization(connection, scope.narrowed(organization=account.organization_id))

    async def close(self) -> None:
        """Close connections to providers and the database."""
        await self.egress.close()
        for close in self.closers:
            close()
        self.database.close()


def context_of(
    settings: Settings, clock: Callable[[], datetime], plugin: str, transactions: Transactions | None = None
) -> PluginContext:
    """What a plugin's hooks are given; without `transactions` there is no database to read or write."""
    return PluginContext(
        settings=MappingProxyType(dict(settings.section(plugin))),
        clock=clock,
        log=logging.getLogger(f"afterpost.plugin.{plugin}"),
        reads=None if transactions is None else CoreReads(transactions),
        tables=None if transactions is None else PluginTables(transactions),
    )


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
        foreign.refuse_row_security(database, Scope.default(), own_tables, settings.accept)
        migrate(database, Scope.default(), own_tables)
        transactions = Transactions(database, clock)

        def context(plugin: str) -> PluginContext:
            return context_of(settings, clock, plugin, transactions)

        one_tenant = OneTenant(settings.api_key)
        units = plugins.units_of_work(context)
        core = Core(
            settings=settings,
            plugins=plugins,
            clock=clock,
            database=database,
            transactions=transactions,
            sealer=Sealer(settings.sealing_key(), settings.old_sealing_keys()),
            egress=Egress(emulated or {}),
            providers=providers,
            observers=plugins.observers(context),
            guards=plugins.guards(context),
            reports=plugins.billing_reports(context),
            tenancy=plugins.tenant_policy(context, one_tenant),
            access=plugins.access_policy(context, OpenAccess()),
            retention=plugins.retention_policy(context, KeepForEver()),
            schedule=plugins.collection_schedule(context, AgeLadder()),
            closers=closers,
        )
        transactions.joined_by(
            {plugins.label(name): unit for name, unit in units.items()}, tuple(core.observers)
        )
        with core.transaction(Scope.default(), SYSTEM) as tx:
            organizations.ensure_default(tx.connection, tx.scope, settings.time_zone, tx.now)
            if core.tenancy is one_tenant:
                foreign.refuse_several_organizations(tx.connection, tx.scope, settings.accept)
            runs.close_abandoned(tx.connection, tx.scope, tx.now - ABANDONED, tx.now)
    except BaseException:
        database.close()
        raise
    return core
