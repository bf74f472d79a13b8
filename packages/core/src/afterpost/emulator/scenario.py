"""A made-up world for demos and tests: believable accounts and posts, the same for the same seed."""

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import exp
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.emulator.growth import Growth, Wave
from afterpost.emulator.scenario_texts import BRANDS, Brand, words
from afterpost.emulator.world import World, WorldAccount, WorldPost

_SHARES: Mapping[str, float] = {
    "views": 1.0,
    "impressions": 1.6,
    "reach": 0.74,
    "likes": 0.042,
    "dislikes": 0.0009,
    "comments": 0.0045,
    "shares": 0.006,
    "quotes": 0.0009,
    "saves": 0.008,
    "clicks_link": 0.005,
    "clicks_profile": 0.004,
    "clicks_post": 0.012,
    "follows": 0.0011,
    "unfollows": 0.0002,
    "watch_time_seconds": 24.0,
}
"""Metric -> how much of it comes with one exposure, on average."""

METRICS = tuple(_SHARES)
"""What a scenario can be asked to report."""

_HOURS = {7: 3, 8: 5, 9: 6, 10: 3, 11: 3, 12: 7, 13: 4, 15: 3, 16: 4, 17: 8, 18: 10, 19: 8, 20: 5, 21: 3}
"""Local hour -> how often it is chosen for publishing."""

_BUSY_DAYS = (1.1, 1.2, 1.1, 1.2, 1.0, 0.6, 0.8)
"""How often each weekday, from Monday on, is chosen; the mean is 1."""


class _Life(Struct, frozen=True):
    """A post and what drives its numbers: `rates` are its own shares, `hidden` when a metric vanishes."""

    post: WorldPost
    growth: Growth
    rates: Mapping[str, float]
    hidden: Mapping[str, datetime]


