"""When a post is read next, by the schedule in force: a plugin's, or the age ladder."""

from datetime import datetime

from afterpost.defaults import AgeLadder
from afterpost.sdk.schedule import ScheduledPost
from afterpost.services.core import Core
from afterpost.storage.posts import Post


def next_due(core: Core, post: Post, published_at: datetime | None, now: datetime) -> datetime | None:
    """The read after one at `now`; None stops reading the post. Where a plugin's schedule fails the age
    ladder stands in."""
    return asked(
        core,
        ScheduledPost(
            organization_id=post.organization_id,
            platform=post.platform,
            external_id=post.external_id,
            published_at=published_at,
            account_id=post.account_id,
        ),
        now,
    )


def asked(core: Core, subject: ScheduledPost, now: datetime) -> datetime | None:
    """The same of a post as a schedule sees it."""
    try:
        due: object = core.schedule.next_due(subject, now)
        if due is not None and (not isinstance(due, datetime) or due.tzinfo is None):
            raise TypeError(f"it answered with {due!r}, which is no aware instant")
        return due
    except KeyboardInterrupt:
        raise
    except BaseException:  # a plugin may try to exit
        core.log.exception("the collection schedule failed; the age ladder stands in")
        return AgeLadder().next_due(subject, now)
