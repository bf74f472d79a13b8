"""A person gives a post another brand or title: its history moves, guards are asked, observers hear of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from afterpost.domain.errors import Conflict, Forbidden, Held, InvalidInput, NotFound
from afterpost.domain.events import Event, PostEdited
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk import Act, Guard, Hold, Measured, PostInfo, Reading, Settlement, Verdict
from afterpost.services.batches import store_batch
from afterpost.services.catalogue import Wanted, add_brand, get_post, list_posts
from afterpost.services.core import Core
from afterpost.services.edits import Edit, edit_post
from afterpost.services.overview import overview
from afterpost.services.question import Question
from afterpost.services.run import begin_run
from afterpost.storage import drift
from afterpost.storage.posts import Post
from packages.core.tests.house import ACTOR, EVERYTHING, NOW, Clock, MakeCore, at, day, synced, tell, told
from packages.core.tests.plugins.watcher import WatcherPlugin


def edited(core: Core, edit: Edit, *, post_id: int = 1, scope: Scope = EVERYTHING) -> Post:
    return asyncio.run(edit_post(core, scope, ACTOR, post_id, edit))


def history(core: Core, brand: str | None = None) -> None:
    """Three days of one post."""
    for n in range(3):
        entry = told(
            "v1",
            at(f"2026-11-{18 + n}"),
            {"views": 100 * (n + 1), "likes": 5 * n},
            published_at=at("2026-11-18 09:00"),
        )
        tell(core, entry, brand=brand)


def earned(core: Core, brand_id: int) -> int | None:
    question = Question(brand_id=brand_id, start=day("2026-11-18"), end=day("2026-11-20"))
    return overview(core, EVERYTHING, question)[0].earned.views


def events(core: Core) -> list[Event]:
    with core.database.read() as connection:
        bodies = connection.execute(sa.text("SELECT body FROM outbox ORDER BY id")).scalars()
        return [msgspec.json.decode(body, type=Event) for body in bodies]


def test_a_brand_takes_the_whole_history_along(core: Core) -> None:
    history(core)
    synced(core)
    brand = add_brand(core, EVERYTHING, ACTOR, "Nord", None)
    post = edited(core, Edit(brand="nord"))
    assert (post.brand_id, post.title) == (brand.id, "")
    assert earned(core, brand.id) == 300
    synced(core)
    with core.database.read() as connection:
        assert drift.rollup_drift(connection, EVERYTHING) == []
        rows = connection.execute(sa.text("SELECT DISTINCT brand_id FROM content_performance")).scalars()
        assert list(rows) == [brand.id]


def test_no_brand_takes_it_away_again(core: Core) -> None:
    history(core, "Nord")
    assert earned(core, 1) == 300
    assert edited(core, Edit(brand=None)).brand_id is None
    assert earned(core, 1) is None
    with core.database.read() as connection:
        assert drift.rollup_drift(connection, EVERYTHING) == []
    assert edited(core, Edit(brand="Nord")).brand_id == 1
    assert earned(core, 1) == 300


def test_a_title_that_a_person_gave_is_not_replaced(core: Core, clock: Clock) -> None:
    history(core)

    def read_again() -> None:
        reading = Reading(observed_at=clock.now, values={"views": 900}, definitions={"views": "v1"})
        info = PostInfo(external_id="v1", title="Theirs")
        outcome = {"v1": Measured(reading=reading, post=info)}
        run_id = begin_run(core, EVERYTHING, SYSTEM, "collect")
        store_batch(core, EVERYTHING, SYSTEM, [get_post(core, EVERYTHING, 1)], outcome, run_id)
        clock.advance(timedelta(hours=1))

    read_again()
    assert get_post(core, EVERYTHING, 1).title == "Theirs"
    edited(core, Edit(title="Ours"))
    read_again()
    assert get_post(core, EVERYTHING, 1).title == "Ours"
    # Given back, the platform tells it again.
    assert edited(core, Edit(title=None)).title == ""
    read_again()
    assert get_post(core, EVERYTHING, 1).title == "Theirs"


def test_observers_hear_what_changed_and_of_nothing_else(make_core: MakeCore) -> None:
    core = make_core(plugins={"watcher": WatcherPlugin()})
    history(core, "Nord")
    before = len(events(core))
    edited(core, Edit(title="Loaf"))
    edited(core, Edit(title="Loaf", brand="nord"))
    edited(core, Edit(brand=None, title="Crumb"))
    told_of = [event for event in events(core)[before:] if isinstance(event, PostEdited)]
    assert [(event.changed, event.brand_id_before, event.brand_id) for event in told_of] == [
        (("title",), 1, 1),
        (("brand", "title"), 1, None),
    ]


def test_a_guard_is_asked_and_can_hold_it(core: Core) -> None:
    history(core)
    asked: list[Act] = []

    class Legal(Guard):
        id = "legal"

        async def review(self, act: Act) -> Verdict:
            asked.append(act)
            return Hold("A case is open.")

        async def settle(self, act: Act, settlement: Settlement) -> None:
            raise AssertionError("what is held is not settled")

    object.__setattr__(core, "guards", {"legal": Legal()})
    with pytest.raises(Held):
        edited(core, Edit(title="Loaf"))
    assert [(act.kind, act.subject, act.amount) for act in asked] == [("edit", "post 1 (youtube v1)", 1)]
    assert get_post(core, EVERYTHING, 1).title == ""


def test_what_can_not_be_is_said(core: Core) -> None:
    history(core, "Nord")
    with pytest.raises(InvalidInput, match="Nothing is to be changed"):
        edited(core, Edit())
    with pytest.raises(NotFound, match="There is no post 9"):
        edited(core, Edit(title="x"), post_id=9)
    with pytest.raises(NotFound, match="There is no brand 'Sued'") as unknown:
        edited(core, Edit(brand="Sued"))
    assert unknown.value.hint == "Brands: nord."
    add_brand(core, EVERYTHING, ACTOR, "Twin", "twin-a")
    add_brand(core, EVERYTHING, ACTOR, "Twin", "twin-b")
    with pytest.raises(Conflict, match="2 brands are called 'Twin'") as several:
        edited(core, Edit(brand="Twin"))
    assert several.value.hint == "Name one by its slug: twin-a, twin-b."
    with pytest.raises(Conflict, match="2 brands are called"):
        tell(core, told("v2", NOW, {"views": 1}), brand="Twin")
    assert edited(core, Edit(brand="twin-b")).brand_id == 3


def test_whoever_sees_some_brands_can_not_lose_a_post(core: Core) -> None:
    history(core, "Nord")
    add_brand(core, EVERYTHING, ACTOR, "Sued", None)
    mine = Scope(brands=frozenset({1}))
    with pytest.raises(Forbidden, match="out of this caller's sight"):
        edited(core, Edit(brand=None), scope=mine)
    with pytest.raises(NotFound):
        edited(core, Edit(brand="sued"), scope=mine)
    assert edited(core, Edit(title="Loaf"), scope=mine).title == "Loaf"


def ids(core: Core, wanted: Wanted) -> Sequence[int]:
    return [post.id for post in list_posts(core, EVERYTHING, wanted, after=None, limit=10)[0]]


def test_posts_are_found_by_what_they_are(core: Core) -> None:
    tell(core, told("v1", NOW, {"views": 1}, title="Crumb 50 % closer"), brand="Nord")
    tell(core, told("v2", NOW, {"views": 1}, title="A loaf", description="with CRUMB"))
    tell(core, told("crumb-3", NOW, {"views": 1}, platform="tube"))
    assert ids(core, Wanted(search="crumb")) == [3, 2, 1]
    assert ids(core, Wanted(search="50 %")) == [1]
    assert ids(core, Wanted(search="%")) == [1]
    assert ids(core, Wanted(without_brand=True)) == [3, 2]
    assert ids(core, Wanted(brand_id=1)) == [1]
    assert ids(core, Wanted(platform="tube")) == [3]
    assert ids(core, Wanted(state="gone")) == []
    with pytest.raises(NotFound):
        ids(core, Wanted(brand_id=9))
