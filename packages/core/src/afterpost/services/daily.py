"""Series that platforms keep by day: the past once, then the days that may still change.

No state but the account's: each day is asked for again until it can't change any more, and whatever was
missed since the last time is in the range. Young posts are read daily, older ones once a week.

They are no reason to fail an account's posts: what only they need (a scope, a quota) costs only them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from afterpost.domain.ages import LADDER
from afterpost.domain.errors import STOPPING, WAITING, ErrorKind, ProviderError
from afterpost.domain.metrics import MAX_COUNT, Kind
from afterpost.domain.publication import reckoned
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import zone_of
from afterpost.sdk.capabilities import Capabilities
from afterpost.sdk.provider import Call, Failed, Measured, Outcome
from afterpost.sdk.waits import next_midnight
from afterpost.services.archive import Prepared, keep, prepared
from afterpost.services.core import Core
from afterpost.services.exchange import Exchange
from afterpost.services.record import Item, record
from afterpost.storage import accounts, posts
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Post

WEEK = 7
DAILY_UNTIL = LADDER[-1][0]
"""Younger posts are read every day, as the ladder does."""


async def read_daily(
    core: Core, scope: Scope, actor: Actor, account: Account, exchange: Exchange, run_id: int
) -> None:
    """Read the account's series by day where that is due, offered and granted; what was read is kept.

    An error that does not stop the account is logged, for its posts were read all the same, and the series is
    asked for again: when the error says so, else with the next listing.
    """
    declared = exchange.provider.capabilities
    now = core.now()
    due = account.next_daily_at is None or account.next_daily_at <= now
    if not declared.daily_days or not due or not _granted(declared, account):
        return
    start, end, trailing = _range(declared, account, now)
    live, zone = await core.database.reading(_live, core, scope, account)
    young = {post.id for post in live if _is_young(post, zone, now)}
    wanted = live
    if account.next_daily_at is not None:
        wanted = [post for post in live if post.id in young or (end.toordinal() + post.id) % WEEK == 0]
    failed: list[ProviderError] = []
    try:
        for first in range(0, len(wanted), max(1, declared.daily_batch_size)):
            batch = wanted[first : first + max(1, declared.daily_batch_size)]
            old = any(post.id not in young for post in batch)
            since = min(start, end - timedelta(days=WEEK + trailing)) if old else start
            since = max(since, end - timedelta(days=declared.daily_days))
            outcomes, fetch = await _ask(exchange, [post.external_id for post in batch], since, end)
            await core.database.writing(store_daily, core, scope, actor, batch, outcomes, run_id, fetch)
            failed += _failures(outcomes)
    except ProviderError as error:
        if error.kind in STOPPING and not _of_series_alone(declared, error):
            raise
        core.log.warning("account %s: series by day could not be read: %s", account.id, error.message)
        if error.retry_at is not None and account.next_daily_at is not None:
            await core.database.writing(_again, core, scope, actor, account, error.retry_at)
        return
    if failed:
        told = (account.id, len(failed), failed[0].message)
        core.log.warning("account %s: series by day of %s posts could not be read: %s", *told)
    midnight = next_midnight(_zone(declared), now)
    await core.database.writing(_again, core, scope, actor, account, midnight)


async def _ask(
    exchange: Exchange, ids: Sequence[str], start: date, end: date
) -> tuple[dict[str, Outcome], Prepared | None]:
    async def one_batch(call: Call) -> dict[str, Outcome]:
        answer: object = await exchange.provider.fetch_daily(call, ids, start, end)
        if not isinstance(answer, Mapping):
            raise TypeError(f"answered with {type(answer).__name__}, not a mapping")
        return dict(answer)

    outcomes, heard = await exchange.ask("fetch_daily", one_batch, dict, items=len(ids))
    if heard is None:
        return outcomes, None
    return outcomes, await asyncio.to_thread(prepared, heard, posts=ids, days=(start, end))


def _failures(outcomes: Mapping[str, Outcome]) -> list[ProviderError]:
    """Why posts could not be read; raises what says that the others can't be either."""
    errors = [one.error for one in outcomes.values() if isinstance(one, Failed)]
    for error in errors:
        if error.kind in WAITING | STOPPING:
            raise error
    return errors


