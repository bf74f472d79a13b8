"""The public types as a third party meets them. This file has to type-check, and is never run.

It uses every name of `afterpost.sdk` (tests/test_public_names.py looks) and the doors of `afterpost.api`.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, assert_type

import rich_click as click
from litestar import get
from litestar.types import ControllerRouterHandler

from afterpost import api, hookimpl, sdk

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Network(sdk.Provider):
    """A network."""

    @property
    def capabilities(self) -> sdk.Capabilities:
        """Views, and one metric of its own."""
        return sdk.Capabilities(
            platform="net",
            display_name="Net",
            metrics=(
                sdk.MetricSpec(
                    name="views",
                    native="v",
                    changes=(sdk.DefinitionChange(date(2025, 3, 31), "Starts count."),),
                ),
                sdk.MetricSpec(name="x_net_mood", native="mood", kind=sdk.Kind.GAUGE),
            ),
            account_metrics=(
                sdk.MetricSpec(name=sdk.ACCOUNT_METRICS[0], native="fans", kind=sdk.Kind.GAUGE),
            ),
            daily_days=90,
            limits=(sdk.RateLimit(unit="requests", amount=100, seconds=60, scope="app"),),
            costs=(sdk.Cost(operation="list_posts", item=sdk.Spend(money=1_000)),),
            renewal=sdk.Renewal(rotates=True),
            terms=sdk.Terms(url="https://net.invalid/terms", read_on=date(2026, 1, 1), keep_days=30),
            contract_version=sdk.CONTRACT_VERSION,
        )

    @property
    def credential_fields(self) -> Sequence[sdk.CredentialField]:
        """One."""
        return (sdk.CredentialField("token", "Token"), sdk.CredentialField("client_id", "App", of_app=True))

    @property
    def oauth(self) -> sdk.OAuth:
        """A code."""
        return sdk.OAuth(
            authorize_url="https://net.invalid/authorize", scopes=(sdk.OAuthScope("read", "Read posts"),)
        )

    async def exchange_code(self, call: sdk.Call, grant: sdk.CodeGrant) -> sdk.Credential:
        """The code as it came."""
        return sdk.Credential(secrets={"token": grant.code})

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        """Nobody."""
        return sdk.AccountReading(values={"followers": 0})

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        """Not before midnight, or when the platform says."""
        waits = [
            sdk.retry_after("30", call.now),
            sdk.reset_at("1790000000", call.now),
            sdk.next_midnight("UTC", call.now),
        ]
        raise sdk.ProviderError(sdk.ErrorKind.RATE_LIMITED, "Later.", retry_at=waits[0], scope="app")

    @property
    def file_formats(self) -> Sequence[sdk.FileFormat]:
        """One."""
        return (Export(),)

    async def check(self, call: sdk.Call) -> sdk.AccountProfile:
        """Me."""
        assert_type(call.credential.secret("token"), str)
        return sdk.AccountProfile(external_id="1", handle="@me", name="Me")

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        """A new token."""
        return sdk.Credential(secrets={"token": sdk.Secret("new")})

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        """One page."""
        return sdk.Page((sdk.PostInfo(external_id="a"),))

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        """One of each."""
        operation: sdk.Operation = "fetch_metrics"
        assert_type(self.capabilities.cost(operation, len(ids)).money, int)
        if not ids:
            raise sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "Nothing to read.")
        reading = sdk.Reading(observed_at=call.now, values={sdk.CANONICAL[0]: 1}, definitions={})
        outcomes: list[sdk.Outcome] = [
            sdk.Measured(reading=reading),
            sdk.Gone(),
            sdk.Failed(sdk.ProviderError(sdk.ErrorKind.BUG, "No.")),
        ]
        return dict(zip(ids, outcomes, strict=False))


class Export(sdk.FileFormat):
    """A file."""

    name = "net"
    title = "Net export"

    def detect(self, header: Sequence[str]) -> bool:
        """By its columns."""
        return set(header) >= set(sdk.CUMULATIVE[:1])

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: sdk.FileContext
    ) -> Iterator[sdk.FileRecord | sdk.LineError | sdk.LineSkipped]:
        """Line by line."""
        for line, _ in rows:
            yield sdk.LineSkipped(line, "sum", "A sum is no post.")
            yield sdk.LineError(line, "Not today.")


class Nobody(sdk.TenantPolicy):
    """Lets nobody in."""

    async def resolve(self, caller: sdk.Caller) -> tuple[sdk.Actor, sdk.Scope]:
        """Refuses."""
        door: sdk.Door = caller.door
        raise sdk.Unauthenticated(f"Not through the {door} door.")

    def sign_in_options(self) -> Sequence[sdk.SignInOption]:
        """One."""
        return [sdk.SignInOption(id="sso", title="Sign on", url="/v1/x/net/begin")]


class Reader(sdk.AccessPolicy):
    """Reading alone."""

    async def allow(self, actor: sdk.Actor, action: sdk.Action, scope: sdk.Scope) -> bool:
        """Only `read`."""
        return action == "read"


class Decade(sdk.RetentionPolicy):
    """Ten years."""

    async def keep_from(self, data: sdk.DataClass, organization_id: int, now: datetime) -> date | None:
        """Ten years back."""
        return now.date() - timedelta(days=3650)

    def describe(self) -> str:
        """One sentence."""
        return "Ten years."


class Daily(sdk.CollectionSchedule):
    """Once a day."""

    def next_due(self, post: sdk.ScheduledPost, now: datetime) -> datetime | None:
        """Tomorrow."""
        return now + timedelta(days=1)


class Limit(sdk.Guard):
    """A hundred."""

    id = "limit"

    async def review(self, act: sdk.Act) -> sdk.Verdict:
        """By kind and amount."""
        kind: sdk.ActKind = act.kind
        if kind == "purge":
            return sdk.Hold("Ask first.")
        return sdk.Pass() if (act.amount or 0) < 100 else sdk.Deny("Too many.", act.at + timedelta(hours=1))

    async def settle(self, act: sdk.Act, settlement: sdk.Settlement) -> None:
        """Nothing was reserved."""
        assert_type(settlement.amount, int)


class Trail(sdk.UnitOfWork):
    """Sees every transaction."""

    def begin(self, tx: sdk.Transaction) -> None:
        """Who reads or writes."""
        assert_type(tx.actor, sdk.Actor | None)

    def before_commit(self, tx: sdk.Transaction, facts: Sequence[sdk.Event]) -> None:
        """What is committed."""
        for fact in facts:
            assert_type(fact.organization_id, int)


class Listener(sdk.Observer):
    """Hears everything."""

    id = "listener"

    def deliver(self, tx: sdk.Transaction, deliveries: Sequence[sdk.Delivery]) -> None:
        """By kind."""
        for delivery in deliveries:
            match delivery.event:
                case sdk.SnapshotsStored() | sdk.PerformanceSynced() | sdk.RunEnded() as done:
                    assert_type(done.run_id, int)
                case sdk.AccountConnected() | sdk.AccountDisconnected() | sdk.AccountStopped() as account:
                    assert_type(account.account_id, int)
                case sdk.PostGone() | sdk.PostEdited() as post:
                    assert_type(post.post_id, int)
                case sdk.PostsRegistered() | sdk.BrandCreated() | sdk.OrganizationCreated():
                    pass


class Usage(sdk.BillingReport):
    """A report."""

    id = "usage"
    title = "Usage"
    columns = (sdk.Column("date", "a day"),)

    async def run(
        self, reads: sdk.Reads, scope: sdk.Scope, window: sdk.Window
    ) -> Sequence[Mapping[str, str | int | float | None]]:
        """What was collected."""
        return await reads.collection_usage(scope, window)


@get("/numbers")
async def numbers(call: api.Call) -> dict[str, int]:
    """A route."""
    found = await call.reading(api.overview)
    return {"answers": len(found)}


@click.command()
@api.json_option
@click.pass_obj
def greet(wiring: api.Wiring, as_json: bool) -> None:
    """A command."""
    with api.opened(wiring, "read") as session:
        assert_type(session.core, api.Core)
        api.say(f"{session.actor}")


def count(connection: "Connection") -> int:
    """Something to run on a plugin's own tables."""
    return connection.exec_driver_sql("SELECT 1").rowcount


