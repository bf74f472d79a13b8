"""Facts that other parts may listen to, as tagged structs; versioned by name, kept in the outbox."""

from datetime import date, datetime

from msgspec import Struct


class SnapshotsStored(Struct, frozen=True, kw_only=True, tag="snapshots_stored.v1"):
    """One batch was committed: how many posts' snapshots changed, on which days, by which run."""

    organization_id: int
    run_id: int
    change_seq: int
    posts: int
    days: tuple[date, ...]
    restated: int
    """Counters that came out lower than the last known total."""


class PerformanceSynced(Struct, frozen=True, kw_only=True, tag="performance_synced.v1"):
    """Learning rows were written from complete days."""

    organization_id: int
    run_id: int
    change_seq: int
    rows: int


class Rezoned(Struct, frozen=True, kw_only=True, tag="rezoned.v1"):
    """An organisation's days were cut in another zone: every snapshot and learning row was made anew."""

    organization_id: int
    change_seq: int
    time_zone_before: str
    time_zone: str
    snapshots: int
    """How many there are now."""


class AccountStopped(Struct, frozen=True, kw_only=True, tag="account_stopped.v1"):
    """An account stopped being collected and needs a person: its error kind and sentence."""

    organization_id: int
    account_id: int
    kind: str
    message: str


class PostGone(Struct, frozen=True, kw_only=True, tag="post_gone.v1"):
    """A post was confirmed to be gone at its platform; its history stays."""

    organization_id: int
    post_id: int
    since: datetime


class PostsRegistered(Struct, frozen=True, kw_only=True, tag="posts_registered.v1"):
    """Posts became known, before any number of theirs: how many, on which platform, of which account."""

    organization_id: int
    platform: str
    account_id: int | None
    posts: int


class PostEdited(Struct, frozen=True, kw_only=True, tag="post_edited.v1"):
    """A person gave a post another brand, title or both: what is different now (`brand`, `title`), and its
    brand before and after. Its whole history moved with it."""

    organization_id: int
    post_id: int
    changed: tuple[str, ...]
    brand_id_before: int | None
    brand_id: int | None


class OrganizationCreated(Struct, frozen=True, kw_only=True, tag="organization_created.v1"):
    """An organisation was made beside the one that was there from the first start."""

    organization_id: int
    slug: str


class BrandCreated(Struct, frozen=True, kw_only=True, tag="brand_created.v1"):
    """A brand was made, by name or by the first post that named it."""

    organization_id: int
    brand_id: int
    slug: str


class AccountConnected(Struct, frozen=True, kw_only=True, tag="account_connected.v1"):
    """An account was connected with a credential that works, for the first time or again."""

    organization_id: int
    account_id: int
    platform: str
    external_id: str


class AccountDisconnected(Struct, frozen=True, kw_only=True, tag="account_disconnected.v1"):
    """An account's credential was forgotten; its posts and their history stay."""

    organization_id: int
    account_id: int


class RunEnded(Struct, frozen=True, kw_only=True, tag="run_ended.v1"):
    """A run came to its end: its kind (collect, import, ingest, sync, replay), its state, how its posts
    ended."""

    organization_id: int
    run_id: int
    kind: str
    state: str
    stored: int
    unchanged: int
    skipped: int
    failed: int


Event = (
    SnapshotsStored
    | PerformanceSynced
    | Rezoned
    | AccountStopped
    | PostGone
    | PostsRegistered
    | PostEdited
    | OrganizationCreated
    | BrandCreated
    | AccountConnected
    | AccountDisconnected
    | RunEnded
)
