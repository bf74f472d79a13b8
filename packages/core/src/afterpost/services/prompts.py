"""What the creative work behind the posts came to, prompt by prompt."""

from msgspec import Struct

from afterpost.domain.ranking import ENOUGH
from afterpost.domain.rates import clipped
from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.overview import meta_of, window_sums
from afterpost.services.question import DEFAULT, Question, asking
from afterpost.services.rankings import Rated, field_of, owners_of, together
from afterpost.services.windows import Meta
from afterpost.storage.posts import Post

SNIPPET = 100
"""So much of a post's own text stands for a prompt that nobody named."""


class Prompt(Struct, frozen=True):
    """Posts made from one prompt: how many, their exposure, their rate as a ratio of sums, clipped to 0..100
    (`clipped` says so). `prompt` is the creative link of that name, else the beginning of the post's text;
    `enough`: whether there are as many posts as a group needs before its own rate is believed."""

    prompt: str
    posts: int
    exposed: int
    engagements: int
    engagement_rate: float | None
    clipped: bool
    enough: bool


def prompt_performance(
    core: Core, scope: Scope, question: Question = DEFAULT, *, limit: int = 10
) -> tuple[tuple[Prompt, ...], Meta]:
    """Prompts by the rate of the posts made from them, those with enough posts first.

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
            prompts.append(
                Prompt(prompt, len(items), exposed, engaged, *clipped(percent), len(items) >= ENOUGH)
            )
        prompts.sort(key=lambda p: (not p.enough, -(p.engagement_rate or 0.0), -p.exposed, p.prompt))
        return tuple(prompts[:limit]), meta_of(asked, window_sums(asked))


def _prompt(post: Post) -> str:
    return post.creative.prompt or (post.description or post.title)[:SNIPPET].strip()
