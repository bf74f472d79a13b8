"""What tests of core share: a clock set by hand, a core on a real database file, readings told to it."""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from afterpost.domain.metrics import Kind
from afterpost.domain.posts import UNKNOWN_TYPE, CreativeLinks
from afterpost.domain.readings import Reading, Value
from afterpost.domain.scope import Actor, Scope
from afterpost.services.core import Core
from afterpost.services.ingest import Ended, Entry, store
from afterpost.services.record import Source
from afterpost.services.sync import SyncResult, sync
from afterpost.settings import Settings
from packages.core.tests.databases import database_url

NOW = datetime(2026, 11, 22, 19, 16, tzinfo=UTC)
"""Where every clock starts; a Sunday."""
EVERYTHING = Scope.default()
ACTOR = Actor("system", "test")
PARTS = ("likes", "comments", "shares", "saves")


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move on."""
        self.now += by


class MakeCore(Protocol):
    """Opens a core on its own database file under `tmp_path`; it is closed at teardown.

    `name` names the file: the same name again opens the same database. `plugins`: name -> plugin object;
    nothing installed is loaded. `zone`: where days are cut.
    """

    def __call__(
        self, name: str = ..., *, plugins: Mapping[str, object] | None = ..., zone: str = ...
    ) -> Core: ...


def settings_in(folder: Path, name: str = "core", *, zone: str = "UTC") -> Settings:
    """Settings with everything in a folder and keys that never change."""
    return settings_at(folder, database_url(folder, name), zone=zone)


def settings_at(folder: Path, url: str, *, zone: str = "UTC") -> Settings:
    """The same with the database at a URL, which another process may have made."""
    return Settings(
        data_dir=folder,
        database_url=url,
        time_zone=zone,
        api_key="a-key-only-tests-know",
        secret_key=base64.b64encode(b"32 bytes that only the tests use").decode(),
    )


def vector(key: str) -> dict[str, Any]:
    """An input and output of the original system, by its key; the test is skipped where they are not at hand.

    They are kept beside this repository and not in it.
    """
    path = Path(__file__).parents[4] / "shared" / "reference" / "vectors.json"
    if not path.exists():
        pytest.skip(f"the original's vectors are not here ({path})")
    found: dict[str, Any] = next(v for v in json.loads(path.read_text("utf-8")) if v["id"] == key)
    return found


def at(text: str) -> datetime:
    """An instant: `2026-11-20` (noon), `2026-11-20 08:30`, in UTC."""
    return datetime.fromisoformat(text if ":" in text else f"{text} 12:00").replace(tzinfo=UTC)


def day(text: str) -> date:
    """A date: `2026-11-20`."""
    return date.fromisoformat(text)


def told(
    external_id: str,
    observed_at: datetime,
    values: Mapping[str, Value],
    *,
    published_at: datetime | None = None,
    published_on: date | None = None,
    on: bool = False,
    asked: Iterable[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    daily: Mapping[date, Mapping[str, Value]] | None = None,
    platform: str = "youtube",
    title: str = "",
    description: str = "",
    content_type: str = UNKNOWN_TYPE,
    links: CreativeLinks | None = None,
) -> Entry:
    """One reading of one post. `asked`: metrics that were asked for, reported or not. `on`: it tells only the
    day, at whose `nominal` instant it is."""
    reading = Reading(
        observed_at=observed_at,
        values=values,
        definitions=dict.fromkeys(asked, "v1"),
        published_at=published_at,
        published_on=published_on,
        observed_on=observed_at.date() if on else None,
        kinds=kinds or {},
        daily=daily or {},
    )
    return Entry(
        platform=platform,
        external_id=external_id,
        reading=reading,
        title=title,
        description=description,
        content_type=content_type,
        links=links,
    )


def synced(core: Core, scope: Scope = EVERYTHING) -> SyncResult:
    """One sync, in an event loop of its own."""
    return asyncio.run(sync(core, scope, ACTOR))


def tell(core: Core, *entries: Entry, brand: str | None = None, source: Source = "api") -> list[Ended]:
    """Store readings in one transaction, the way `POST /v1/ingest` does."""
    return store(core, EVERYTHING, ACTOR, entries, source, brand=brand)[1]
