"""The API's words for posts, accounts, brands and runs: what is shown of each, and nothing else."""

from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

from afterpost.domain.posts import CreativeLinks
from afterpost.domain.readings import Value
from afterpost.services.standing import Standing

if TYPE_CHECKING:
    from afterpost.services.core import Core
    from afterpost.storage.imports import ImportFile
    from afterpost.storage.observations import Observation
    from afterpost.storage.organizations import Brand
    from afterpost.storage.posts import Post
    from afterpost.storage.runs import Run, RunItem


class NoMeta(Struct, frozen=True):
    """Nothing to add."""


class PostView(Struct, frozen=True, kw_only=True):
    """A post. `published_on`: the local day it was published, null where nothing is known; `published_at` is
    null as well where only that day is known. `state`: live or gone; `next_due`: its next scheduled read,
    null when none is planned; `last_refreshed`: the last refresh of this post that was asked for."""

    id: int
    platform: str
    external_id: str
    brand_id: int | None
    account_id: int | None
    title: str
    description: str
    url: str
    content_type: str
    published_at: datetime | None
    published_on: date | None
    links: CreativeLinks
    state: str
    gone_at: datetime | None
    next_due: datetime | None
    last_refreshed: datetime | None
    created_at: datetime


def post_view(post: "Post") -> PostView:
    """The post as shown."""
    return PostView(
        id=post.id,
        platform=post.platform,
        external_id=post.external_id,
        brand_id=post.brand_id,
        account_id=post.account_id,
        title=post.title,
        description=post.description,
        url=post.url,
        content_type=post.content_type,
        published_at=post.published_at,
        published_on=post.published_on,
        links=post.creative,
        state=post.state,
        gone_at=post.gone_at,
        next_due=post.due_at,
        last_refreshed=post.refreshed_at,
        created_at=post.created_at,
    )


class Failure(Struct, frozen=True):
    """Why the account's last refresh failed: the kind of error, a sentence, and when."""

    kind: str
    message: str
    at: datetime


class AccountView(Struct, frozen=True, kw_only=True):
    """A connected account, never its credential. `state`: active, stopped (a person must act;
    `last_failure` says why) or disconnected; `next_due`: its next scheduled read; `scopes`: what was granted,
    as far as the platform says; `missing`: metric -> scopes it needs and lacks, null where nobody knows."""

    id: int
    platform: str
    external_id: str
    brand_id: int | None
    handle: str
    name: str
    state: str
    last_refresh: datetime | None
    next_due: datetime | None
    last_failure: Failure | None
    scopes: list[str]
    missing: dict[str, list[str]] | None
    created_at: datetime


def account_view(standing: Standing, core: "Core") -> AccountView:
    """The account as shown."""
    account = standing.account
    failure = None
    if account.failure_kind is not None and account.failed_at is not None:
        failure = Failure(account.failure_kind, account.failure_message or "", account.failed_at)
    missing = standing.missing(core)
    return AccountView(
        id=account.id,
        platform=account.platform,
        external_id=account.external_id,
        brand_id=account.brand_id,
        handle=account.handle,
        name=account.name,
        state=account.state,
        last_refresh=account.last_refresh_at,
        next_due=standing.next_due,
        last_failure=failure,
        scopes=list(standing.scopes),
        missing=None if missing is None else {name: list(scopes) for name, scopes in missing.items()},
        created_at=account.created_at,
    )


class BrandView(Struct, frozen=True):
    """A brand."""

    id: int
    slug: str
    name: str
    created_at: datetime


def brand_view(brand: "Brand") -> BrandView:
    """The brand as shown."""
    return msgspec.convert(brand, BrandView, from_attributes=True)


class RunView(Struct, frozen=True):
    """A run. `kind`: collect, import, ingest, sync or replay; `state`: running, done or failed; `posts`: how
    many ended, each as one of the four outcomes; `failed_lines`: lines of an imported file that failed, null
    where no file was read."""

    id: int
    kind: str
    state: str
    actor: str
    started_at: datetime
    ended_at: datetime | None
    posts: int
    stored: int
    unchanged: int
    skipped: int
    failed: int
    message: str | None
    failed_lines: int | None


def run_view(run: "Run") -> RunView:
    """The run as shown."""
    return msgspec.convert(run, RunView, from_attributes=True)


class RunItemView(Struct, frozen=True):
    """How one post of a run ended. `reason`: why it was skipped, or the kind of the failure; `retry_at`:
    when it is read again."""

    post_id: int
    outcome: str
    reason: str | None
    detail: str | None
    retry_at: datetime | None


def run_item_view(item: "RunItem") -> RunItemView:
    """The outcome as shown."""
    return msgspec.convert(item, RunItemView, from_attributes=True)


class ImportFileView(Struct, frozen=True, kw_only=True):
    """The file an import read. `part`: the file of an archive, or the sheet of a workbook; `sha256` and
    `bytes`: of the whole file, null where it came through a pipe; `observed_at`: when lines that don't say it
    were read. The counts are of lines."""

    name: str
    part: str
    format: str
    sha256: str | None
    bytes: int | None
    observed_at: datetime
    stored: int
    unchanged: int
    skipped: int
    failed: int


def import_file_view(file: "ImportFile") -> ImportFileView:
    """The file as shown."""
    return msgspec.convert(file, ImportFileView, from_attributes=True)


class ImportLineView(Struct, frozen=True):
    """How one line ended. `reason`: why it was skipped, or the class of the failure; `post_id`: the post it
    is about, where it was stored or is unchanged."""

    line: int
    outcome: str
    reason: str | None
    detail: str | None
    post_id: int | None


Day: TypeAlias = date
"""The type, beside a field of that name."""


class ObservationView(Struct, frozen=True):
    """One stored reading: `observed_at` is when it was true, null where it tells only its `date`;
    `recorded_at` when it was stored, `digest` what tells it from another reading of that instant.
    `replaced`: what was told later of that instant contradicts it, and counts. A metric in `definitions` that
    is not in `values` was asked for and not reported. `payloads`: SHA-256 of the raw answers or files it was
    read from, each at /v1/payloads/{sha256}; empty where nothing was archived."""

    date: date
    observed_at: datetime | None
    recorded_at: datetime
    values: dict[str, Value]
    definitions: dict[str, str]
    published_at: datetime | None
    published_on: Day | None
    source: str
    run_id: int
    digest: str
    replaced: bool
    payloads: list[str]


def observation_view(observation: "Observation") -> ObservationView:
    """The reading as shown."""
    return msgspec.convert(observation, ObservationView, from_attributes=True)
