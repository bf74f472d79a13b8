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


Event = SnapshotsStored | PerformanceSynced | AccountStopped | PostGone
