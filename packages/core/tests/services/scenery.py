"""Data that several tests of the services look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from afterpost.domain.windows import local_day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.dues import Booking, Plan, replan
from afterpost.services.record import move
from afterpost.storage import accounts, dues, posts
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


def was_due(core: Core, days: Iterable[str], *external_ids: str, platform: str = "youtube") -> None:
    """Reads of known posts were due at noon of those days, whether they were made or not."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        zone = zone_of(organization.time_zone)
        known = posts.find_posts(tx.connection, EVERYTHING, organization.id, platform, external_ids)
        come = [(local_day_number(at(each), zone), at(each)) for each in days]
        booking = Booking(tx, zone)
        rows = []
        for head in dues.heads(tx.connection, EVERYTHING, [post.id for post in known.values()]).values():
            due_day, due_prev = booking.add(head, come, head.state, None)
            rows.append({"id": head.post_id, "due_day": due_day, "due_prev": due_prev})
        booking.finish()
        posts.update_posts(tx.connection, EVERYTHING, ["due_day", "due_prev"], rows)


def set_due(core: Core, due_at: datetime | None, *external_ids: str, platform: str = "youtube") -> None:
    """The posts are planned to be read at that instant."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        known = posts.find_posts(tx.connection, EVERYTHING, organization.id, platform, external_ids)
        rows = [{"id": post.id, "due_at": due_at} for post in known.values()]
        posts.update_posts(tx.connection, EVERYTHING, ["due_at"], rows)


def only_the_day(core: Core, *external_ids: str, platform: str = "youtube") -> None:
    """Of the publication of the posts nothing is known but the day."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        known = posts.find_posts(tx.connection, EVERYTHING, organization.id, platform, external_ids)
        rows = [{"id": post.id, "published_at": None} for post in known.values()]
        posts.update_posts(tx.connection, EVERYTHING, ["published_at"], rows)


def set_missing(core: Core, post_id: int, since: datetime, *, misses: int) -> None:
    """The post's last reads did not find it; three in a row and it is gone."""
    with core.transaction(EVERYTHING, ACTOR) as tx:
        post = posts.get_post(tx.connection, EVERYTHING, post_id)
        assert post is not None
        plan = Plan(post, "gone" if misses >= 3 else "live", misses, since, None)
        replan(core, tx, core.organization(tx.connection, EVERYTHING), [plan])
