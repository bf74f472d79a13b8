"""When to post and how to begin: what publication times and openings go with, advice where it is clear."""

from msgspec import Struct, structs

from afterpost.domain.background import Dated
from afterpost.domain.effects import Effect, response
from afterpost.domain.openings import (
    Begun,
    Opened,
    OpeningMean,
    folded,
    opening_effects,
    opening_means,
    opening_of,
)
from afterpost.domain.posting_time import PostingTimes, posting_times
from afterpost.domain.rates import clipped, rate
from afterpost.domain.scope import Scope
from afterpost.domain.windows import day_number, zone_of
from afterpost.services.core import Core
from afterpost.services.earned import window_sums
from afterpost.services.equal_age import COMPARED_AT, Scored, scored
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Asked, Question, asking, window_of
from afterpost.services.rankings import field_of
from afterpost.services.windows import Meta
from afterpost.storage import early_readings, posts
from afterpost.storage.standings import count_unknown_publication

DAYS = 90
"""How many days these questions look at where no first day is given: a week says nothing about an hour."""
_SEED = 20_260_101
"""Shuffles are the same for the same posts, so that the same question has the same answer."""


class Times(Struct, frozen=True):
    """What publication times go with. `published`: posts of the window whose instant of publication is known;
    `without_hour`: those of which the day is all that is known, and those first read in it of which nothing
    is, all left out; `age`: at which engagements were compared with what earlier posts lead to expect. Only
    those that could be compared are in `times`."""

    published: int
    without_hour: int
    age: str
    times: PostingTimes


class Hook(OpeningMean, frozen=True, kw_only=True):
    """The posts that begin alike, with their mean rate. `effect`: what the opening goes with at `age`,
    against the account's other posts; it alone calls an opening clearly better or worse."""

    effect: Effect

    @property
    def said(self) -> str:
        """What the posts that begin so do against the others, in words."""
        if not self.enough:
            return "too few posts"
        if self.effect.verdict != "clear":
            return "not told apart"
        return "clearly better" if self.effect.is_better else "clearly worse"


class Hooks(Struct, frozen=True):
    """How posts begin: the one list of openings, those with enough posts first, then by shrunk rate. `rated`:
    posts with an opening and a rate, of the candidates of a ranking of the window; `published`, `age`: as of
    posting times; `compared`: posts with an opening that could be compared."""

    rated: int
    published: int
    compared: int
    age: str
    hooks: tuple[Hook, ...]


def posting_advice(core: Core, scope: Scope, question: Question = DEFAULT) -> tuple[Times, Meta]:
    """What the local hour of publication goes with, over the posts published in the window."""
    with asking(core, scope, question, DAYS) as asked:
        return times_of(asked), meta_of(asked, window_sums(asked))


def times_of(asked: Asked) -> Times:
    """The same, of a question that is being answered."""
    found, published = scored(asked, asked.window)
    days = day_number(asked.window.start), day_number(asked.window.end)
    facts = asked.connection, asked.scope, asked.selection
    zone = zone_of(asked.organization.time_zone)
    return Times(
        published,
        early_readings.count_without_hour(*facts, *days) + count_unknown_publication(*facts, *days),
        COMPARED_AT,
        posting_times([_dated(each) for each in found], zone, seed=_SEED),
    )


def hooks(core: Core, scope: Scope, question: Question = DEFAULT, *, limit: int = 10) -> tuple[Hooks, Meta]:
    """How posts begin, over the candidates of a ranking of the window."""
    with asking(core, scope, question, DAYS) as asked:
        found = hooks_of(asked)
        return structs.replace(found, hooks=found.hooks[:limit]), meta_of(asked, window_sums(asked))


def hooks_of(asked: Asked) -> Hooks:
    """The same, of a question that is being answered, and all of them: every surface shows this list."""
    found, published = scored(asked, asked.window)
    ranked = field_of(asked).distributed
    texts = posts.texts(
        asked.connection,
        asked.scope,
        {each.post_id for each in ranked} | {each.post.id for each in found},
    )
    openings = {key: opening for key, text in texts.items() if (opening := opening_of(*text)) is not None}
    begun = [
        Begun(openings[each.post_id], each.standing.published, each.post_id, percent)
        for each in ranked
        if each.post_id in openings
        and (percent := clipped(rate(each.engagements, each.exposed)).rate) is not None
    ]
    opened = [Opened(openings[each.post.id], _dated(each)) for each in found if each.post.id in openings]
    effects = {folded(each.text): each.effect for each in opening_effects(opened, seed=_SEED)}
    means = opening_means(begun)
    return Hooks(
        len(begun),
        published,
        len(opened),
        COMPARED_AT,
        tuple(_hook(each, effects.get(folded(each.text), Effect())) for each in means),
    )


def lately(asked: Asked) -> Asked:
    """The question about the `DAYS` days up to the same window's end."""
    return asked._replace(window=window_of(asked.core, asked.organization, None, asked.window.end, DAYS))


def _hook(mean: OpeningMean, effect: Effect) -> Hook:
    if not mean.enough:
        effect = structs.replace(effect, verdict="not_enough_evidence")
    return Hook(**structs.asdict(mean), effect=effect)


def _dated(each: Scored) -> Dated:
    series = f"{each.post.account_id}/{each.post.platform}/{each.post.content_type}"
    return Dated(series, each.post.publication.at, response(each.value, each.expected.expected))
