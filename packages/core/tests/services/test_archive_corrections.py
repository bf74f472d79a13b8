"""Corrected readings are told anew from the archive: planned first, then told, and nothing else."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from afterpost.builtin.imports.export_file import open_export
from afterpost.domain.errors import Held
from afterpost.http.ingest import SOURCE, IngestBody, entries_of
from afterpost.sdk import Act, FileContext, Guard, Hold, Settlement, Verdict
from afterpost.sdk.formats import FileItem, FileRecord
from afterpost.services.archive import came, file_kept
from afterpost.services.archive_corrections import Changed, Corrections
from afterpost.services.core import Core
from afterpost.services.import_run import FileFacts, file_formats
from afterpost.services.imports import Order, import_records
from afterpost.services.ingest import ingest
from afterpost.services.post_receipts import receipt
from afterpost.services.replay_archive import Rederived, Then, replay_archive
from afterpost.services.standing import recent_runs
from packages.core.tests.databases import database_url
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, tell, told
from packages.core.tests.services.test_archive import PLUGINS, Doors, sha256

FILE = """post_id,platform,observed_at,views,likes
p1,tube,2026-11-20T10:00:00Z,1050,5
p1,tube,2026-11-21T10:00:00Z,2050,6
p2,tube,2026-11-20T10:00:00Z,300,1
"""


def sent(core: Core, views: int, *, read_as: int, at: str = "2026-11-20T12:00:00Z") -> bytes:
    """A body that says `views` and that the code of then read as something else."""

    def body(count: int) -> bytes:
        said = {"platform": "tube", "external_id": "v1", "observed_at": at, "metrics": {"views": count}}
        return msgspec.json.encode({"posts": [said]})

    entries = entries_of(msgspec.json.decode(body(read_as), type=IngestBody), core.now())
    fetch = came(body(views), core.settings, core.now())
    asyncio.run(ingest(core, EVERYTHING, ACTOR, entries, SOURCE, fetch=fetch))
    return body(views)


def imported(core: Core, folder: Path, factor: int) -> Path:
    """A file whose views the code of then multiplied."""
    file = folder / "numbers.csv"
    file.write_text(FILE, "utf-8")

    def wrong(items: Iterable[FileItem]) -> Iterator[FileItem]:
        for item in items:
            assert isinstance(item, FileRecord)
            values = {**item.reading.values, "views": item.reading.values["views"] * factor}
            yield msgspec.structs.replace(item, reading=msgspec.structs.replace(item.reading, values=values))

    context = FileContext(observed_at=core.now(), platform="tube")
    with open_export(file, file_formats(core), context) as export:
        fetch = file_kept(file, context, export.format.name, core.settings, core.now())
        facts = FileFacts(name=file.name, format=export.format.name, observed_at=context.observed_at)
        found = import_records(*(core, EVERYTHING, ACTOR, wrong(export.items), facts, Order()), fetch=fetch)
        assert asyncio.run(found).stored == 3
    return file


def replayed(core: Core, folder: Path, name: str, then: Then = "compare") -> Rederived:
    url = database_url(folder, name)
    return asyncio.run(replay_archive(core, EVERYTHING, ACTOR, url, Doors(core), then))


def corrected(core: Core, folder: Path, name: str, then: Then) -> Corrections:
    found = replayed(core, folder, name, then).corrections
    assert found is not None
    return found


def views(core: Core, post_id: int = 1) -> int:
    return receipt(core, EVERYTHING, post_id).numbers["views"].total


def test_a_plan_says_what_would_be_told_and_writes_nothing(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    imported(core, tmp_path, 1000)
    before = recent_runs(core, EVERYTHING, 10)
    found = corrected(core, tmp_path, "plan", "plan")
    assert (found.readings, found.posts, found.told) == (3, 2, None)
    assert [(c.platform, c.metric, c.values) for c in found.by_metric] == [("tube", "views", 3)]
    assert Changed(1, "tube", "p1", at("2026-11-20 10:00"), 1, "views", 1_050_000, 1_050) in found.examples
    assert len(found.examples) == 3
    assert [run.id for run in recent_runs(core, EVERYTHING, 10) if run.kind != "sync"] == [
        run.id for run in before
    ]
    assert views(core) == 2_050_000


def test_what_a_file_was_read_as_wrongly_is_told_anew(
    make_core: MakeCore, tmp_path: Path, clock: Clock
) -> None:
    core = make_core(plugins=PLUGINS)
    file = imported(core, tmp_path, 1000)
    clock.advance(timedelta(hours=1))
    found = corrected(core, tmp_path, "told", "tell")
    assert (found.told, found.passed_over, len(found.run_ids)) == (3, 0, 1)
    assert (views(core), views(core, 2)) == (2_050, 300)
    shown = receipt(core, EVERYTHING, 1)
    assert (shown.numbers["views"].gain, shown.numbers["likes"].total) == (1_000, 6)
    # Both are shown, and the way leads from the corrected one to the file.
    assert {step.reading.values["views"] for step in shown.readings} == {2_050, 2_050_000}
    (new,) = (step for step in shown.readings if step.reading.values["views"] == 2_050)
    assert (new.run.kind, new.run.state, new.run.posts) == ("replay", "done", 2)
    assert new.run.message == "corrects run 1"
    assert [source.sha256 for source in new.payloads] == [sha256(file.read_bytes())]
    # Nothing is left to correct, and the archive gives the numbers that stand.
    again = replayed(core, tmp_path, "again", "tell")
    assert again.corrections is not None
    assert (again.corrections.readings, again.corrections.run_ids) == (0, ())
    assert again.same, again.differences[:3]


@pytest.mark.parametrize("read_as", [7, 999_999, 12, 123_456])
def test_what_was_sent_and_read_wrongly_is_told_anew(
    make_core: MakeCore, tmp_path: Path, clock: Clock, read_as: int
) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100, read_as=read_as)
    clock.advance(timedelta(hours=1))
    assert corrected(core, tmp_path, "told", "tell").told == 1
    assert views(core) == 100
    assert replayed(core, tmp_path, "again").same


def test_an_instant_that_somebody_told_without_a_payload_is_left_alone(
    make_core: MakeCore, tmp_path: Path, clock: Clock
) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100, read_as=7)
    clock.advance(timedelta(hours=1))
    tell(core, told("v1", at("2026-11-20"), {"views": 90}, platform="tube"))
    found = replayed(core, tmp_path, "told", "tell")
    assert found.corrections is not None
    assert (found.corrections.readings, found.taken_over, found.taken_over_of) == (0, 1, ("tube v1",))


def test_what_is_not_read_any_more_stays_and_is_counted(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    said = {
        "platform": "tube",
        "external_id": "v1",
        "observed_at": "2026-11-20T12:00:00Z",
        "metrics": {"views": None},
    }
    fetch = came(msgspec.json.encode({"posts": [said]}), core.settings, core.now())
    wrong = told("v1", at("2026-11-20"), {"views": 5}, platform="tube")
    elsewhere = told("v1", at("2026-11-19"), {"views": 4, "likes": 1}, platform="tube")
    asyncio.run(ingest(core, EVERYTHING, ACTOR, [wrong, elsewhere], SOURCE, fetch=fetch))
    found = corrected(core, tmp_path, "told", "tell")
    assert (found.readings, found.told, found.staying) == (0, 0, 3)
    assert views(core) == 5


def test_a_body_that_is_not_taken_any_more_is_a_trouble_and_stays(
    make_core: MakeCore, tmp_path: Path
) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100, read_as=7)
    wrong = told("v2", at("2026-11-20"), {"views": 5}, platform="tube")
    fetch = came(b'{"posts": [{"platform": "tube"}]}', core.settings, core.now())
    asyncio.run(ingest(core, EVERYTHING, ACTOR, [wrong], SOURCE, fetch=fetch))
    found = replayed(core, tmp_path, "plan", "plan")
    (trouble,) = found.troubles
    assert (trouble.run_id, "is not taken any more" in trouble.message) == (2, True)
    assert found.corrections is not None
    assert (found.corrections.readings, found.corrections.staying) == (1, 1)


def test_a_guard_that_refuses_keeps_everything_as_it_is(make_core: MakeCore, tmp_path: Path) -> None:
    core = make_core(plugins=PLUGINS)
    sent(core, 100, read_as=7)
    asked: list[Act] = []

    class Legal(Guard):
        id = "legal"

        async def review(self, act: Act) -> Verdict:
            asked.append(act)
            return Hold("A case is open.") if act.kind == "import" else await _pass()

        async def settle(self, act: Act, settlement: Settlement) -> None:
            return None

    object.__setattr__(core, "guards", {"legal": Legal()})
    with pytest.raises(Held):
        replayed(core, tmp_path, "told", "tell")
    (act,) = (act for act in asked if act.kind == "import")
    assert (act.subject, act.amount) == ("1 reading corrected from the archive", 1)
    assert views(core) == 7
    assert "replay" not in {run.kind for run in recent_runs(core, EVERYTHING, 10)}


async def _pass() -> Verdict:
    from afterpost.sdk import Pass

    return Pass()