class Scenario(World):
    """Accounts that publish for `days` days from `start` on, and an audience.

    `accounts`: how many; they take their brands in a fixed order. `posts_per_week`: of one account, on
    average. `metrics`: the canonical metrics that this platform reports, of `METRICS`. `content_types`:
    what is published, each as often as it is named.

    Everything follows from `seed`, and a longer scenario begins like a shorter one. Among the posts are
    some that go viral, some whose counts once fall because they were purged, some that hide their likes
    or their comments (from the start or from some day on) and some that are deleted. Posts from 17 to 20
    o'clock local time reach a third more.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        start: date,
        days: int,
        accounts: int = 3,
        posts_per_week: float = 5.0,
        metrics: Sequence[str] = ("views", "likes", "comments", "shares"),
        content_types: Sequence[str] = ("video",),
    ) -> None:
        unknown = [name for name in metrics if name not in _SHARES]
        if unknown:
            raise ValueError(f"A scenario has no metric {', '.join(unknown)}; it has {', '.join(METRICS)}.")
        self._metrics = tuple(metrics)
        self._types = tuple(content_types)
        self._seed = seed
        self._brands = {account.id: brand for account, brand in map(_account, range(accounts))}
        self._accounts = tuple(account for account, _ in map(_account, range(accounts)))
        self._lives: dict[str, _Life] = {}
        self._published: dict[str, list[WorldPost]] = {}
        for account in self._accounts:
            lives = [
                life
                for day in range(days)
                for life in self._day(account.id, start + timedelta(days=day), day, posts_per_week)
            ]
            lives.sort(key=lambda life: (life.post.published_at, life.post.id))
            self._lives.update((life.post.id, life) for life in lives)
            self._published[account.id] = [life.post for life in lives]
        self._now: datetime | None = None
        self._listed: dict[str, tuple[WorldPost, ...]] = {}

    def brands(self) -> dict[str, str]:
        """Account id -> brand name, in the order of the accounts."""
        return {account.id: account.name for account in self._accounts}

    def zone(self, account_id: str) -> str:
        """The IANA time zone an account publishes in."""
        return self._brands[account_id].zone

    def accounts(self) -> Sequence[WorldAccount]:
        """The accounts, one a brand."""
        return self._accounts

    def posts(self, account_id: str, now: datetime) -> Sequence[WorldPost]:
        """Published and not deleted, newest first."""
        if now != self._now:
            self._now, self._listed = now, {}
        if account_id not in self._listed:
            published = self._published.get(account_id, [])
            until = bisect_right(published, now, key=lambda post: post.published_at)
            self._listed[account_id] = tuple(
                post for post in reversed(published[:until]) if post.visible(now)
            )
        return self._listed[account_id]

    def post(self, post_id: str, now: datetime) -> WorldPost | None:
        """The post; None before it is published and after it is deleted."""
        life = self._lives.get(post_id)
        return life.post if life and life.post.visible(now) else None

    def metrics(self, post_id: str, now: datetime) -> Mapping[str, int]:
        """The counts of a visible post; empty for any other."""
        life = self._lives.get(post_id)
        if life is None or not life.post.visible(now):
            return {}
        exposure = life.growth.exposure(now)
        return {
            name: int(exposure * life.rates[name])
            for name in self._metrics
            if name not in life.hidden or now < life.hidden[name]
        }

    def _day(self, account_id: str, day: date, number: int, posts_per_week: float) -> list[_Life]:
        """What an account publishes on one local day."""
        rng = Random(f"{self._seed}/{account_id}/{day}")
        wanted = posts_per_week / 7 * _BUSY_DAYS[day.weekday()]
        count = int(wanted) + (rng.random() < wanted % 1)
        return [self._life(account_id, day, number, rng) for _ in range(count)]

    def _life(self, account_id: str, day: date, number: int, rng: Random) -> _Life:
        brand = self._brands[account_id]
        hour = rng.choices(list(_HOURS), list(_HOURS.values()))[0]
        local = datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), ZoneInfo(brand.zone))
        published_at = local.astimezone(UTC)
        said = words(rng, brand)
        content_type = rng.choice(self._types)
        short = rng.random() < 0.4
        seconds = rng.randint(12, 60) if short else rng.randint(150, 1_100)
        gone_after = timedelta(days=rng.uniform(3, 40)) if rng.random() < 0.03 else None
        post = WorldPost(
            id=_post_id(f"{self._seed}/{account_id}/{published_at.isoformat()}/{rng.random()}"),
            account_id=account_id,
            title=said.title,
            description=said.description,
            published_at=published_at,
            visible_from=published_at,
            gone_from=published_at + gone_after if gone_after else None,
            content_type=content_type,
            duration_seconds=seconds if content_type in ("video", "reel", "short") else None,
        )
        # The audience grows by a third in a hundred days.
        reach = brand.audience * (1 + number / 300) * said.pull * _hour_effect(hour) * exp(rng.gauss(0, 0.55))
        waves = [Wave(0.0, reach, rng.uniform(1.0, 2.5))]
        if rng.random() < 0.04:
            waves.append(Wave(rng.uniform(0.2, 6), reach * rng.uniform(6, 25), rng.uniform(1.5, 4)))
        purge_age = rng.uniform(4, 25) if rng.random() < 0.08 else None
        growth = Growth(published_at, tuple(waves), purge_age, rng.uniform(0.03, 0.08))
        appeal = exp(rng.gauss(0, 0.25))
        rates = {
            name: share if name in ("views", "impressions") else share * appeal * exp(rng.gauss(0, 0.2))
            for name, share in _SHARES.items()
        }
        rates["reach"] = min(rates["reach"], 0.95)
        hidden = {}
        for name, chance in (("likes", 0.04), ("comments", 0.02)):
            if rng.random() < chance:
                hidden[name] = published_at + timedelta(days=rng.choice((0, 0, rng.uniform(2, 15))))
        return _Life(post, growth, rates, hidden)


def _account(number: int) -> tuple[WorldAccount, Brand]:
    """The account with this number; from the second round on, brands get the round in their name."""
    brand = BRANDS[number % len(BRANDS)]
    again = number // len(BRANDS)
    name = f"{brand.name} {again + 1}" if again else brand.name
    account_id = "UC" + hashlib.sha256(name.encode()).hexdigest()[:22]
    account = WorldAccount(
        id=account_id,
        handle="@" + name.lower().replace(" ", ""),
        name=name,
        token=f"token-{account_id}",
        refresh_token=f"refresh-{account_id}",
    )
    return account, brand


def _hour_effect(hour: int) -> float:
    return 1.33 if 17 <= hour < 20 else 1.0


def _post_id(text: str) -> str:
    """Eleven characters, as YouTube's ids have."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:11].decode()