def _granted(declared: Capabilities, account: Account) -> bool:
    """Whether any series is to be had, as far as the platform says what was granted."""
    granted = set(account.scopes.split())
    series = [spec for spec in declared.metrics if spec.kind is Kind.DAILY]
    return not granted or any(granted.issuperset(spec.scopes) for spec in series)


def _of_series_alone(declared: Capabilities, error: ProviderError) -> bool:
    """Whether what is missing is needed by nothing but series by day."""
    specs = (*declared.metrics, *declared.account_metrics)
    needed = {scope for spec in specs if spec.kind is not Kind.DAILY for scope in spec.scopes}
    missing = error.kind is ErrorKind.PERMISSION_MISSING and bool(error.scopes)
    return missing and needed.isdisjoint(error.scopes)


def _zone(declared: Capabilities) -> str:
    return next((spec.day_zone for spec in declared.metrics if spec.day_zone), "UTC")


def _range(declared: Capabilities, account: Account, now: datetime) -> tuple[date, date, int]:
    """(first day, last day, how many of the latest days may still change)."""
    series = [spec for spec in declared.metrics if spec.kind is Kind.DAILY]
    trailing = max((spec.restated_days + -(-spec.latency_hours // 24) for spec in series), default=0) + 1
    end = now.astimezone(zone_of(_zone(declared))).date() - timedelta(days=1)
    if account.next_daily_at is None:
        return end - timedelta(days=declared.daily_days), end, trailing
    last = account.next_daily_at.astimezone(zone_of(_zone(declared))).date() - timedelta(days=1)
    return min(last, end) - timedelta(days=trailing), end, trailing


def _is_young(post: Post, zone: ZoneInfo, now: datetime) -> bool:
    published = reckoned(post.published, zone)
    return published is not None and now - published < DAILY_UNTIL


def _live(core: Core, scope: Scope, account: Account) -> tuple[list[Post], ZoneInfo]:
    """The account's live posts, and the zone of its organisation."""
    with core.read(scope) as connection:
        zone = zone_of(core.organization_of(connection, scope, account).time_zone)
        return posts.due_posts(connection, scope, account.id, None), zone


def store_daily(
    core: Core,
    scope: Scope,
    actor: Actor,
    batch: Sequence[Post],
    outcomes: Mapping[str, Outcome],
    run_id: int,
    fetch: Prepared | None = None,
) -> None:
    """Store what the provider said of a batch of posts of one account by day, and the payloads it said it
    with where they brought a day, in one transaction."""
    declared = core.providers[batch[0].platform].capabilities
    series = {spec.name for spec in declared.metrics if spec.kind is Kind.DAILY}
    items = []
    for post in batch:
        outcome = outcomes.get(post.external_id)
        if isinstance(outcome, Measured):
            items.append(Item(post, _believable(outcome.reading, series), "api"))
    items = [item for item in items if item.reading.daily]
    if not items:
        return
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        keep(
            *(tx, organization.id, run_id, "daily", fetch),
            account_id=batch[0].account_id,
            platform=batch[0].platform,
        )
        record(tx, organization, items, run_id)


def _believable(reading: Reading, series: set[str]) -> Reading:
    """The days of a reading without what was not declared or can't be true."""
    daily = {
        day: {name: value for name, value in values.items() if name in series and _possible(value)}
        for day, values in reading.daily.items()
        if type(day) is date
    }
    if reading.observed_at.tzinfo is None:
        raise ProviderError(ErrorKind.BUG, "The provider gave a series without an aware instant.")
    return msgspec.structs.replace(
        reading, values={}, daily={day: each for day, each in daily.items() if each}
    )


def _possible(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_COUNT


def _again(core: Core, scope: Scope, actor: Actor, account: Account, at: datetime) -> None:
    with core.transaction(scope, actor) as tx:
        accounts.update_account(tx.connection, tx.scope, account.id, {"next_daily_at": at})
