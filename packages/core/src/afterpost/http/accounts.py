"""Accounts: connect, list, disconnect. A credential comes in and never goes out."""

from collections.abc import Mapping
from typing import Annotated

from litestar import delete, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import NO_CONTROL, Platform, RowId, ShortText
from afterpost.http.errors import problems
from afterpost.http.params import AccountId, EndDate, StartDate
from afterpost.http.scope import Call
from afterpost.http.views import AccountView, NoMeta, account_view
from afterpost.services.account_numbers import AccountDay, account_numbers
from afterpost.services.connect import connect, disconnect
from afterpost.services.standing import accounts_standing
from afterpost.services.windows import WindowMeta

CredentialText = Annotated[str, Meta(max_length=20_000, pattern=NO_CONTROL)]


class NewAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to connect: the fields its provider asks for, and the brand by id or by name."""

    platform: Platform
    credential: Annotated[dict[ShortText, CredentialText], Meta(max_length=20)] = {}
    brand_id: RowId | None = None
    brand: ShortText | None = None

    def __repr__(self) -> str:
        return f"NewAccount(platform={self.platform!r}, credential=***)"


class AccountAnswer(Struct, frozen=True):
    """One account."""

    data: AccountView
    meta: NoMeta = NoMeta()


class AccountsAnswer(Struct, frozen=True):
    """Every account."""

    data: list[AccountView]
    meta: NoMeta = NoMeta()


class AccountMetricsMeta(Struct, frozen=True):
    """The window, and metric -> definition in force."""

    window: WindowMeta
    definitions: Mapping[str, str]


class AccountMetricsAnswer(Struct, frozen=True):
    """An account's own numbers by day."""

    data: tuple[AccountDay, ...]
    meta: AccountMetricsMeta


@post(
    "/accounts",
    status_code=201,
    opt={"action": "connect"},
    summary="Connect an account",
    responses=problems("not_found", "refresh_failed", "too_large"),
)
async def connect_account(call: Call, data: JSONBody[NewAccount]) -> AccountAnswer:
    """Check a credential with its platform and keep it sealed; a known account gets the new credential."""
    if data.brand is not None and data.brand_id is not None:
        raise InvalidInput("Give the brand by id or by name, not both.")
    account = await connect(
        call.core,
        call.scope,
        call.actor,
        data.platform,
        data.credential,
        brand_id=data.brand_id,
        brand=data.brand,
    )
    return AccountAnswer(await _shown(call, account.id))


@get("/accounts", summary="List accounts", responses=problems())
async def read_accounts(call: Call) -> AccountsAnswer:
    """Every account with its state, its last refresh and failure, and its next scheduled read."""
    return AccountsAnswer([account_view(each, call.core) for each in await call.reading(accounts_standing)])


@get(
    "/accounts/{account_id:int}/metrics",
    summary="An account's own numbers",
    responses=problems("not_found", "invalid_window"),
)
async def read_account_metrics(
    call: Call, account_id: AccountId, start_date: StartDate = None, end_date: EndDate = None
) -> AccountMetricsAnswer:
    """Followers and so on by day, as they were when last read that day; a day without one is left out."""
    found = await call.reading(account_numbers, account_id, start_date, end_date)
    return AccountMetricsAnswer(found.days, AccountMetricsMeta(found.window, found.definitions))


@delete(
    "/accounts/{account_id:int}",
    status_code=200,
    opt={"action": "disconnect"},
    summary="Disconnect an account",
    responses=problems("not_found", "too_large"),
)
async def disconnect_account(call: Call, account_id: AccountId) -> AccountAnswer:
    """Forget the account's credential and stop reading it; its posts and their history stay."""
    await call.writing(disconnect, account_id)
    return AccountAnswer(await _shown(call, account_id))


async def _shown(call: Call, account_id: int) -> AccountView:
    return next(
        account_view(each, call.core)
        for each in await call.reading(accounts_standing)
        if each.account.id == account_id
    )
