"""Who was observed, and where posts stood, against the definition itself: a walk over every snapshot."""

import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from afterpost.domain.selection import EVERY_POST
from afterpost.domain.windows import day_date, day_number, local_day
from afterpost.services.core import Core
from afterpost.storage import accounts, organizations, posts
from afterpost.storage.engine import Connection
from afterpost.storage.standings import METRICS, CameOut, standings
from afterpost.storage.tables import post_analytics
from afterpost.storage.tables import posts as posts_table
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, MakeCore, tell, told
from packages.core.tests.properties.recount import BITS

BEGINS = NOW - timedelta(days=70)
PLATFORMS = ("youtube", "mastodon")
TYPES = ("video", "image")
UTC_ZONE = ZoneInfo("UTC")


def told_at_random(core: Core, rng: random.Random) -> None:
    """Posts of every sort: with and without account, brand and publication, live, missed and gone, never
    read, read before they came out, read long after they were gone."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        brands = [
            organizations.add_brand(tx.connection, EVERYTHING, organization.id, name, name, NOW)
            for name in ("one", "two")
        ]
        account = {
            platform: accounts.add_account(
                tx.connection,
                EVERYTHING,
                {
                    "organization_id": organization.id,
                    "platform": platform,
                    "external_id": "a",
                    "handle": "a",
                    "name": "A",
                    "state": "active",
                    "listed": True,
                    "created_at": NOW,
                },
            )
            for platform in PLATFORMS
        }
        rows: list[dict[str, Any]] = []
        for n in range(80):
            platform = rng.choice(PLATFORMS)
            brand = rng.choice([*brands, None])
            state = rng.choice(["live", "live", "gone"])
            left = BEGINS + timedelta(hours=rng.randrange(60 * 24))
            published = rng.choice([BEGINS + timedelta(minutes=rng.randrange(60 * 1440))] * 6 + [None])
            told_on = None if published is None else day_number(local_day(published, UTC_ZONE))
            only_day = told_on is not None and rng.random() < 0.2
            at = None if only_day else published
            rows.append(
                {
                    "organization_id": organization.id,
                    "brand_id": None if brand is None else brand.id,
                    "account_id": rng.choice([account[platform]] * 5 + [None]),
                    "platform": platform,
                    "external_id": f"p{n}",
                    "title": "",
                    "description": "",
                    "url": "",
                    "content_type": rng.choice(TYPES),
                    "published_at": at,
                    "published_day": told_on,
                    "announced_at": at,
                    "announced_on": told_on if only_day else None,
                    "links": "{}",
                    "state": state,
                    "misses": 0,
                    "gone_at": rng.choice([left, left, None])
                    if state == "gone"
                    else rng.choice([left, None]),
                    "created_at": NOW,
                }
            )
        posts.add_posts(tx.connection, EVERYTHING, rows)
    entries = []
    for row in rows:
        # Read before it came out, but not so long before that it can't have come out then.
        day = row["published_day"]
        out = 0 if day is None else max(0, 1440 * (day - day_number(local_day(BEGINS, UTC_ZONE))))
        for minutes in rng.sample(range(out, 62 * 1440), rng.choice([0, 1, 3, 12, 40])):
            metrics = rng.sample(METRICS, rng.randrange(1, len(METRICS)))
            entries.append(
                told(
                    row["external_id"],
                    BEGINS + timedelta(minutes=minutes),
                    dict.fromkeys(metrics, minutes // 10 + 1),
                    published_at=row["published_at"],
                    platform=row["platform"],
                    asked=[*metrics, *rng.sample(METRICS, rng.choice([0, 0, 1]))],  # now and then hidden
                )
            )
    tell(core, *entries)


def stood_by_definition(
    connection: Connection, span: CameOut
) -> tuple[dict[int, tuple[dict[str, int], bool]], int]:
    """Totals known by the end of the span and whether no part is missing, by post; how many were not read."""
    columns = (posts_table.c.id, posts_table.c.published_at, posts_table.c.published_day)
    born = {
        row.id
        for row in connection.execute(sa.select(*columns))
        if row.published_day is not None
        and span.since <= row.published_day <= span.end
        and (row.published_day < span.end if row.published_at is None else row.published_at <= span.until)
    }
    found: dict[int, dict[str, int]] = {}
    asked: dict[int, set[str]] = {}
    for row in connection.execute(sa.select(post_analytics).order_by(post_analytics.c.day)).mappings():
        post_id = row["post_id"]
        if row["day"] <= span.end and post_id in born:
            told_now = {name: n for name in METRICS if (n := row[f"{name}_total"]) is not None}
            found.setdefault(post_id, {}).update(told_now)
            bits = {part for part, bit in BITS.items() if row["offers"] & bit}
            asked.setdefault(post_id, set()).update(bits | told_now.keys() & BITS.keys())
    stood = {
        post_id: (
            totals,
            bool(asked[post_id])
            and totals.keys() >= asked[post_id]
            and bool(totals.keys() & {"views", "impressions"}),
        )
        for post_id, totals in found.items()
    }
    return stood, len(born - found.keys())


@pytest.mark.parametrize("seed", range(2))
def test_standings_are_the_last_known_totals_of_each_metric(make_core: MakeCore, seed: int) -> None:
    rng = random.Random(seed)
    core = make_core(f"core{seed}")
    told_at_random(core, rng)
    sizes, kinds = set(), set()
    with core.read(EVERYTHING) as connection:
        for _ in range(40):
            end = BEGINS + timedelta(days=rng.randrange(70))
            day = day_number(local_day(end, UTC_ZONE))
            since = day_number(local_day(end - timedelta(days=rng.choice([3, 35, 200])), UTC_ZONE))
            span = CameOut(since, end, day)
            found, unread = standings(connection, EVERYTHING, EVERY_POST, span)
            stood = {each.post_id: (each.totals, each.complete) for each in found}
            assert (stood, unread) == stood_by_definition(connection, span), day_date(day)
            sizes.add(len(found))
            kinds |= {each.complete for each in found} | {("unread", unread > 0)}
    assert max(sizes) > 40
    assert kinds >= {True, False, ("unread", True)}
