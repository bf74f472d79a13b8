"""The insights of one post: asked for together, and where one metric is refused, without it.

Meta refuses a whole call for one metric in it that is dead, or that this kind of post does not have.
"""

from collections.abc import Awaitable, Callable, Sequence

import httpx
from msgspec import Struct

from afterpost.sdk import Call, ErrorKind, ProviderError
from afterpost_instagram import errors, payloads

Ask = Callable[[Sequence[str]], Awaitable[httpx.Response]]
"""Asks for the insights of these native names."""


class Insights(Struct, frozen=True):
    """What was told of a post: `values` by metric, and the metrics that were `refused` or are unusable."""

    values: dict[str, int | float]
    refused: tuple[str, ...]


async def insights(call: Call, asked: Sequence[str], ask: Ask) -> Insights:
    """The insights of a post. Three steps at most: all metrics; all but those that the refusal names; each of
    those by itself. Raises ProviderError for a failure that is no matter of single metrics, and
    METRIC_UNAVAILABLE when every metric was refused.
    """
    told = await _told(call, asked, ask)
    if isinstance(told, Insights):
        return told
    rest = [metric for metric in asked if metric not in told]
    if told and rest:
        again = await _told(call, rest, ask)
        if isinstance(again, Insights):
            return _without(again, asked, tuple(told))
    return await _one_by_one(call, asked, rest or asked, ask)


async def _one_by_one(call: Call, asked: Sequence[str], left: Sequence[str], ask: Ask) -> Insights:
    values: dict[str, int | float] = {}
    refused = [metric for metric in asked if metric not in left]
    for metric in left:
        try:
            told = await _told(call, [metric], ask)
        except ProviderError as error:
            if error.kind is not ErrorKind.METRIC_UNAVAILABLE:
                raise
            told = (metric,)
        if isinstance(told, Insights):
            values |= told.values
            refused += told.refused
        else:
            refused.append(metric)
    if len(refused) == len(asked):
        raise errors.unavailable_metrics()
    return _without(Insights(values, ()), asked, tuple(refused))


async def _told(call: Call, asked: Sequence[str], ask: Ask) -> Insights | tuple[str, ...]:
    """The insights, or which metrics are refused: empty when the platform does not say which."""
    names = [payloads.INSIGHTS[metric] for metric in asked]
    response = await ask(names)
    body = response.content
    answer = payloads.read(body, payloads.InsightsAnswer) if response.status_code == 200 else None
    if answer is not None:
        return Insights(*payloads.values_of(answer, asked))
    refused = errors.refused_metrics(body, names)
    if refused is None:
        raise errors.classify(
            response.status_code, response.headers, body, call.now, scopes=(errors.INSIGHTS_SCOPE,)
        )
    return tuple(metric for metric, name in zip(asked, names, strict=True) if name in refused)


def _without(told: Insights, asked: Sequence[str], refused: tuple[str, ...]) -> Insights:
    named = {*told.refused, *refused}
    return Insights(told.values, tuple(metric for metric in asked if metric in named))
