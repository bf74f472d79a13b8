"""Readings that come to us: the ingest call, and records read from files."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from afterpost.domain.contradictions import contradicting
from afterpost.domain.descriptions import clean
from afterpost.domain.errors import Conflict, InvalidInput
from afterpost.domain.ids import plain_id
from afterpost.domain.links import known_id
from afterpost.domain.posts import UNKNOWN_TYPE, CreativeLinks
from afterpost.domain.readings import Published, Reading
from afterpost.domain.scope import Actor, Scope
from afterpost.domain.windows import local_day, zone_of
from afterpost.services import archive
from afterpost.services.archive import Prepared
from afterpost.services.catalogue import add_posts, brand_by_id, brand_named, new_post
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.organization import organization_of
from afterpost.services.record import Item, Source, move, record
from afterpost.services.run import close_run
from afterpost.storage import organizations, posts, runs
from afterpost.storage.archive import Operation
from afterpost.storage.engine import Connection
from afterpost.storage.organizations import Organization
from afterpost.storage.posts import Post
from afterpost.storage.runs import RunItem, Token
from afterpost.storage.transaction import Tx

BATCH = 500
"""Entries stored in one transaction by those who bring many."""


class Entry(Struct, frozen=True, kw_only=True):
    """One post with one reading. What is empty says nothing about a post that is known already. `notes`: what
    whoever read it could not understand and left out."""

    platform: str
    external_id: str
    reading: Reading
    title: str = ""
    description: str = ""
    url: str = ""
    content_type: str = UNKNOWN_TYPE
    links: CreativeLinks | None = None
    notes: tuple[str, ...] = ()


class Ended(Struct, frozen=True, omit_defaults=True):
    """How one entry ended: stored or unchanged, and under which post id. `notes`: what of it was clipped,
    cleaned or left unknown; none of that cost a number."""

    platform: str
    external_id: str
    post_id: int
    outcome: str
    notes: tuple[str, ...] = ()


class Key(Struct, frozen=True):
    """A caller's Idempotency-Key, and the digest of the body that came with it."""

    text: str
    body: bytes

    @property
    def token(self) -> Token:
        """How the run of the call is found again."""
        return Token(f"key:{self.text}", self.body)


async def ingest(
    core: Core,
    scope: Scope,
    actor: Actor,
    entries: Sequence[Entry],
    source: Source,
    *,
    brand_id: int | None = None,
    brand: str | None = None,
    fetch: Prepared | None = None,
    key: Key | None = None,
) -> tuple[int, list[Ended]]:
    """Store entries as a run of their own, all or nothing; posts that are new are made.

    New posts get the given brand; a known post of another brand is a Conflict, for it would move its whole
    history. A reading from the future is refused, and so are entries that contradict each other. The same
    `key` again stores nothing and answers as before; with another body it is a Conflict. Guards are asked
    before: raises Denied or Held. `fetch`: the body they came in, which is kept with them. Returns the run
    and how each entry ended.
    """
    _refuse_contradictions(entries)
    organization = await core.database.reading(organization_of, core, scope)
    if key is not None:
        before = await core.database.reading(_ended_before, core, scope, organization, entries, key)
        if before is not None:
            return before
    async with guarded(
        core,
        scope,
        actor,
        "import",
        f"{len(entries)} readings sent to us",
        organization_id=organization.id,
        amount=len(entries),
    ) as done:
        run_id, ended = await core.database.writing(
            store, core, scope, actor, entries, source, brand_id=brand_id, brand=brand, fetch=fetch, key=key
        )
        done.amount = len(ended)
    return run_id, ended


def _refuse_contradictions(entries: Sequence[Entry]) -> None:
    found = contradicting((entry.platform, plain_id(entry.external_id), entry.reading) for entry in entries)
    for place, contradiction in sorted(found.items()):
        raise InvalidInput(
            f"posts[{place}]: {contradiction.sentence('entry')}",
            hint="Entries are counted from 0; send one number for each metric, post and instant.",
        )


def store(
    core: Core,
    scope: Scope,
    actor: Actor,
    entries: Sequence[Entry],
    source: Source,
    *,
    run_id: int | None = None,
    brand_id: int | None = None,
    brand: str | None = None,
    fetch: Prepared | None = None,
    key: Key | None = None,
) -> tuple[int, list[Ended]]:
    """What `ingest` does once it is allowed, in one transaction; with `run_id` as a part of that run."""
    with core.transaction(scope, actor) as tx:
        if key is not None:
            # Whoever sends the same call at the same time waits here, and finds what it came to.
            organization = core.organization(tx.connection, tx.scope)
            organizations.lock(tx.connection, tx.scope, organization.id)
            before = _run_of(tx.connection, tx.scope, organization, entries, key)
            if before is not None:
                return before
        return put(
            core, tx, entries, source, run_id=run_id, brand_id=brand_id, brand=brand, fetch=fetch, key=key
        )


