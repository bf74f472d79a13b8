"""What the coming month costs: calls, quota units and money, from accounts, planned reads and the schedule.

Each post is followed from its planned read on by the schedule in force, and posts of one account that are
due at one instant are read in one call, as they really are. New posts are not foreseen but expected: as many
as in the last month.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.publication import reckoned
from afterpost.domain.scope import Scope
from afterpost.domain.spend import MICROS, Operation, Spend
from afterpost.domain.windows import zone_of
from afterpost.sdk.capabilities import Capabilities, RateLimit
from afterpost.sdk.schedule import ScheduledPost
from afterpost.services.core import Core
from afterpost.services.listing import LIST_EVERY
from afterpost.services.schedule import asked
from afterpost.storage import accounts, organizations, posts
from afterpost.storage.accounts import Account
from afterpost.storage.posts import Planned

DAYS = 30
_SOON = timedelta(minutes=1)
"""A schedule that asks for the next read at once gets it at the next turn."""


class OperationForecast(Struct, frozen=True):
    """One kind of call over the month. `posts`: how many posts it is about, all calls together."""

    operation: Operation
    calls: int
    posts: int
    requests: int
    units: int
    dollars: float


class AccountForecast(Struct, frozen=True):
    """One account's month. `posts`: live ones now; `new_posts`: expected, as in the last 30 days."""

    account_id: int
    platform: str
    handle: str
    posts: int
    new_posts: int
    operations: tuple[OperationForecast, ...]
    requests: int
    units: int
    dollars: float


class LimitForecast(Struct, frozen=True):
    """A limit and how much of it an average period will take: `share` over 1 means that reads will wait."""

    platform: str
    whose: str
    unit: str
    amount: float
    seconds: int
    expected: float
    share: float


class Forecast(Struct, frozen=True):
    """The coming month of everything that is connected."""

    begins_at: datetime
    days: int
    accounts: tuple[AccountForecast, ...]
    limits: tuple[LimitForecast, ...]
    requests: int
    units: int
    dollars: float
    cap_dollars: float | None


def forecast(core: Core, scope: Scope) -> Forecast:
    """The next 30 days of the active accounts that the scope may see."""
    now = core.now()
    with core.read(scope) as connection:
        active = [
            account
            for account in accounts.list_accounts(connection, scope)
            if account.state == "active" and account.platform in core.providers
        ]
        zones = {
            each.id: zone_of(each.time_zone) for each in organizations.list_organizations(connection, scope)
        }
        planned = {
            account.id: [
                _reckoned(post, zones[account.organization_id])
                for post in posts.planned(connection, scope, account.id)
            ]
            for account in active
        }
    found = [_account(core, account, planned[account.id], now) for account in active]
    spent = [_sum(each.operations) for each in found]
    total = sum(spent, Spend())
    return Forecast(
        begins_at=now,
        days=DAYS,
        accounts=tuple(found),
        limits=tuple(_limits(core, active, found)),
        requests=total.requests,
        units=total.units,
        dollars=total.money / MICROS,
        cap_dollars=core.settings.monthly_dollars,
    )


def _reckoned(post: Planned, zone: ZoneInfo) -> Planned:
    """The post with the instant of its publication that reads are planned by."""
    return post._replace(published_at=reckoned(post.published, zone))


def _account(core: Core, account: Account, planned: Sequence[Planned], now: datetime) -> AccountForecast:
    declared = core.providers[account.platform].capabilities
    month = timedelta(days=DAYS)
    recent = [post for post in planned if post.published_at is not None and post.published_at > now - month]
    # As many new ones as in the last month, each as long after now as that one was after the month's start.
    expected = [_again(post, month) for post in recent]
    reads = _calls(core, account, [*planned, *expected], declared.batch_size, now)
    counted: list[tuple[Operation, int, int]] = [("fetch_metrics", *reads)]
    if declared.lists_posts:
        listings = int(month / LIST_EVERY)
        counted.append(("list_posts", listings, len(expected)))
    if declared.account_metrics:
        counted.append(("fetch_account", DAYS, 0))
    if declared.daily_days:
        young = len(recent) + len(expected) / 2
        daily = ceil(young * DAYS + (len(planned) - len(recent)) * DAYS / 7)
        counted.append(("fetch_daily", ceil(daily / max(1, declared.daily_batch_size)), daily))
    operations = tuple(_operation(declared, *each) for each in counted)
    total = _sum(operations)
    return AccountForecast(
        account_id=account.id,
        platform=account.platform,
        handle=account.handle,
        posts=len(planned),
        new_posts=len(expected),
        operations=operations,
        requests=total.requests,
        units=total.units,
        dollars=total.money / MICROS,
    )


def _again(post: Planned, later: timedelta) -> Planned:
    """A post like that one, published later, which is read for the first time when it was published."""
    assert post.published_at is not None
    at = post.published_at + later
    return post._replace(published_at=at, due_at=at)


def _calls(
    core: Core, account: Account, planned: Iterable[Planned], size: int, now: datetime
) -> tuple[int, int]:
    """(calls, reads) that the schedule makes of these posts within the month."""
    ends = now + timedelta(days=DAYS)
    at: Counter[datetime] = Counter()
    for post in planned:
        subject = ScheduledPost(
            organization_id=account.organization_id,
            platform=account.platform,
            external_id=post.external_id,
            published_at=post.published_at,
            account_id=account.id,
        )
        due = post.due_at
        while due is not None and due < ends:
            read = max(due, now)
            at[read] += 1
            then = asked(core, subject, read)
            due = None if then is None else max(then, read + _SOON)
    return sum(-(-each // max(1, size)) for each in at.values()), at.total()


def _operation(declared: Capabilities, operation: Operation, calls: int, items: int) -> OperationForecast:
    call = declared.cost(operation)
    cost = call * calls + (declared.cost(operation, 1) + call * -1) * items
    return OperationForecast(operation, calls, items, cost.requests, cost.units, cost.money / MICROS)


def _sum(operations: Sequence[OperationForecast]) -> Spend:
    return sum(
        (Spend(each.requests, each.units, round(each.dollars * MICROS)) for each in operations), Spend()
    )


def _limits(
    core: Core, active: Sequence[Account], found: Sequence[AccountForecast]
) -> Iterator[LimitForecast]:
    whose: dict[tuple[str, str], list[AccountForecast]] = {}
    for account, each in zip(active, found, strict=True):
        whose.setdefault((account.platform, f"app {account.app}".strip()), []).append(each)
        whose.setdefault((account.platform, f"account {account.id}"), []).append(each)
    for (platform, name), forecasts in whose.items():
        for limit in core.providers[platform].capabilities.limits:
            if name.startswith(limit.scope):
                yield _limit(platform, name, limit, forecasts)


def _limit(
    platform: str, whose: str, limit: RateLimit, forecasts: Sequence[AccountForecast]
) -> LimitForecast:
    total = sum(
        (
            _sum([each])
            for forecast in forecasts
            for each in forecast.operations
            if not limit.operations or each.operation in limit.operations
        ),
        Spend(),
    )
    amount: int = getattr(total, limit.unit)
    expected = amount * limit.seconds / (DAYS * 86_400)
    scale = MICROS if limit.unit == "money" else 1
    return LimitForecast(
        platform=platform,
        whose=whose,
        unit="dollars" if limit.unit == "money" else limit.unit,
        amount=limit.amount / scale,
        seconds=limit.seconds,
        expected=round(expected / scale, 4),
        share=round(expected / limit.amount, 4) if limit.amount else 0.0,
    )
