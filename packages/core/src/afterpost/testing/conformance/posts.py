"""E. Metrics, of what comes with them: when the post was published, and what type it is of."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from afterpost.domain.errors import ProviderError
from afterpost.sdk.provider import Measured, Page, PostInfo
from afterpost.testing.conformance.asking import acts
from afterpost.testing.conformance.check import check, expect
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.wire import Unzoned
from afterpost.testing.conformance.world import OLD

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What is taken for a type of posts wherever else one is given."""


@check("E18")
async def published(lab: Lab) -> None:
    """The time a post was published at is the network's, and one without a zone is never handed on."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        known = await stage.known(account)
        ids = list(known)[: lab.declared.batch_size]
        for one, outcome in (await stage.fetched(account, ids)).items():
            for at in _times(outcome):
                expect(
                    at.utcoffset() is not None and at == known[one].published_at,
                    f"A post of {known[one].published_at} is read as one of {at!r}.",
                    "Read the time with its zone; where the wire leaves it out, the network's pages say it.",
                )
        for name, answer in (await _unzoned(lab, stage, account, ids)).items():
            naive = [at for at in _times(answer) if at.utcoffset() is None]
            expect(
                not naive,
                f"{name}, of times without a zone, hands on {naive[:1]!r}.",
                "Decode it as a time with a zone: Annotated[datetime, Meta(tz=True)] refuses any other.",
            )


async def _unzoned(lab: Lab, stage: Stage, account: Account, ids: list[str]) -> dict[str, object]:
    """What each method that reads makes of times that lost their zone; nothing where it refuses them."""
    stage.wire.rewrite = Unzoned()
    found: dict[str, object] = {}
    for name, act in acts(lab, ids).items():
        try:
            found[name] = await stage.within(act(stage.call(account)))
        except ProviderError:
            continue  # malformed, and said so
    stage.wire.rewrite = None
    return found


@check("E19")
async def typed(lab: Lab) -> None:
    """The type of a post, in a list and with a reading, is a word of lower-case letters, such as video."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[: lab.declared.batch_size]
        for name in ("list_posts", "fetch_metrics"):
            act = acts(lab, ids).get(name)
            answer = None if act is None else await stage.within(act(stage.call(account)))
            told: list[object] = [info.content_type for info in _infos(answer)]
            wrong = [one for one in told if not isinstance(one, str) or not _TYPE.fullmatch(one)]
            expect(
                not wrong,
                f"{name} says that a post is of type {wrong[0] if wrong else ''!r}.",
                "Say video, image, carousel, article, text or another word of letters, digits and _, in "
                "lower case; leave content_type out where the network does not say it.",
            )


def _infos(answer: object) -> Iterator[PostInfo]:
    """The posts that an answer tells of."""
    if isinstance(answer, Page):
        yield from answer.posts
        yield from _infos(answer.measured)
    elif isinstance(answer, Mapping):
        for outcome in answer.values():
            yield from _infos(outcome)
    elif isinstance(answer, Measured) and answer.post is not None:
        yield answer.post


def _times(answer: object) -> Iterator[datetime]:
    """The times of publication that an answer tells."""
    yield from (info.published_at for info in _infos(answer) if info.published_at is not None)
    measured = answer.measured if isinstance(answer, Page) else answer
    outcomes = measured.values() if isinstance(measured, Mapping) else [measured]
    for outcome in outcomes:
        if isinstance(outcome, Measured) and outcome.reading.published_at is not None:
            yield outcome.reading.published_at
