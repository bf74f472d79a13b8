"""Every table of core. Days are day numbers (`domain.windows`), instants microseconds (`types.Instant`).

Fact tables are keyed by day first and have no second index: rows of one day lie together, so that the cost
of a write does not grow with the history. A post's own history is reached through `prev_day`, which links
each snapshot to the one before. In rollups a missing brand or account is 0, for a key has no null.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from afterpost.domain.metrics import CUMULATIVE
from afterpost.storage.types import Instant

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for INTEGER primary keys.
_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# An id is never given out twice, even after its row is deleted: events, receipts and URLs name it.
_NEVER_AGAIN: dict[str, Any] = {"sqlite_autoincrement": True}
_WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


def _key(*names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names)


def _organization() -> sa.Column[int]:
    return sa.Column("organization_id", _Id, sa.ForeignKey("organizations.id"), nullable=False)


organizations = sa.Table(
    "organizations",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False, comment="IANA zone that days are cut in"),
    sa.Column("zone_fixed", sa.Boolean, nullable=False, comment="true from the first snapshot on"),
    sa.Column("change_seq", sa.BigInteger, nullable=False, comment="last number of the change sequence"),
    sa.Column("changed_at", Instant, comment="when change_seq last moved"),
    sa.Column("refreshed_at", Instant, comment="last refresh of all posts that was asked for"),
    sa.Column("created_at", Instant, nullable=False),
    **_NEVER_AGAIN,
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column(
        "organization_id", _Id, sa.ForeignKey("organizations.id"), primary_key=True, autoincrement=False
    ),
    sa.Column("number", sa.BigInteger, nullable=False),
    comment="moves with every commit that an answer may show (storage/versions.py)",
)

brands = sa.Table(
    "brands",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("organization_id", "slug"),
    **_NEVER_AGAIN,
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("brand_id", _Id, sa.ForeignKey("brands.id")),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("handle", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="active, stopped or disconnected"),
    sa.Column("credential", sa.LargeBinary, comment="AES-GCM, bound to this row"),
    sa.Column("listed", sa.Boolean, nullable=False, comment="its posts were listed to the end once"),
    sa.Column("next_list_at", Instant, comment="when its posts are listed again"),
    sa.Column("parked_until", Instant, comment="the provider asked to wait until then"),
    sa.Column("last_refresh_at", Instant),
    sa.Column("failure_kind", sa.Text),
    sa.Column("failure_message", sa.Text),
    sa.Column("failed_at", Instant),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column(
        "app", sa.Text, nullable=False, server_default=sa.text("''"), comment="of which app's limits it uses"
    ),
    sa.Column(
        "scopes", sa.Text, nullable=False, server_default=sa.text("''"), comment="granted ones, by space"
    ),
    sa.Column(
        "credential_version", sa.BigInteger, nullable=False, server_default="0", comment="one more each time"
    ),
    sa.Column("renew_at", Instant, comment="when its credential is renewed even if nothing is read"),
    sa.Column("renewing_until", Instant, comment="somebody is renewing it, or died doing so"),
    sa.Column("next_account_at", Instant, comment="when its own numbers are read again"),
    sa.Column("next_daily_at", Instant, comment="when series by day are read again"),
    sa.UniqueConstraint("organization_id", "platform", "external_id"),
    **_NEVER_AGAIN,
)

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="stopped or disconnected"),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index("ix_pauses_account_id_began_at", "account_id", "began_at"),
    **_NEVER_AGAIN,
)

parkings = sa.Table(
    "parkings",
    metadata,
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    _key("platform", "app"),
    comment="apps that a platform asked to wait: all accounts of the app do",
    **_WITHOUT_ROWID,
)

spending = sa.Table(
    "spending",
    metadata,
    sa.Column("bucket", sa.Text, nullable=False, comment="a limit of an app or account"),
    sa.Column("begins_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False, comment="from when on it no longer counts"),
    sa.Column("spent", sa.BigInteger, nullable=False),
    _key("bucket", "begins_at"),
    **_WITHOUT_ROWID,
)

sign_ins = sa.Table(
    "sign_ins",
    metadata,
    sa.Column("state", sa.LargeBinary, nullable=False, comment="digest of what the browser brings back"),
    _organization(),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="AES-GCM: verifier and app"),
    sa.Column("ends_at", Instant, nullable=False),
    _key("state"),
    comment="sign-ins under way; a row leaves when it is used",
    **_WITHOUT_ROWID,
)

account_metrics = sa.Table(
    "account_metrics",
    metadata,
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    _organization(),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("observed_at", Instant, nullable=False),
    _key("account_id", "day", "metric"),
    comment="the last value of each day",
    **_WITHOUT_ROWID,
)

# With a null in the place of an account PostgreSQL takes the rest of an index in no order.
_ACCOUNT_OR_NONE = sa.text("coalesce(account_id, 0)")

posts = sa.Table(
    "posts",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("brand_id", _Id, sa.ForeignKey("brands.id")),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id")),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("published_at", Instant, comment="null: unknown, or only the day is known"),
    sa.Column("published_day", sa.Integer, comment="of the publication, in the organisation's zone"),
    sa.Column(
        *("publication_doubted", sa.Boolean),
        nullable=False,
        server_default=sa.false(),
        comment="an impossible one was told",
    ),
    sa.Column("links", sa.Text, nullable=False, comment="creative links, JSON"),
    sa.Column("state", sa.Text, nullable=False, comment="live or gone"),
    sa.Column("misses", sa.Integer, nullable=False, comment="reads in a row that did not find it"),
    sa.Column("gone_at", Instant, comment="first read of those that did not find it"),
    sa.Column("due_at", Instant, comment="next scheduled read; null: not read by schedule"),
    sa.Column("due_day", sa.Integer, comment="the last day a read was due on: head of its due_reads"),
    sa.Column("due_prev", sa.Integer, comment="the day before that one that a read was due on"),
    sa.Column("refreshed_at", Instant, comment="last refresh of this post that was asked for"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("announced_at", Instant, comment="publication as given with the new post"),
    sa.Column(
        "titled",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="a person gave its title: the platform's own does not replace it",
    ),
    sa.Column("announced_on", sa.Integer, comment="the same, where only its day was given"),
    sa.UniqueConstraint("organization_id", "platform", "external_id"),
    # All that a comparison of what came out in a span of time asks of a post.
    sa.Index(
        "ix_posts_published",
        *("organization_id", "published_at", "account_id", "platform", "content_type", "brand_id"),
    ),
    # The same of whole days, which is how windows ask.
    sa.Index(
        "ix_posts_published_day",
        *("organization_id", "published_day", "published_at", "account_id", "platform", "content_type"),
        "brand_id",
    ),
    # The posts that one is compared with, of its account and type or of its platform, as they came out;
    # those of which only the day is known are together.
    # SQLite takes an index with an expression for one that says all only if it has the column as well.
    sa.Index(
        "ix_posts_alike",
        *(
            "organization_id",
            _ACCOUNT_OR_NONE,
            "platform",
            "content_type",
            "published_at",
            "published_day",
            "id",
            "account_id",
        ),
    ),
    sa.Index("ix_posts_platform", "organization_id", "platform", "published_at", "published_day", "id"),
    # The few of which an impossible publication was told, and all that quality asks of them.
    sa.Index(
        "ix_posts_doubted",
        *("organization_id", "account_id", "platform", "content_type", "brand_id", "publication_doubted"),
        sqlite_where=sa.text("publication_doubted = 1"),
        postgresql_where=sa.text("publication_doubted"),
    ),
    # All that coverage asks of a read that is due and was not made yet.
    sa.Index(
        "ix_posts_due",
        *("account_id", "due_at", "due_day", "published_day", "platform", "content_type", "brand_id"),
    ),
    **_NEVER_AGAIN,
)


def account_or_none(table: sa.FromClause) -> sa.ColumnElement[int]:
    """The account of a post, 0 where it has none, as `ix_posts_alike` has it: with a literal 0."""
    return sa.func.coalesce(table.c.account_id, sa.literal_column("0", sa.BigInteger))


absences = sa.Table(
    "absences",
    metadata,
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    sa.Column("confirmed_at", Instant, nullable=False, comment="when it counted as gone"),
    _organization(),
    sa.Column("since", Instant, nullable=False, comment="first read that did not find it"),
    sa.Column("ended_at", Instant, comment="when it was found again"),
    _key("post_id", "confirmed_at"),
    comment="when posts were gone, for posts only says whether they are",
    **_WITHOUT_ROWID,
)

due_reads = sa.Table(
    "due_reads",
    metadata,
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    _organization(),
    sa.Column("prev_day", sa.Integer, comment="the post's previous day with a due read"),
    sa.Column("first_at", Instant, nullable=False, comment="the day's first due read"),
    sa.Column("last_at", Instant, nullable=False, comment="its last one: the two say the days in any zone"),
    sa.Column("recorded_at", Instant, nullable=False),
    _key("day", "post_id"),
    comment="days on which a read was due by the schedule in force, whether it was made or not",
    **_WITHOUT_ROWID,
)

definition_sets = sa.Table(
    "definition_sets",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("body", sa.Text, nullable=False, unique=True, comment="JSON: definitions and kinds of metrics"),
    **_NEVER_AGAIN,
)

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    sa.Column("observed_at", Instant, nullable=False),
    sa.Column("told", sa.BigInteger, nullable=False, comment="the change number it came with"),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="of values, definitions, publication"),
    sa.Column("whole_day", sa.Boolean, nullable=False, comment="it tells the day and no hour"),
    _organization(),
    sa.Column("definition_id", _Id, sa.ForeignKey("definition_sets.id"), nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON: metric to value"),
    sa.Column("published_at", Instant),
    sa.Column("published_day", sa.Integer, comment="where only the day was told"),
    sa.Column("source", sa.Text, nullable=False, comment="api, csv, manual or webhook"),
    sa.Column("run_id", _Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    _key("day", "post_id", "observed_at", "told", "digest"),
    **_WITHOUT_ROWID,
)

daily_metrics = sa.Table(
    "daily_metrics",
    metadata,
    sa.Column("day", sa.Integer, nullable=False, comment="a day in the provider's zone"),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("observed_at", Instant, nullable=False),
    sa.Column("value", sa.Float, nullable=False),
    _organization(),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("run_id", _Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    _key("day", "post_id", "metric", "observed_at", "value"),
    **_WITHOUT_ROWID,
)


def _snapshot_columns() -> Iterator[sa.Column[int]]:
    for name in CUMULATIVE:
        yield sa.Column(f"{name}_total", sa.BigInteger, comment="lifetime total; null: not reported")
        yield sa.Column(f"{name}_gain", sa.BigInteger, comment="since its last known total; null: unknown")
        yield sa.Column(f"{name}_days", sa.Integer, comment="days the gain covers; see Cell where it is null")


post_analytics = sa.Table(
    "post_analytics",
    metadata,
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    _organization(),
    sa.Column("prev_day", sa.Integer, comment="the post's previous snapshot"),
    sa.Column("offers", sa.Integer, nullable=False, comment="engagement parts asked for, bit set"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("change_seq", sa.BigInteger, nullable=False),
    sa.Column("other", sa.Text, comment="JSON: native counters as [total, gain, days], gauges as numbers"),
    *_snapshot_columns(),
    _key("day", "post_id", "platform"),
    **_WITHOUT_ROWID,
)

latest = sa.Table(
    "latest",
    metadata,
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), primary_key=True, autoincrement=False),
    _organization(),
    sa.Column("first_day", sa.Integer, nullable=False),
    sa.Column("last_day", sa.Integer, nullable=False),
    sa.Column("first_at", Instant, nullable=False, comment="earliest reading"),
    sa.Column("first_whole_day", sa.Boolean, nullable=False, comment="it tells the day and no hour"),
    sa.Column("exposed_at", Instant, comment="earliest exact reading with exposure above 0"),
    sa.Column("exposed_on", sa.Integer, comment="earliest day-only one"),
    sa.Column("told_rank", sa.Integer, nullable=False, comment="of the telling of the publication; 0: none"),
    sa.Column("told_apart", sa.Boolean, nullable=False, comment="another publication was told as well"),
    sa.Column("known", sa.Text, nullable=False, comment="JSON: metric to last known total"),
    sa.Column("behind", sa.Text, comment="JSON: metric to the day of that, where it is before last_day"),
    sa.Column(
        "offers",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="engagement parts ever asked for, bit set",
    ),
)

DIMENSIONS = ("organization_id", "brand_id", "account_id", "platform", "content_type")

ROLLUP_COUNTERS = (
    "snapshots",
    "unrated",
    "rated_engagements",
    "rated_views",
    "rated_impressions",
    "rated_by_views",
    "rated_by_impressions",
    *(
        f"{name}_{what}"
        for name in CUMULATIVE
        for what in ("gain", "estimated", "covered", "n", "change", "fell", "estimated_fell")
    ),
)
"""What `domain.snapshots.book` counts; every one of them additive over days and dimensions."""

STANDING_COUNTERS = tuple(f"{name}_{what}" for name in CUMULATIVE for what in ("n", "change"))

ATTENDANCE_COUNTERS = ("posts", "due", "missed", "unread")
"""Posts with a snapshot, `gap` days after the one before; those with a due read; and what `domain.attendance`
says of the two together."""


def _dimensions() -> list[sa.Column[int] | sa.Column[str]]:
    return [
        _organization(),
        sa.Column("brand_id", _Id, nullable=False),
        sa.Column("account_id", _Id, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
    ]


def _counters(names: tuple[str, ...]) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in names]


rollups = sa.Table(
    "rollups",
    metadata,
    *_dimensions(),
    sa.Column("day", sa.Integer, nullable=False),
    *_counters(ROLLUP_COUNTERS),
    _key("organization_id", "brand_id", "day", "account_id", "platform", "content_type"),
    **_WITHOUT_ROWID,
)

standing = sa.Table(
    "standing",
    metadata,
    *_dimensions(),
    *_counters(STANDING_COUNTERS),
    _key(*DIMENSIONS),
    comment="the sum of rollups over all days, so that a lifetime total needs no scan of the history",
    **_WITHOUT_ROWID,
)

attendance = sa.Table(
    "attendance",
    metadata,
    *_dimensions(),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("gap", sa.Integer, nullable=False, comment="days since the one before; 0: first"),
    *_counters(ATTENDANCE_COUNTERS),
    _key("organization_id", "brand_id", "day", "account_id", "platform", "content_type", "gap"),
    **_WITHOUT_ROWID,
)

openings = sa.Table(
    "openings",
    metadata,
    *_dimensions(),
    sa.Column("day", sa.Integer, nullable=False, comment="of the first total"),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column(
        "span", sa.Integer, nullable=False, comment="days from the publication on; negative: it is unknown"
    ),
    sa.Column("posts", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("total", sa.BigInteger, nullable=False, server_default="0"),
    _key("organization_id", "brand_id", "day", "account_id", "platform", "content_type", "metric", "span"),
    comment="late openings: first totals of which nobody knows on which days they were gained",
    **_WITHOUT_ROWID,
)

changes = sa.Table(
    "changes",
    metadata,
    _organization(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("post_ids", sa.Text, nullable=False, comment="JSON: posts whose snapshot of that day changed"),
    _key("organization_id", "seq", "day"),
    comment="snapshot changes that the learning rows do not hold yet; a row leaves when it was synced",
    **_WITHOUT_ROWID,
)

change_times = sa.Table(
    "change_times",
    metadata,
    _organization(),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    _key("organization_id", "seq"),
    comment="when each number of the change sequence was given out",
    **_WITHOUT_ROWID,
)

content_performance = sa.Table(
    "content_performance",
    metadata,
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("measured_on", sa.Integer, nullable=False),
    _organization(),
    sa.Column("brand_id", _Id),
    sa.Column("account_id", _Id),
    sa.Column("content_type", sa.Text, nullable=False),
    *(sa.Column(name, sa.BigInteger) for name in CUMULATIVE),
    sa.Column("clicks", sa.BigInteger),
    sa.Column("engagements", sa.BigInteger),
    sa.Column("exposure", sa.Text),
    sa.Column("engagement_rate", sa.Float),
    sa.Column("interaction_rate", sa.Float),
    sa.Column("performance_score", sa.Integer),
    sa.Column("rate_margin", sa.Float, comment="half the 90 % interval of engagement_rate, in points"),
    sa.Column("links", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("change_seq", sa.BigInteger, nullable=False),
    _key("post_id", "platform", "measured_on"),
    **_WITHOUT_ROWID,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("kind", sa.Text, nullable=False, comment="collect, import, ingest, sync or replay"),
    sa.Column("state", sa.Text, nullable=False, comment="running, done or failed"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("posts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stored", sa.Integer, nullable=False, server_default="0"),
    sa.Column("unchanged", sa.Integer, nullable=False, server_default="0"),
    sa.Column("skipped", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("message", sa.Text),
    sa.Column("token", sa.Text, comment="hash of its file, or its Idempotency-Key"),
    sa.Column("body_digest", sa.LargeBinary, comment="SHA-256 of what came with that key"),
    sa.Index("ix_runs_organization_id_kind_id", "organization_id", "kind", "id"),
    sa.Index("ix_runs_organization_id_token", "organization_id", "token"),
    **_NEVER_AGAIN,
)

run_items = sa.Table(
    "run_items",
    metadata,
    sa.Column("run_id", _Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), nullable=False),
    _organization(),
    sa.Column("outcome", sa.Text, nullable=False, comment="stored, unchanged, skipped or failed"),
    sa.Column("reason", sa.Text, comment="why skipped, or the class of the failure"),
    sa.Column("detail", sa.Text),
    sa.Column("retry_at", Instant),
    sa.Column("fetch_id", _Id, comment="the row of fetches that its numbers were read from"),
    _key("run_id", "post_id"),
    **_WITHOUT_ROWID,
)

import_files = sa.Table(
    "import_files",
    metadata,
    sa.Column("run_id", _Id, sa.ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    _organization(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("part", sa.Text, nullable=False, comment="file of an archive, sheet of a workbook, or empty"),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, comment="hexadecimal; null: it came through a pipe"),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("observed_at", Instant, nullable=False, comment="of lines that don't say when"),
    sa.Column("stored", sa.Integer, nullable=False, server_default="0"),
    sa.Column("unchanged", sa.Integer, nullable=False, server_default="0"),
    sa.Column("skipped", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_import_files_organization_id_sha256", "organization_id", "sha256"),
)

import_lines = sa.Table(
    "import_lines",
    metadata,
    sa.Column("run_id", _Id, sa.ForeignKey("import_files.run_id"), nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    _organization(),
    sa.Column("post_id", _Id, sa.ForeignKey("posts.id"), comment="null: none of ours"),
    sa.Column("outcome", sa.Text, nullable=False, comment="stored, unchanged, skipped or failed"),
    sa.Column("reason", sa.Text, comment="why skipped, or the class of the failure"),
    sa.Column("detail", sa.Text),
    _key("run_id", "line"),
    **_WITHOUT_ROWID,
)

fetches = sa.Table(
    "fetches",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("run_id", _Id, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("account_id", _Id, sa.ForeignKey("accounts.id"), comment="null: it came to us"),
    sa.Column("platform", sa.Text, nullable=False, comment="who was asked; empty: it came to us"),
    sa.Column(
        "operation", sa.Text, nullable=False, comment="how it was asked: storage/archive.py names them"
    ),
    sa.Column("asked", sa.Text, nullable=False, comment="JSON: what was asked, and under which terms"),
    sa.Column("records", sa.BigInteger, comment="records of a file that are stored"),
    sa.Column("asked_at", Instant, nullable=False, comment="the instant its readings carry"),
    sa.Column("recorded_at", Instant, nullable=False),
    comment="what was asked of a network, or came to us, that readings were made of",
    **_NEVER_AGAIN,
)

fetch_payloads = sa.Table(
    "fetch_payloads",
    metadata,
    sa.Column("fetch_id", _Id, sa.ForeignKey("fetches.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    _organization(),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, comment="SHA-256 of the payload as kept; null: it has none"),
    sa.Column("missing", sa.Text, comment="why it has none: token or stream"),
    sa.Column("method", sa.Text, comment="of the request; null: it came to us"),
    sa.Column("url", sa.Text, comment="of the request, without secrets"),
    sa.Column("sent", sa.LargeBinary, comment="SHA-256 of the request's body without secrets"),
    sa.Column("status", sa.Integer),
    sa.Column("headers", sa.Text, comment="JSON: those of the answer that a provider may go by"),
    _key("fetch_id", "position"),
    sa.Index("ix_fetch_payloads_organization_id_digest", "organization_id", "digest"),
    **_WITHOUT_ROWID,
)

payloads = sa.Table(
    "payloads",
    metadata,
    _organization(),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the payload as kept"),
    sa.Column("size", sa.BigInteger, nullable=False, comment="bytes, unpacked"),
    sa.Column("stored", sa.BigInteger, nullable=False, comment="bytes of body; 0: it was dropped"),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False, comment="the youngest fetch that it answered"),
    sa.Column("dropped", sa.Text, comment="why the body is gone: size, age or space"),
    sa.Column("dropped_at", Instant),
    sa.Column("body", sa.LargeBinary, comment="zlib; null: it was dropped"),
    _key("organization_id", "platform", "digest"),
    sa.Index("ix_payloads_organization_id_platform_last_at", "organization_id", "platform", "last_at"),
    comment="raw answers and files without secrets, each once; the hash outlives the body",
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    _organization(),
    sa.Column("body", sa.Text, nullable=False, comment="JSON: the event"),
    sa.Column("occurred_at", Instant, nullable=False),
    **_NEVER_AGAIN,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("observer", sa.Text, nullable=False),
    sa.Column("event_id", _Id, sa.ForeignKey("outbox.id"), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _key("observer", "event_id"),
    comment="events an observer has still to receive; consumed by row, never by a high-water mark",
    **_WITHOUT_ROWID,
)
