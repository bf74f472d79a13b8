"""One post's way through Afterpost as both smoke tests send it, and what has to come out."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from packages.core.tests.databases import database_url

METRICS = {"views": 4800, "likes": 90, "comments": 20, "shares": 8, "saves": 2}
ENGAGEMENTS = 120
RATE = 2.5
TITLE = "Sourdough, day one. What you need is flour, water and patience."

LEARNED = METRICS | {
    "engagements": ENGAGEMENTS,
    "engagement_rate": RATE,
    "interaction_rate": RATE,
    "performance_score": 25,
}


def entry(external_id: str, published_at: datetime, observed_at: datetime | None = None) -> dict[str, Any]:
    """The body of `POST /v1/ingest` for one reading."""
    reading: dict[str, Any] = {
        "platform": "tiktok",
        "external_id": external_id,
        "published_at": published_at.isoformat(),
        "title": TITLE,
        "content_type": "video",
        "metrics": METRICS,
    }
    if observed_at is not None:
        reading["observed_at"] = observed_at.isoformat()
    return {"brand": "Bakery", "posts": [reading]}


def ranked(weekly: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """External id -> the row of every post a weekly summary names."""
    parts = ("top", "worst", "not_distributed")
    return {row["external_id"]: row for part in parts for row in weekly["data"][part]}


def has_the_numbers(row: dict[str, Any]) -> bool:
    """Whether a ranked row holds this post's numbers."""
    said = (row["engagements"], row["exposure"], row["exposed"], row["engagement_rate"], row["title"])
    return said == (ENGAGEMENTS, "views", METRICS["views"], RATE, TITLE)


def learned(data_dir: Path) -> dict[tuple[str, date], dict[str, Any]]:
    """(external id, measured on) -> the columns of `LEARNED` in the table content_performance."""
    query = (
        f"SELECT external_id, measured_on, {', '.join(f'c.{name}' for name in LEARNED)} "
        "FROM content_performance AS c JOIN posts ON posts.id = c.post_id"
    )
    engine = sa.create_engine(database_url(data_dir).replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(query).all()
    engine.dispose()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {
        (external_id, (epoch + timedelta(days=day)).date()): dict(zip(LEARNED, values, strict=True))
        for external_id, day, *values in rows
    }