def _ended_before(
    core: Core, scope: Scope, organization: Organization, entries: Sequence[Entry], key: Key
) -> tuple[int, list[Ended]] | None:
    with core.read(scope) as connection:
        return _run_of(connection, scope, organization, entries, key)


def _run_of(
    connection: Connection, scope: Scope, organization: Organization, entries: Sequence[Entry], key: Key
) -> tuple[int, list[Ended]] | None:
    """What the call with this key came to, when it was made before; Conflict when it said something else."""
    found = runs.with_token(connection, scope, organization.id, key.token.text)
    if found is None:
        return None
    run_id, body = found
    if body != key.body:
        raise Conflict(
            f"The Idempotency-Key {key.text!r} came with another body before, in run {run_id}.",
            hint="Give each call a key of its own, and the same one only to the same call again.",
        )
    outcomes = runs.outcomes_of(connection, scope, run_id)
    entries = [cleaned(entry) for entry in entries]
    asked: dict[str, set[str]] = {}
    for entry in entries:
        asked.setdefault(entry.platform, set()).add(entry.external_id)
    owners = {
        (platform, post.external_id): post.id
        for platform, ids in asked.items()
        for post in posts.find_posts(connection, scope, organization.id, platform, ids).values()
    }
    return run_id, [
        Ended(entry.platform, entry.external_id, post_id, outcomes[post_id], entry.notes)
        for entry in entries
        if (post_id := owners.get((entry.platform, entry.external_id))) in outcomes
    ]


def rehearse(
    core: Core,
    scope: Scope,
    actor: Actor,
    entries: Sequence[Entry],
    source: Source,
    *,
    brand: str | None = None,
) -> list[Ended]:
    """What `store` would do: done in a transaction that is rolled back."""
    try:
        with core.transaction(scope, actor) as tx:
            _, ended = put(core, tx, entries, source, brand=brand)
            raise _RollBack
    except _RollBack:
        return ended


class _RollBack(Exception):
    """Leaves a rehearsal's transaction."""


def put(
    core: Core,
    tx: Tx,
    entries: Sequence[Entry],
    source: Source,
    *,
    run_id: int | None = None,
    brand_id: int | None = None,
    brand: str | None = None,
    fetch: Prepared | None = None,
    fetch_id: int | None = None,
    key: Key | None = None,
) -> tuple[int, list[Ended]]:
    """What `store` does inside an open transaction. `fetch_id`: what the entries came in, where that is kept
    already."""
    organization = core.organization(tx.connection, tx.scope)
    if brand is not None:
        brand_id = brand_named(tx, organization, brand).id
    elif brand_id is not None:
        brand_by_id(tx.connection, tx.scope, brand_id)
    entries = [cleaned(entry) for entry in entries]
    zone = zone_of(organization.time_zone)
    for entry in entries:
        _refuse_future(entry, tx.now, zone)
    whole = run_id is None
    if run_id is None:
        run_id = runs.start_run(
            *(tx.connection, tx.scope, organization.id, "ingest", str(tx.actor), tx.now),
            None if key is None else key.token,
        )
    if fetch is not None:
        operation: Operation = "manual" if source == "manual" else "ingest"
        fetch_id = archive.keep(tx, organization.id, run_id, operation, fetch)
    owners = _owners(tx, organization, entries, brand_id)
    items = [Item(owners[entry.platform, entry.external_id], entry.reading, source) for entry in entries]
    outcome = record(tx, organization, items, run_id)
    # What an earlier part of the run stored of a post was stored, whatever this part says of it.
    before = set() if whole else runs.stored_before(tx.connection, tx.scope, run_id, outcome)
    runs.add_items(
        tx.connection,
        tx.scope,
        organization.id,
        run_id,
        [RunItem(key, "stored" if key in before else ended) for key, ended in outcome.items()],
        fetch_id,
    )
    if whole:
        close_run(tx, run_id, "done")
    ended = [
        Ended(entry.platform, entry.external_id, item.post.id, outcome[item.post.id], entry.notes)
        for entry, item in zip(entries, items, strict=True)
    ]
    return run_id, ended


