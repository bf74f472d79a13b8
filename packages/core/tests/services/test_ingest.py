"""Readings that come to us: what one call may say about a post, and who may say it."""

import pytest

from afterpost.domain.errors import Conflict
from afterpost.domain.readings import Reading
from afterpost.domain.scope import Scope
from afterpost.services.catalogue import add_brand, add_post, get_post
from afterpost.services.core import Core
from afterpost.services.ingest import Entry, store
from packages.core.tests.house import ACTOR, EVERYTHING, NOW


def entry(external_id: str = "a", **more: str) -> Entry:
    reading = Reading(observed_at=NOW, values={"views": 5}, definitions={"views": "ingest"})
    return Entry(platform="toy", external_id=external_id, reading=reading, **more)  # type: ignore[arg-type]


def narrow(core: Core, name: str) -> tuple[Scope, int]:
    """The scope of a caller that may see one new brand alone, and that brand."""
    brand_id = add_brand(core, EVERYTHING, ACTOR, name, None).id
    return Scope(brands=frozenset({brand_id})), brand_id


def test_of_several_entries_about_a_post_silence_says_nothing(core: Core) -> None:
    told = [entry(title="A title", content_type="video"), entry(description="More words")]
    _, ended = store(core, EVERYTHING, ACTOR, told, "webhook")
    post = get_post(core, EVERYTHING, ended[0].post_id)
    assert (post.title, post.content_type, post.description) == ("A title", "video", "More words")


def test_a_caller_of_one_brand_stores_posts_of_that_brand(core: Core) -> None:
    ours, brand_id = narrow(core, "Ours")
    _, ended = store(core, ours, ACTOR, [entry()], "webhook", brand_id=brand_id)
    assert get_post(core, ours, ended[0].post_id).brand_id == brand_id


def test_a_caller_of_one_brand_can_neither_take_nor_make_posts_outside_it(core: Core) -> None:
    ours, ours_id = narrow(core, "Ours")
    theirs, theirs_id = narrow(core, "Theirs")
    store(core, theirs, ACTOR, [entry("theirs")], "webhook", brand_id=theirs_id)
    with pytest.raises(Conflict):
        store(core, ours, ACTOR, [entry("theirs")], "webhook", brand_id=ours_id)
    with pytest.raises(Conflict):
        store(core, ours, ACTOR, [entry("nobodys")], "webhook")
    with pytest.raises(Conflict):
        add_post(
            core,
            ours,
            ACTOR,
            platform="toy",
            external_id="theirs",
            brand_id=ours_id,
            title="",
            description="",
            url="",
            content_type="video",
            published_at=None,
            links=None,
        )
