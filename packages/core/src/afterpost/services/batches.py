"""A batch of outcomes into facts: readings recorded, each post's end noted, its next read planned.

One transaction a batch. A post ends as stored, unchanged, skipped (reason) or failed (class, retry time).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from afterpost.domain.errors import TRANSIENT, ErrorKind, ProviderError
from afterpost.domain.events import PostGone
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.domain.publication import reckoned
from afterpost.domain.readings import Reading, checked
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import zone_of
from afterpost.sdk.provider import Failed, Gone, Measured, Outcome, PostInfo
from afterpost.services import archive
from afterpost.services.archive import Prepared
from afterpost.services.core import Core
from afterpost.services.dues import Plan, replan
from afterpost.services.record import Item, move, record
from afterpost.services.schedule import next_due
from afterpost.storage import posts, runs
from afterpost.storage.archive import Operation
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.runs import RunItem
from afterpost.storage.transaction import Tx

log = logging.getLogger("afterpost.batches")

RETRY_AFTER = timedelta(minutes=30)
"""When a post or account that failed for a passing reason is read again."""
CONFIRMATIONS = 3
"""Reads in a row that must not find a post before it counts as gone."""


def store_batch(
    core: Core,
    scope: Scope,
    actor: Actor,
    batch: Sequence[Post],
    outcomes: Mapping[str, Outcome],
    run_id: int,
    fetch: Prepared | None = None,
    operation: Operation = "metrics",
) -> None:
    """Store what the provider said of a batch of posts of one account, and the payloads it said it with, in
    one transaction."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        zone = zone_of(organization.time_zone)
        items: list[RunItem] = []
        plans: list[Plan] = []
        readings: list[Item] = []
        for post in batch:
            outcome = _believable(outcomes.get(post.external_id))
            current = post
            if isinstance(outcome, Measured):
                current = _adopt(tx, organization, post, outcome.post)
                readings.append(Item(current, outcome.reading, "api"))
            item, plan = _ended(core, tx, zone, current, outcome)
            items.append(item)
            plans.append(plan)
        fetch_id = archive.keep(
            *(tx, organization.id, run_id, operation, fetch),
            account_id=batch[0].account_id,
            platform=batch[0].platform,
        )
        replan(core, tx, organization, plans)
        recorded = record(tx, organization, readings, run_id)
        _plan_anew(core, tx, zone, readings)
        runs.add_items(
            tx.connection,
            tx.scope,
            organization.id,
            run_id,
            [
                RunItem(item.post_id, recorded[item.post_id], item.reason, item.detail)
                if item.post_id in recorded
                else item
                for item in items
            ],
            fetch_id,
        )


def _plan_anew(core: Core, tx: Tx, zone: ZoneInfo, readings: Sequence[Item]) -> None:
    """Plan by the publication as the readings leave it, where they may have made it another one."""
    before = {post.id: post.published for post, reading, _ in readings if _may_move(post, reading, zone)}
    after = posts.get_posts(tx.connection, tx.scope, before) if before else {}
    rows = [
        {"id": key, "due_at": next_due(core, post, reckoned(post.published, zone), tx.now)}
        for key, post in after.items()
        if post.published != before[key]
    ]
    posts.update_posts(tx.connection, tx.scope, ["due_at"], rows)


def _may_move(post: Post, reading: Reading, zone: ZoneInfo) -> bool:
    """Whether a reading tells another publication than is known, or was made before it."""
    known = reckoned(post.published, zone)
    if known is not None and reading.observed_at < known:
        return True
    return reading.published not in (None, post.published)


def _believable(outcome: object) -> Outcome:
    """The outcome without numbers that can't be true; a plugin's slip costs that number or post alone."""
    try:
        if isinstance(outcome, Measured):
            if outcome.post is not None:
                msgspec.json.decode(msgspec.json.encode(outcome.post), type=PostInfo)
            reading, refused = checked(outcome.reading)
            return msgspec.structs.replace(outcome, reading=reading, partial=(*outcome.partial, *refused))
        if isinstance(outcome, Gone) or (
            isinstance(outcome, Failed) and isinstance(outcome.error, ProviderError)
        ):
            return outcome
        said = "no outcome" if outcome is None else f"a {type(outcome).__name__} as outcome"
    except Exception as error:
        log.exception("a provider's outcome can't be used")
        said = f"an outcome that can't be used ({type(error).__name__})"
    return Failed(ProviderError(ErrorKind.BUG, f"The provider gave {said} for this post."))


def _adopt(tx: Tx, organization: Organization, post: Post, info: PostInfo | None) -> Post:
    """Take over what the provider says about the post now; its publication is the readings' matter."""
    if info is None:
        return post
    texts = {
        name: getattr(info, name)
        for name in ("title", "description", "url")
        if getattr(info, name) and getattr(info, name) != getattr(post, name)
    }
    if post.titled:
        texts.pop("title", None)
    if texts:
        posts.update_posts(tx.connection, tx.scope, list(texts), [{"id": post.id, **texts}])
    if post.content_type == UNKNOWN_TYPE != info.content_type:
        return move(tx, organization, post, content_type=info.content_type)
    return post


def _ended(core: Core, tx: Tx, zone: ZoneInfo, post: Post, outcome: Outcome) -> tuple[RunItem, Plan]:
    """How the post ended, and its new collection state."""
    if isinstance(outcome, Measured):
        if post.state == "gone":
            posts.end_absence(tx.connection, tx.scope, post, tx.now)
        partial = "not reported: " + ", ".join(outcome.partial) if outcome.partial else None
        plan = Plan(post, "live", 0, None, next_due(core, post, reckoned(post.published, zone), tx.now))
        return RunItem(post.id, "stored", None, partial), plan
    if isinstance(outcome, Gone):
        misses = post.misses + 1
        since = post.gone_at or tx.now
        if misses < CONFIRMATIONS:
            again = next_due(core, post, reckoned(post.published, zone), tx.now)
            plan = Plan(post, "live", misses, since, again)
            return RunItem(post.id, "failed", ErrorKind.NOT_FOUND, outcome.reason, again), plan
        if post.state != "gone":
            posts.note_absence(tx.connection, tx.scope, post, since, tx.now)
            tx.emit(PostGone(organization_id=post.organization_id, post_id=post.id, since=since))
        return RunItem(post.id, "skipped", "gone", outcome.reason), Plan(post, "gone", misses, since, None)
    error = outcome.error
    retry_at = error.retry_at or (
        tx.now + RETRY_AFTER
        if error.kind in TRANSIENT
        else next_due(core, post, reckoned(post.published, zone), tx.now)
    )
    plan = Plan(post, post.state, post.misses, post.gone_at, retry_at)
    return RunItem(post.id, "failed", error.kind, error.message, retry_at), plan
