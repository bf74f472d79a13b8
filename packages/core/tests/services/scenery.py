"""Data that several tests of the services look at."""

from datetime import datetime, timedelta

from afterpost.services.core import Core
from afterpost.services.record import move
from afterpost.storage import accounts, posts
from packages.core.tests.house import ACTOR, EVERYTHING, PARTS, at, tell, told

ASKED = ("views", *PARTS)


def fix_a(core: Core) -> None:
    """The history the original system was run on (vectors GV-135 to GV-145), as ids 1, 2 and 3.

    Thirteen days up to yesterday; every post gains the same each day: p1 100 views, 10 likes, p2 10 and 2,
    p3 1000 and 50; each a comment and a save. p1 and p2 are brand B1's, p3 is B2's.
    """
    for k in range(1, 14):
        read_at = at("2026-11-08 23:00") + timedelta(days=k)
        for post, views, likes, hour, brand in [
            ("p1", 100, 10, 9, "B1"),
            ("p2", 10, 2, 14, "B1"),
            ("p3", 1_000, 50, 20, "B2"),
        ]:
            entry = told(
                post,
                read_at,
                {"views": views * k, "likes": likes * k, "comments": k, "saves": k, "shares": 0},
                published_at=at(f"2026-11-09 {hour:02}:00"),
                asked=ASKED,
                title=f"Hook {post}",
                content_type="video",
            )
            tell(core, entry, brand=brand)


def adopt(core: Core, *external_ids: str, platform: str = "youtube", account: str = "channel") -> int:
    """Give known posts to an account, which makes their reads scheduled ones; returns its id."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        found = accounts.find_account(tx.connection, EVERYTHING, organization.id, platform, account)
        account_id = (
            found.id
            if found
            else accounts.add_account(
                tx.connection,
                EVERYTHING,
                {
                    "organization_id": organization.id,
                    "platform": platform,
                    "external_id": account,
                    "handle": "channel",
                    "name": "Channel",
                    "state": "active",
                    "listed": True,
                    "created_at": tx.now,
                },
            )
        )
        known = posts.find_posts(tx.connection, EVERYTHING, organization.id, platform, external_ids)
        for external_id in external_ids:
            move(tx, organization, known[external_id], account_id=account_id)
        return account_id


def set_missing(core: Core, post_id: int, since: datetime, *, misses: int) -> None:
    """The post's last reads did not find it; three in a row and it is gone."""
    state = "gone" if misses >= 3 else "live"
    with core.transaction(EVERYTHING, ACTOR) as tx:
        posts.update_posts(
            tx.connection,
            EVERYTHING,
            ["state", "misses", "gone_at"],
            [{"id": post_id, "state": state, "misses": misses, "gone_at": since}],
        )