def cleaned(entry: Entry) -> Entry:
    """The entry as it can be kept: no invisible characters in its id, and descriptions that fit, with a note
    on each that did not. InvalidInput where its link names another post, or nothing is left of its id."""
    (title, description, url, content_type), notes = clean(
        entry.title, entry.description, entry.url, entry.content_type
    )
    external_id, remark = known_id(entry.platform, entry.external_id, url)
    return msgspec.structs.replace(
        entry,
        external_id=external_id,
        title=title,
        description=description,
        url=url,
        content_type=content_type,
        notes=(*entry.notes, *notes, *([remark] if remark else [])),
    )


def is_future(reading: Reading, now: datetime, zone: ZoneInfo) -> bool:
    """True for a reading of an instant, or of a day, that has not come yet."""
    if reading.observed_on is not None:
        return reading.observed_on > local_day(now, zone)
    return reading.observed_at > now


def _refuse_future(entry: Entry, now: datetime, zone: ZoneInfo) -> None:
    if is_future(entry.reading, now, zone):
        on, at = entry.reading.observed_on, entry.reading.observed_at
        when = f"at {at.isoformat()}" if on is None else f"on {on}"
        raise InvalidInput(
            f"{entry.platform} {entry.external_id} was observed {when}, "
            f"which is in the future (now {now.isoformat()}).",
            hint="Check the clock of whoever sent it; observed_at is the instant of the reading.",
        )


def _owners(
    tx: Tx, organization: Organization, entries: Sequence[Entry], brand_id: int | None
) -> dict[tuple[str, str], Post]:
    """The post of each entry by (platform, external id); makes the new ones."""
    owners: dict[tuple[str, str], Post] = {}
    by_platform: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        told = by_platform.setdefault(entry.platform, {})
        told[entry.external_id] = _together(told.get(entry.external_id), entry)
    for platform, wanted in by_platform.items():
        known = posts.find_posts(tx.connection, tx.scope, organization.id, platform, wanted)
        for external_id, post in known.items():
            _refuse_other_brand(post, brand_id)
            known[external_id] = _adopt(tx, organization, post, wanted[external_id])
        add_posts(
            tx,
            organization,
            platform,
            [
                new_post(
                    organization,
                    platform,
                    external_id,
                    tx.now,
                    brand_id=brand_id,
                    title=entry.title,
                    description=entry.description,
                    url=entry.url,
                    content_type=entry.content_type,
                    published=_announced(entry.reading),
                    links=entry.links,
                )
                for external_id, entry in wanted.items()
                if external_id not in known
            ],
        )
        made = [external_id for external_id in wanted if external_id not in known]
        known |= posts.find_posts(tx.connection, tx.scope, organization.id, platform, made)
        if unseen := [external_id for external_id in made if external_id not in known]:
            raise Conflict(
                f"The {platform} post {unseen[0]} can't be stored by this caller.",
                hint="It is another brand's, or a new post needs one of the caller's own brands.",
            )
        owners |= {(platform, external_id): post for external_id, post in known.items()}
    return owners


def _announced(reading: Reading) -> Published | None:
    """What a reading says of a new post's publication where it is stored nowhere: values by day are no
    observation. All others tell it themselves, and can be doubted."""
    return reading.published if reading.daily and not reading.values else None


def _together(earlier: Entry | None, later: Entry) -> Entry:
    """What several entries of one call tell of a post: the later word counts, silence says nothing."""
    if earlier is None:
        return later
    return msgspec.structs.replace(
        later,
        title=later.title or earlier.title,
        description=later.description or earlier.description,
        url=later.url or earlier.url,
        content_type=earlier.content_type if later.content_type == UNKNOWN_TYPE else later.content_type,
        links=later.links or earlier.links,
    )


def _refuse_other_brand(post: Post, brand_id: int | None) -> None:
    if brand_id is not None and post.brand_id is not None and post.brand_id != brand_id:
        raise Conflict(
            f"The {post.platform} post {post.external_id} belongs to brand {post.brand_id}.",
            hint="Leave the brand out, or give that one.",
        )


def _adopt(tx: Tx, organization: Organization, post: Post, entry: Entry) -> Post:
    """Fill in what was not known of the post; what is known stays."""
    texts = {
        name: getattr(entry, name)
        for name in ("title", "description", "url")
        if getattr(entry, name) and not getattr(post, name)
    }
    if texts:
        posts.update_posts(tx.connection, tx.scope, list(texts), [{"id": post.id, **texts}])
    if post.content_type == UNKNOWN_TYPE != entry.content_type:
        return move(tx, organization, post, content_type=entry.content_type)
    return post
