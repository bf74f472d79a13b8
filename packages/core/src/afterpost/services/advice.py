"""When to post and how to begin: what publication times and openings go with, advice where it is clear."""

from msgspec import Struct

from afterpost.domain.background import Dated
from afterpost.domain.effects import response
from afterpost.domain.openings import Opened, OpeningEffect, opening_effects, opening_of
from afterpost.domain.posting_time import PostingTimes, posting_times
from afterpost.domain.scope import Scope
from afterpost.domain.windows import zone_of
from afterpost.services.core import Core
from afterpost.services.earned import window_sums
from afterpost.services.equal_age import COMPARED_AT, Scored, scored
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Asked, Question, asking
from afterpost.services.windows import Meta
from afterpost.storage import posts

DAYS = 90
"""How many days these questions look at where no first day is given: a week says nothing about an hour."""
_SEED = 20_260_101
"""Shuffles are the same for the same posts, so that the same question has the same answer."""


class Times(Struct, frozen=True):
    """What publication times go with. `published`: posts of the window; `age`: at which their engagements
    were compared with what earlier posts lead to expect. Only those that could be compared are in `times`."""

    published: int
    age: str
    times: PostingTimes


class Hooks(Struct, frozen=True):
    """What openings go with, best first. `published`, `age`: as of posting times; `compared`: posts with an
    opening that could be compared."""

    published: int
    compared: int
    age: str
    hooks: tuple[OpeningEffect, ...]


def posting_advice(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[Times, Meta]:
    """What the local hour of publication goes with, over the posts published in the window."""
    with asking(core, scope, question, DAYS) as asked:
        return times_of(asked), meta_of(asked, window_sums(asked))


def times_of(asked: Asked) -> Times:
    """The same, of a question that is being answered."""
    found, published = _published(asked)
    zone = zone_of(asked.organization.time_zone)
    return Times(published, COMPARED_AT, posting_times([_dated(each) for each in found], zone, seed=_SEED))


def hooks(core: Core, scope: Scope, question: Question = DEFAULT, *, limit: int = 10) -> tuple[Hooks, Meta]:
    """What the first words of a post go with, over the posts published in the window."""
    with asking(core, scope, question, DAYS) as asked:
        found, published = _published(asked)
        texts = posts.texts(asked.connection, asked.scope, [each.post.id for each in found])
        opened = [
            Opened(opening, _dated(each))
            for each in found
            if (opening := opening_of(*texts[each.post.id])) is not None
        ]
        effects = opening_effects(opened, seed=_SEED)[:limit]
        return Hooks(published, len(opened), COMPARED_AT, effects), meta_of(asked, window_sums(asked))


def _published(asked: Asked) -> tuple[list[Scored], int]:
    return scored(asked, asked.window.begins_at(), asked.window.ends_at())


def _dated(each: Scored) -> Dated:
    series = f"{each.post.account_id}/{each.post.platform}/{each.post.content_type}"
    return Dated(series, each.post.published_at, response(each.value, each.expected.expected))
