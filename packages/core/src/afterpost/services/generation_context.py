"""What a window taught, in a few sentences for a prompt."""

from msgspec import Struct

from afterpost.domain.briefing import Began, Evidence, Learned, On, Time, briefing
from afterpost.domain.metrics import EXPOSURES
from afterpost.domain.openings import opening_of
from afterpost.domain.posting_time import Bucket, hour_label
from afterpost.domain.scope import Scope
from afterpost.services.advice import DAYS, times_of
from afterpost.services.core import Core
from afterpost.services.earned import previous_sums, sums_by, window_sums
from afterpost.services.like_for_like import compare
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Question, asking, window_of
from afterpost.services.rankings import field_of
from afterpost.services.windows import Meta
from afterpost.storage import posts

BEST = 3
"""Posts whose openings are told."""


class GenerationContext(Struct, frozen=True):
    """`context`: the sentences; `evidence`: `fair` where something is told apart from chance, else `weak`, or
    `none` where there is nothing to learn from."""

    context: str
    evidence: Evidence


def generation_context(
    core: Core, scope: Scope, question: Question = DEFAULT
) -> tuple[GenerationContext, Meta]:
    """What a window taught: how its best posts began, when to post, where, and how engagements moved.

    Times of publication are those of the 90 days up to the window's end.
    """
    with asking(core, scope, question) as asked:
        sums = window_sums(asked)
        compared = compare(asked, sums, previous_sums(asked))
        ranked = field_of(asked).distributed
        texts = posts.texts(asked.connection, asked.scope, [each.post_id for each in ranked])
        best = [
            Began(opening, each.engagements, each.exposed)
            for each in ranked
            if (opening := opening_of(*texts[each.post_id])) is not None
        ]
        platforms = [
            On(
                str(each.key),
                each.counters["rated_engagements"],
                sum(each.counters[f"rated_{name}"] for name in EXPOSURES),
            )
            for each in sums_by(asked, asked.window, "platform")
        ]
        window, meta = asked.window, meta_of(asked, sums, compared)
        longer = window_of(core, asked.organization, None, window.end, DAYS)
        times = times_of(asked._replace(window=longer)).times
    text, evidence = briefing(
        Learned(
            span=f"{window.start} to {window.end}",
            coverage=meta.coverage.ratio,
            best=best[:BEST],
            time=None if times.recommended is None else _time(times.recommended),
            timed=times.posts,
            platforms=platforms,
            trend=compared.growth.engagements,
        )
    )
    return GenerationContext(text, evidence), meta


def _time(bucket: Bucket) -> Time:
    label = f"{hour_label(bucket.start)} to {hour_label(bucket.end % 24)}"
    return Time(label, bucket.effect.low or 0.0, bucket.effect.high or 0.0, bucket.effect.posts)
