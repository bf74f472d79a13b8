"""Every hook this distribution answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from afterpost import hookimpl
from afterpost.sdk import Guard, Migrations, OwnTables, PluginContext, Reads, TenantPolicy, UnitOfWork
from afterpost_ee.quota import Quota
from afterpost_ee.row_security import TABLE
from afterpost_ee.tenancy import EnterpriseTenancy
from afterpost_ee.unit import EnterpriseWork

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler
    from rich_click import RichGroup


@hookimpl
def register_migrations() -> Migrations:
    """Tables of its own, and row security on one of core's."""
    return Migrations("afterpost_ee:migrations", row_security=(TABLE,))


@hookimpl
def register_routes(context: PluginContext) -> "Sequence[ControllerRouterHandler]":
    """The caller's own audit trail and usage."""
    from afterpost_ee.routes import ROUTES

    return ROUTES


@hookimpl
def register_commands() -> "RichGroup":
    """Organisations, keys, quotas, audit, detach."""
    from afterpost_ee.commands import ee

    return ee


@hookimpl
def register_guards(context: PluginContext) -> Sequence[Guard]:
    """The quota."""
    return [Quota(*_database(context))]


@hookimpl
def unit_of_work() -> UnitOfWork:
    """Row security learns the scope, and the audit row is committed with its act."""
    return EnterpriseWork()


@hookimpl
def tenant_policy(context: PluginContext, default: TenantPolicy) -> TenantPolicy:
    """Each key sees its own organisation."""
    return EnterpriseTenancy(default, *_database(context), context.settings.get("organization", "default"))


def _database(context: PluginContext) -> tuple[OwnTables, Reads]:
    """Core gives both to every hook that is asked with a database."""
    assert context.tables is not None
    assert context.reads is not None
    return context.tables, context.reads
