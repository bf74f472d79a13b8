"""What came to us is kept with what it brought: found again, dropped by caps, derived anew."""

import asyncio
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import sqlalchemy as sa

from afterpost.builtin import imports
from afterpost.builtin.imports.export_file import open_export
from afterpost.domain.errors import Held, InvalidInput, NotFound
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.http.imports import ManualBody, typed_entries
from afterpost.http.ingest import SOURCE, IngestBody, entries_of
from afterpost.sdk import Act, FileContext, Guard, Hold, Settlement, Verdict
from afterpost.sdk.formats import FileItem
from afterpost.services import archive_caps
from afterpost.services.archive import MAX_BYTES, came, file_kept
from afterpost.services.core import Core
from afterpost.services.import_run import FileFacts, file_formats
from afterpost.services.import_tally import Imported
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import Entry, ingest
from afterpost.services.post_receipts import payload, receipt
from afterpost.services.post_summary import post_observations
from afterpost.services.record import Source
from afterpost.services.replay_archive import Rederived, replay_archive
from packages.core.tests.databases import database_url
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, Clock, MakeCore, day, tell, told

HEAD = "post_id,platform,observed_at,views,likes\n"
META = (
    "Post ID,Account ID,Account username,Account name,Description,Duration (sec),Publish time,Permalink,"
    "Post type,Data comment,Date,Views,Reach,Likes,Shares,Follows,Comments,Saves\n"
    "17912345678901234,178,baker,The Baker,Loaf,0,07/14/2025 18:30,https://www.instagram.com/p/a/,"
    "IG reel,,Lifetime,5200,4000,310,9,,14,60\n"
)
PLUGINS = {"imports": imports}


