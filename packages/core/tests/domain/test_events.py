"""The event catalogue as others read it: one golden file an event, and none of them ever changes.

A change of an event that is not a new version (`….v2` beside `….v1`) breaks whoever listens. Events wait in
the outbox across upgrades, so what was written by an older version is read by a newer one.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from afterpost.domain.events import (
    AccountConnected,
    AccountDisconnected,
    AccountStopped,
    BrandCreated,
    Event,
    OrganizationCreated,
    PerformanceSynced,
    PostEdited,
    PostGone,
    PostsRegistered,
    Rezoned,
    RunEnded,
    SnapshotsStored,
)

GOLDEN = Path(__file__).parent / "events"
CATALOGUE = (
    SnapshotsStored(
        organization_id=1,
        run_id=7,
        change_seq=42,
        posts=2,
        days=(date(2026, 3, 1), date(2026, 3, 2)),
        restated=0,
    ),
    PerformanceSynced(organization_id=1, run_id=8, change_seq=42, rows=2),
    Rezoned(organization_id=1, change_seq=42, time_zone_before="UTC", time_zone="Europe/Berlin", snapshots=2),
    AccountStopped(organization_id=1, account_id=3, kind="credential_revoked", message="Connect it again."),
    PostGone(organization_id=1, post_id=5, since=datetime(2026, 3, 2, 10, 30, tzinfo=UTC)),
    PostsRegistered(organization_id=1, platform="youtube", account_id=None, posts=4),
    PostEdited(organization_id=1, post_id=5, changed=("brand",), brand_id_before=None, brand_id=2),
    OrganizationCreated(organization_id=1, slug="north-ltd"),
    BrandCreated(organization_id=1, brand_id=2, slug="north"),
    AccountConnected(organization_id=1, account_id=3, platform="youtube", external_id="UC1"),
    AccountDisconnected(organization_id=1, account_id=3),
    RunEnded(
        organization_id=1, run_id=7, kind="collect", state="done", stored=2, unchanged=1, skipped=0, failed=1
    ),
)


def tag_of(event: object) -> str:
    """The name and version an event is written under."""
    return str(type(event).__struct_config__.tag)  # type: ignore[attr-defined]


@pytest.mark.parametrize("event", CATALOGUE, ids=tag_of)
def test_an_event_is_written_as_its_golden_file_says(event: Event) -> None:
    written = msgspec.json.format(msgspec.json.encode(event, order="deterministic")) + b"\n"
    assert written == (GOLDEN / f"{tag_of(event)}.json").read_bytes()


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_what_was_ever_written_is_still_read(file: Path) -> None:
    event = msgspec.json.decode(file.read_bytes(), type=Event)
    assert event in CATALOGUE


def test_every_event_is_in_the_catalogue_with_a_version() -> None:
    assert [type(event) for event in CATALOGUE] == list(get_args(Event))
    tags = [tag_of(event) for event in CATALOGUE]
    assert len(set(tags)) == len(tags)
    assert all(tag.rpartition(".v")[2].isdigit() for tag in tags)
    assert {file.stem for file in GOLDEN.iterdir()} == set(tags)


def test_every_event_names_its_organisation() -> None:
    assert all(event.organization_id == 1 for event in CATALOGUE)
