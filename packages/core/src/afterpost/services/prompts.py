"""What the creative work behind the posts came to, prompt by prompt."""

from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from afterpost.domain.ranking import ENOUGH, RankKey, rank_key
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.earned import window_sums
from afterpost.services.overview import meta_of
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.rankings import Rated, field_of, owners_of, together
from afterpost.services.windows import Meta
from afterpost.storage.posts import Post

SNIPPET = 100
"""So much of a post's own text stands for a prompt that nobody named."""


class Prompt(Struct, frozen=True):
    """Posts made from one prompt: how many, their exposure, their rate as a ratio of sums. `prompt` is the
    creative link of that name, else the beginning of the post's text; `enough`: whether there are as many
    posts as a group needs before its own rate is believed."""

    prompt: str
    posts: int
    exposed: int
    engagements: int
    engagement_rate: float | None
    enough: bool


class PromptKey(NamedTuple):
    """Where a prompt stands: those of enough posts first, then by rate, exposure, and its first post."""

    few: bool
    place: RankKey


def prompt_performance(
    core: Core,
    scope: Scope,
    question: Question = DEFAULT,
    *,
    limit: int = 10,
    after: PromptKey | None = None,
) -> tuple[tuple[Prompt, ...], int, PromptKey | None, Meta]:
    """A page of prompts by the rate of the posts made from them, those with enough posts first, how many
    there are, and the key of the page's last one where more follow.

    Posts are the candidates of a ranking of the window; one with neither prompt nor text is not in it.
    """
    with asking(core, scope, question) as asked:
        ranked = field_of(asked).distributed
        owners = owners_of(asked, ranked)
        by_prompt: dict[str, list[Rated]] = {}
        for each in ranked:
            prompt = _prompt(owners[each.post_id])
            if prompt:
                by_prompt.setdefault(prompt, []).append(each)
        prompts = []
        for prompt, items in by_prompt.items():
            exposed, percent = together(items)
            engaged = sum(item.engagements for item in items)
            found = Prompt(prompt, len(items), exposed, engaged, percent, len(items) >= ENOUGH)
            place = rank_key(percent, exposed, None, min(item.post_id for item in items))
            prompts.append((PromptKey(not found.enough, place), found))
        prompts.sort(key=itemgetter(0))
        rest = [pair for pair in prompts if after is None or pair[0] > after]
        page = tuple(found for _, found in rest[:limit])
        last = rest[limit - 1][0] if len(rest) > limit else None
        return page, len(prompts), last, meta_of(asked, window_sums(asked))


def _prompt(post: Post) -> str:
    return post.creative.prompt or (post.description or post.title)[:SNIPPET].strip()