class Doors:
    """Reads what came to us, as the doors do."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @contextmanager
    def file(self, body: bytes, context: FileContext, format_name: str) -> Iterator[Iterable[FileItem]]:
        with open_export(
            io.BytesIO(body), file_formats(self._core), context, format_name=format_name
        ) as export:
            yield export.items

    def sent(self, body: bytes, now: datetime) -> tuple[Sequence[Entry], Source]:
        return entries_of(msgspec.json.decode(body, type=IngestBody), now), SOURCE

    def typed(self, body: bytes) -> tuple[Sequence[Entry], Source]:
        return typed_entries(msgspec.json.decode(body, type=ManualBody)), "manual"


def derived(core: Core, folder: Path, name: str = "derived") -> Rederived:
    """Everything once more, into a database of that name."""
    return asyncio.run(replay_archive(core, EVERYTHING, ACTOR, database_url(folder, name), Doors(core)))


def sent(core: Core, views: int, *, post: str = "v1", observed_at: str = "2026-11-20T12:00:00Z") -> bytes:
    """One reading through the ingest; its body."""
    said = {"platform": "tube", "external_id": post, "observed_at": observed_at, "metrics": {"views": views}}
    body = msgspec.json.encode({"posts": [said]})
    entries = entries_of(msgspec.json.decode(body, type=IngestBody), core.now())
    fetch = came(body, core.settings, core.now())
    asyncio.run(ingest(core, EVERYTHING, ACTOR, entries, SOURCE, fetch=fetch))
    return body


def imported(
    core: Core,
    file: Path,
    *,
    stop_after: int | None = None,
    whole: bool = False,
    platform: str = "tube",
    zone: str | None = None,
) -> Imported:
    """A file through the import, `whole` all or nothing; `stop_after` batches the process is interrupted."""
    context = FileContext(
        observed_at=core.now(), platform=platform, time_zone=None if zone is None else ZoneInfo(zone)
    )
    batches = 0

    def progress() -> None:
        nonlocal batches
        batches += 1
        if batches == stop_after:
            raise KeyboardInterrupt

    with open_export(file, file_formats(core), context) as export:
        fetch = file_kept(file, context, export.format.name, core.settings, core.now())
        facts = FileFacts(name=file.name, format=export.format.name, observed_at=context.observed_at)
        return asyncio.run(
            import_records(
                *(core, EVERYTHING, ACTOR, export.items, facts, Order(all_or_nothing=whole)),
                fetch=fetch,
                progress=progress,
            )
        )


def written(folder: Path, posts: int) -> Path:
    """A file of so many posts."""
    lines = (f"p{n},tube,2026-11-{1 + n % 20:02d}T10:00:00Z,{100 + n},{n % 50}\n" for n in range(posts))
    file = folder / "numbers.csv"
    file.write_text(HEAD + "".join(lines), "utf-8")
    return file


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_an_observation_names_its_run_and_the_hash_of_the_body_it_came_in(core: Core) -> None:
    first, second = sent(core, 100), sent(core, 150, observed_at="2026-11-21T12:00:00Z")
    found, _ = post_observations(core, EVERYTHING, 1, before=None, days=10)
    assert [(each.run_id, each.payloads) for each in found] == [(2, (sha256(second),)), (1, (sha256(first),))]
    kept = payload(core, EVERYTHING, sha256(first))
    assert kept.body == first.decode()
    assert (kept.size, kept.encoding, kept.dropped) == (len(first), "utf-8", None)
    assert [(use.operation, use.run_id) for use in kept.fetches] == [("ingest", 1)]


def test_a_receipt_leads_from_the_number_to_the_payload(core: Core) -> None:
    sent(core, 100)
    body = sent(core, 150, observed_at="2026-11-21T12:00:00Z")
    found = receipt(core, EVERYTHING, 1)
    assert (found.day, found.since) == (day("2026-11-21"), day("2026-11-20"))
    views = found.numbers["views"]
    assert (views.total, views.gain, views.days) == (150, 50, 1)
    (step,) = found.readings
    assert step.reading.values == {"views": 150}
    assert (step.run.id, step.run.kind) == (2, "ingest")
    assert [source.sha256 for source in step.payloads] == [sha256(body)]
    with pytest.raises(NotFound, match="was not read on 2026-11-19"):
        receipt(core, EVERYTHING, 1, day("2026-11-19"))


def test_an_estimated_day_has_a_receipt_of_the_reading_it_is_booked_from(core: Core) -> None:
    sent(core, 100, observed_at="2026-11-18T12:00:00Z")
    body = sent(core, 130, observed_at="2026-11-21T12:00:00Z")
    found = receipt(core, EVERYTHING, 1, day("2026-11-19"))
    assert (found.day, found.numbers) == (day("2026-11-19"), {})
    share = found.booked["views"]
    assert (share.gained, share.read_on, share.first) == (10, day("2026-11-21"), day("2026-11-19"))
    (step,) = found.readings
    assert (step.reading.values, step.run.id) == ({"views": 130}, 2)
    assert [source.sha256 for source in step.payloads] == [sha256(body)]
    with pytest.raises(NotFound, match="was not read on 2026-11-17"):
        receipt(core, EVERYTHING, 1, day("2026-11-17"))


def test_readings_without_a_payload_say_so(core: Core) -> None:
    tell(core, told("v1", NOW, {"views": 5}))
    found, _ = post_observations(core, EVERYTHING, 1, before=None, days=10)
    assert found[0].payloads == ()
    assert receipt(core, EVERYTHING, 1).readings[0].payloads == ()


def test_the_same_body_is_kept_once_and_serves_both(core: Core, clock: Clock) -> None:
    body = sent(core, 100)
    clock.advance(timedelta(days=1))
    assert sent(core, 100) == body
    kept = payload(core, EVERYTHING, sha256(body))
    assert (kept.first_at, kept.last_at) == (NOW, NOW + timedelta(days=1))
    assert [use.run_id for use in kept.fetches] == [2, 1]


def test_a_payload_of_another_organisation_or_brand_is_not_found(core: Core) -> None:
    body = sent(core, 100)
    asyncio.run(
        ingest(
            core, EVERYTHING, ACTOR, [told("b1", NOW, {"views": 1})], "webhook",
            brand="Nord", fetch=came(b"nord", core.settings, NOW),
        )
    )  # fmt: skip
    nord = Scope(brands=frozenset({1}))
    assert payload(core, nord, sha256(b"nord")).body == "nord"
    for scope, digest in (
        (Scope(organizations=frozenset({2})), sha256(body)),
        (nord, sha256(body)),
        (Scope(accounts=frozenset({1})), sha256(b"nord")),
        (EVERYTHING, "0" * 64),
    ):
        with pytest.raises(NotFound):
            payload(core, scope, digest)


def test_a_payload_with_posts_of_two_brands_is_shown_only_to_who_sees_both(core: Core) -> None:
    tell(core, told("b1", NOW, {"views": 1}), brand="Nord")
    tell(core, told("b2", NOW, {"views": 1}), brand="Sued")
    both = [told("b1", NOW, {"views": 2}), told("b2", NOW, {"views": 2})]
    asyncio.run(ingest(core, EVERYTHING, ACTOR, both, "webhook", fetch=came(b"both", core.settings, NOW)))
    assert payload(core, Scope(brands=frozenset({1, 2})), sha256(b"both")).body == "both"
    with pytest.raises(NotFound):
        payload(core, Scope(brands=frozenset({1})), sha256(b"both"))


def test_this_installations_keys_are_not_kept(core: Core) -> None:
    body = b'{"note": "' + core.settings.api_key.encode() + b'"}'
    prepared = came(body, core.settings, NOW)
    entry = told("v1", NOW, {"views": 1})
    asyncio.run(ingest(core, EVERYTHING, ACTOR, [entry], "webhook", fetch=prepared))
    (digest,) = prepared.sizes
    assert payload(core, EVERYTHING, digest.hex()).body == '{"note": "REDACTED-api-key"}'


def test_a_body_that_is_refused_leaves_nothing(core: Core) -> None:
    future = told("v1", NOW + timedelta(days=1), {"views": 1})
    with pytest.raises(InvalidInput):
        asyncio.run(
            ingest(core, EVERYTHING, ACTOR, [future], "webhook", fetch=came(b"x", core.settings, NOW))
        )
    assert counts(core) == {"fetches": 0, "fetch_payloads": 0, "payloads": 0}


def counts(core: Core) -> dict[str, int]:
    with core.database.read() as connection:
        return {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("fetches", "fetch_payloads", "payloads")
        }


# --- caps ---


def capped(core: Core, **values: int) -> None:
    """Other caps for an open core; the settings of one are otherwise fixed."""
    object.__setattr__(core, "settings", msgspec.structs.replace(core.settings, **values))


def tidied(core: Core) -> bool:
    return asyncio.run(archive_caps.tidy(core, EVERYTHING, SYSTEM, 1))


def test_a_payload_past_its_age_goes_and_one_that_was_used_since_stays(core: Core, clock: Clock) -> None:
    capped(core, archive_days=30)
    old, again = sent(core, 100), sent(core, 100, post="v2")
    clock.advance(timedelta(days=20))
    assert sent(core, 100, post="v2") == again
    clock.advance(timedelta(days=15))
    assert tidied(core) is False
    gone = payload(core, EVERYTHING, sha256(old))
    assert (gone.body, gone.dropped, gone.dropped_at) == (None, "age", clock.now)
    assert gone.size == len(old)
    assert payload(core, EVERYTHING, sha256(again)).body == again.decode()
    (source,) = receipt(core, EVERYTHING, 1).readings[0].payloads
    assert (source.sha256, source.gone) == (sha256(old), "age")
    # It comes again: it is there again.
    sent(core, 100)
    assert payload(core, EVERYTHING, sha256(old)).body == old.decode()


def test_a_turn_drops_a_bounded_number(core: Core, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_caps, "AT_ONCE", 2)
    capped(core, archive_days=1)
    for n in range(3):
        sent(core, n)
    clock.advance(timedelta(days=2))
    assert [tidied(core), tidied(core), tidied(core)] == [True, False, False]


def test_what_takes_too_much_room_loses_its_oldest(
    core: Core, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_caps, "MEGABYTE", 200)
    capped(core, archive_mb=1)
    bodies = []
    for n in range(3):
        bodies.append(sent(core, n))
        clock.advance(timedelta(minutes=1))
    assert tidied(core) is False
    dropped = [payload(core, EVERYTHING, sha256(body)).dropped for body in bodies]
    assert dropped == ["space", None, None] or dropped == ["space", "space", None]


def test_a_guard_that_holds_purges_keeps_everything(core: Core, clock: Clock) -> None:
    class Legal(Guard):
        id = "legal"

        async def review(self, act: Act) -> Verdict:
            assert act.kind == "purge"
            return Hold("A case is open.")

        async def settle(self, act: Act, settlement: Settlement) -> None:
            raise AssertionError("what is held is not settled")

    object.__setattr__(core, "guards", {"legal": Legal()})
    capped(core, archive_days=1)
    fetch = came(b"kept", core.settings, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Legal, "review", _passes)
        patch.setattr(Legal, "settle", _nothing)
        asyncio.run(ingest(core, EVERYTHING, ACTOR, [told("v", NOW, {"views": 1})], "webhook", fetch=fetch))
    clock.advance(timedelta(days=2))
    with pytest.raises(Held):
        tidied(core)
    assert payload(core, EVERYTHING, sha256(b"kept")).body == "kept"


async def _passes(self: Guard, act: Act) -> Verdict:
    from afterpost.sdk import Pass

    return Pass()


async def _nothing(self: Guard, act: Act, settlement: Settlement) -> None:
    return None


# --- deriving anew ---


def test_files_and_bodies_give_the_same_rows_again(make_core: MakeCore, tmp_path: Path, clock: Clock) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100, post="p1")
    clock.advance(timedelta(hours=1))
    assert imported(core, written(tmp_path, 1_300)).stored == 1_300
    clock.advance(timedelta(hours=1))
    sent(core, 90, post="p1", observed_at="2026-11-21T12:00:00Z")
    found = derived(core, tmp_path)
    assert (found.same, found.fetches, found.derived, found.taken_over) == (True, 3, 3, 0)
    assert found.rows["observations"] == 1_302
    assert found.rows["content_performance"] > 1_000
    assert (found.gaps, found.differences) == ((), ())


def test_a_number_that_was_changed_by_hand_is_named(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100)
    sent(core, 100, post="v2")
    with core.database.writer.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE post_analytics SET views_total = 1000 WHERE post_id = 2"))
    found = derived(core, tmp_path)
    assert not found.same
    assert found.differing == {"post_analytics": 1, "content_performance": 1}
    (difference, _) = found.differences
    assert (difference.table, difference.key["external_id"]) == ("post_analytics", "v2")
    assert difference.original is not None
    assert difference.derived is not None
    assert (difference.original["views_total"], difference.derived["views_total"]) == (1000, 100)


def test_a_row_too_many_and_one_too_few_are_named(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100)
    sent(core, 100, post="v2")
    with core.database.writer.connect() as connection, connection.begin():
        connection.execute(sa.text("DELETE FROM latest WHERE post_id = 1"))
        connection.execute(sa.text("UPDATE attendance SET gap = 3"))
    found = derived(core, tmp_path)
    assert found.differing == {"latest": 1, "attendance": 2}
    one_sided = [(d.table, d.original is None, d.derived is None) for d in found.differences]
    assert one_sided == [("latest", True, False), ("attendance", True, False), ("attendance", False, True)]


def test_a_gap_is_said_with_its_posts_and_the_rest_is_still_derived(
    make_core: MakeCore, tmp_path: Path, clock: Clock
) -> None:
    core = make_core(plugins=PLUGINS)
    tell(
        core,
        told(
            "v0", NOW - timedelta(days=3), {"views": 5, "likes": 1}, daily={day("2026-11-18"): {"views": 2}}
        ),
    )
    sent(core, 100)
    clock.advance(timedelta(days=40))
    sent(core, 300, observed_at="2026-12-30T12:00:00Z")
    capped(core, archive_days=30)
    tidied(core)
    found = derived(core, tmp_path)
    assert found.same
    assert (found.fetches, found.derived) == (2, 1)
    # The reading that was never archived comes with its daily value.
    assert (found.taken_over, found.posts_taken_over) == (3, 2)
    assert found.taken_over_of == ("youtube v0", "tube v1")
    assert [(gap.reason, gap.operation) for gap in found.gaps] == [("age", "ingest")]


def test_an_import_that_was_cut_off_derives_as_far_as_it_came(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    file = written(tmp_path, 1_200)
    with pytest.raises(KeyboardInterrupt):
        imported(core, file, stop_after=1)
    found = derived(core, tmp_path)
    assert (found.same, found.rows["observations"]) == (True, 500)
    assert imported(core, file).stored + 500 >= 1_200
    assert derived(core, tmp_path, "again").rows["observations"] == 1_200


def test_a_line_that_was_refused_is_refused_again(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    file = written(tmp_path, 3)
    file.write_text(
        file.read_text("utf-8") + "p9,tube,2027-01-01T00:00:00Z,5,5\nbroken,tube,when,x,1\n", "utf-8"
    )
    assert imported(core, file).failed == 2
    found = derived(core, tmp_path)
    assert (found.same, found.rows["observations"]) == (True, 3)


def test_all_or_nothing_derives_all_or_nothing(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    file = written(tmp_path, 1_200)
    good = file.read_text("utf-8")
    file.write_text(good + "p9999,tube,2027-01-01T00:00:00Z,5,5\n", "utf-8")
    assert imported(core, file, whole=True).stored == 0
    found = derived(core, tmp_path)
    assert (found.same, found.derived, found.rows["observations"]) == (True, 1, 0)
    file.write_text(good, "utf-8")
    assert imported(core, file, whole=True).stored == 1_200
    found = derived(core, tmp_path, "again")
    assert (found.same, found.derived, found.rows["observations"]) == (True, 2, 1_200)
    assert (found.taken_over, found.troubles) == (0, ())


def test_a_file_of_local_times_is_read_again_in_its_zone(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    file = tmp_path / "numbers.csv"
    file.write_text(META, "utf-8")
    assert imported(core, file, platform="instagram", zone="Asia/Tokyo").stored == 1
    found = derived(core, tmp_path)
    assert (found.same, found.derived, found.taken_over) == (True, 1, 0)


def test_numbers_typed_by_hand_are_derived_as_such(core: Core, tmp_path: Path) -> None:
    body = b'{"posts":[{"platform":"tube","external_id":"v1","date":"2026-11-20","metrics":{"views":7}}]}'
    entries = typed_entries(msgspec.json.decode(body, type=ManualBody))
    fetch = came(body, core.settings, core.now())
    asyncio.run(ingest(core, EVERYTHING, ACTOR, entries, "manual", fetch=fetch))
    assert [use.operation for use in payload(core, EVERYTHING, sha256(body)).fetches] == ["manual"]
    found = derived(core, tmp_path)
    assert (found.same, found.derived, found.rows["observations"]) == (True, 1, 1)


def test_a_file_too_large_and_a_pipe_are_gaps(
    make_core: MakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = make_core(plugins=PLUGINS)
    assert MAX_BYTES > 10**7
    monkeypatch.setattr("afterpost.services.archive.MAX_BYTES", 100)
    file = written(tmp_path, 30)
    imported(core, file)
    kept = payload(core, EVERYTHING, sha256(file.read_bytes()))
    assert (kept.dropped, kept.body, kept.size) == ("size", None, file.stat().st_size)
    found = derived(core, tmp_path)
    assert (found.same, found.taken_over, [gap.reason for gap in found.gaps]) == (True, 30, ["size"])
    context = FileContext(observed_at=NOW)
    pipe = file_kept(Path("/dev/null"), context, "generic", core.settings, NOW)
    assert [part.missing for part in pipe.parts] == ["stream"]


def test_a_database_with_something_in_it_is_refused(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    other = make_core("other")
    with pytest.raises(InvalidInput, match="is not empty"):
        derived(core, tmp_path, "other")
    assert other.now() == NOW
