"""What a window taught, in a few sentences for a prompt."""

from msgspec import Struct

from afterpost.domain.briefing import Begin, Clear, Evidence, Learned, On, briefing
from afterpost.domain.metrics import EXPOSURES
from afterpost.domain.posting_time import Bucket, hour_label
from afterpost.domain.scope import Scope
from afterpost.services.advice import Hook, hooks_of, lately, times_of
from afterpost.services.core import Core
from afterpost.services.earned import distinct, previous_sums, sums_by, window_sums
from afterpost.services.like_for_like import compare
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.windows import Meta

TOLD = 3
"""Openings that are told."""


class GenerationContext(Struct, frozen=True):
    """`context`: the sentences; `evidence`: `fair` where something is told apart from chance, else `weak`, or
    `none` where there is nothing to learn from."""

    context: str
    evidence: Evidence


def generation_context(
    core: Core, scope: Scope, question: Question = DEFAULT
) -> tuple[GenerationContext, Meta]:
    """What a window taught: how to begin, when to post, where, and how engagements moved.

    Openings and times of publication are those of the 90 days up to the window's end.
    """
    with asking(core, scope, question) as asked:
        sums = window_sums(asked)
        compared = compare(asked, sums, previous_sums(asked))
        seen = distinct(asked, "platform")
        platforms = [
            On(
                str(each.key),
                each.counters["rated_engagements"],
                sum(each.counters[f"rated_{name}"] for name in EXPOSURES),
                seen.get(each.key, 0),
            )
            for each in sums_by(asked, asked.window, "platform")
        ]
        window, meta = asked.window, meta_of(asked, sums, compared)
        longer = lately(asked)
        found, hooks = times_of(longer), hooks_of(longer).hooks
        times = found.times
    text, evidence = briefing(
        Learned(
            span=f"{window.start} to {window.end}",
            coverage=meta.coverage.ratio,
            longer=f"{longer.window.start} to {longer.window.end}",
            hooks=[_begin(each) for each in hooks[:TOLD]],
            clear=[_clear(each) for each in hooks if each.effect.is_better],
            time=None if times.recommended is None else _time(times.recommended),
            timed=times.posts,
            without_hour=found.without_hour,
            platforms=platforms,
            trend=compared.growth.engagements,
        )
    )
    return GenerationContext(text, evidence), meta


def _time(bucket: Bucket) -> Clear:
    label = f"{hour_label(bucket.start)} to {hour_label(bucket.end)}"
    return Clear(label, bucket.effect.low or 0.0, bucket.effect.high or 0.0, bucket.effect.posts)


def _begin(hook: Hook) -> Begin:
    return Begin(hook.text, hook.shrunk_rate, hook.posts)


def _clear(hook: Hook) -> Clear:
    return Clear(hook.text, hook.effect.low or 0.0, hook.effect.high or 0.0, hook.effect.posts)