class Plugin:
    """All of it."""

    @hookimpl
    def register_providers(self, settings: Mapping[str, str]) -> Iterable[sdk.Provider]:
        """One."""
        return [Network()]

    @hookimpl
    def register_migrations(self) -> sdk.Migrations:
        """Scripts."""
        return sdk.Migrations("net:migrations", row_security=("post_analytics",))

    @hookimpl
    def register_routes(self, context: sdk.PluginContext) -> Sequence[ControllerRouterHandler]:
        """One."""
        return [numbers]

    @hookimpl
    def register_panels(self) -> Iterable[sdk.Panel]:
        """One."""
        slot: sdk.Slot = "overview"
        return [sdk.Panel(id="p", title="P", slot=slot, spec={"mark": "bar"}, data_url="/v1/posts")]

    @sdk.hookimpl
    def lifespan(self, context: sdk.PluginContext) -> AbstractAsyncContextManager[None]:
        """Counts at its beginning."""

        @asynccontextmanager
        async def living() -> AsyncIterator[None]:
            tables: sdk.OwnTables | None = context.tables
            if tables is not None:
                assert_type(await tables.reading(sdk.Scope.default(), count), int)
            yield

        return living()


def fails() -> None:
    """Expected failures have a code and a next step."""
    try:
        raise api.Conflict("Taken.", hint="Choose another.")
    except sdk.AfterpostError as error:
        assert_type(error.code, str)
