"""Ingest: numbers that somebody else has read come in, all of a call or none."""

import asyncio
import difflib
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from litestar import post
from litestar.params import HeaderParameter, JSONBody
from msgspec import Meta, Struct

from afterpost.builtin.imports.cells import CellError
from afterpost.builtin.imports.times import Published, publication
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import ExternalId, Platform, ShortText
from afterpost.domain.metrics import CANONICAL, CUMULATIVE, MAX_COUNT, Kind, is_metric_name
from afterpost.domain.posts import UNKNOWN_TYPE, CreativeLinks
from afterpost.domain.readings import Reading, Value, nominal
from afterpost.http.errors import problems
from afterpost.http.instants import Aware, either
from afterpost.http.requests import ApiRequest
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta
from afterpost.services.archive import came
from afterpost.services.ingest import Ended, Entry, Key, ingest
from afterpost.services.record import Source

SOURCE: Source = "webhook"
BODY_BYTES = 10 * 1024 * 1024
MAX_POSTS = 500
DEFINITION = "ingest"
"""The definition of every ingested metric: what it counts is the sender's matter."""

MetricName: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]

Described: TypeAlias = Annotated[str, Meta(max_length=1_000_000)]
"""What describes a post: it is clipped and cleaned, and never a reason to refuse numbers."""


IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Names this call: the same key again stores nothing and is answered as before",
    ),
]


class IngestPost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reading of one post. `observed_at`: when the numbers were true, default now; `observed_on`: where
    only the day is known. `published_at` or `published_on` likewise. `metrics`: lifetime
    totals; null: asked for and not reported, which is not 0. `kinds`: of `x_` metrics that are no lifetime
    counters. A post that is known keeps what is known of it. `published_at`: an instant with its offset, or a
    day where the hour is not known. What only describes the post never costs its numbers: a text is clipped
    and cleaned, a content type that nobody here knows is kept as `caption`, and what can't be read is left
    unknown, with a note in the answer."""

    platform: Platform
    external_id: ExternalId
    observed_at: Aware | None = None
    observed_on: date | None = None
    metrics: Annotated[dict[MetricName, int | float | None], Meta(min_length=1, max_length=100)]
    kinds: Annotated[dict[MetricName, Literal["cumulative", "gauge", "ratio"]], Meta(max_length=100)] = {}
    published_at: Described | None = None
    published_on: date | None = None
    title: Described = ""
    description: Described = ""
    url: Described | None = None
    content_type: Described = UNKNOWN_TYPE
    brand: ShortText | None = None
    links: CreativeLinks | None = None


class IngestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 500 readings. `brand`: slug or name of the brand new posts get, made when there is none; a post
    may name it itself, but one call is one brand."""

    posts: Annotated[list[IngestPost], Meta(min_length=1, max_length=MAX_POSTS)]
    brand: ShortText | None = None


class IngestedView(Struct, frozen=True):
    """The run, and for each entry in order: stored, or unchanged when no number is different from before; and
    notes on what of it was clipped, cleaned or left unknown."""

    run_id: int
    posts: list[Ended]


class IngestAnswer(Struct, frozen=True):
    """What became of the entries."""

    data: IngestedView
    meta: NoMeta = NoMeta()


@post(
    "/ingest",
    status_code=200,
    opt={"action": "ingest"},
    request_max_body_size=BODY_BYTES,
    summary="Send numbers",
    responses=problems("not_found", "conflict", "too_large", "denied", "held"),
)
async def ingest_posts(
    call: Call, request: ApiRequest, data: JSONBody[IngestBody], idempotency_key: IdempotencyKey = None
) -> IngestAnswer:
    """Store readings of posts, all or nothing, each of them once; posts that are new are made.

    The same Idempotency-Key and body again store nothing and are answered as before.
    """
    now = call.core.now()
    entries = entries_of(data, now)
    settings, fetch = call.core.settings, None
    if settings.archive:
        fetch = await asyncio.to_thread(came, await request.body(), settings, now)
    brand = brand_of(data.posts, data.brand)
    key = None
    if idempotency_key is not None:
        key = Key(idempotency_key, hashlib.sha256(await request.body()).digest())
    run_id, ended = await call.doing(ingest, entries, SOURCE, brand=brand, fetch=fetch, key=key)
    return IngestAnswer(IngestedView(run_id, ended))


def entries_of(body: IngestBody, now: datetime) -> list[Entry]:
    """The readings of a body; those that don't say when they were true are of `now`. InvalidInput says which
    can't be."""
    return [entry_of(n, given, now, DEFINITION) for n, given in enumerate(body.posts)]


def brand_of(posts: Sequence[IngestPost], brand: str | None) -> str | None:
    """The one brand of a call; raises InvalidInput where its posts name several."""
    named = {given.brand or brand for given in posts}
    if len(named) > 1:
        raise InvalidInput("The posts name several brands.", hint="Send one call per brand.")
    return named.pop()


def entry_of(position: int, given: IngestPost, now: datetime | None, definition: str) -> Entry:
    """A post of the body as what is ingested, read `now` where it does not say when; InvalidInput says where
    it is wrong."""
    where = f"posts[{position}]"
    observed_at, observed_on = either(f"{where}.", "observed", given.observed_at, given.observed_on)
    if given.published_at and given.published_on is not None:
        raise InvalidInput(
            f"{where}.published_at and {where}.published_on both say it.",
            hint="Give published_at where the hour is known, published_on where only the day is.",
        )
    published = _published(given.published_at)
    if given.published_on is not None:
        published = Published(on=given.published_on)
    for name in given.kinds:
        if name in CANONICAL or name not in given.metrics:
            raise InvalidInput(f"{where}.kinds.{name}: only an x_ metric of this post has a kind of its own.")
    kinds = {name: Kind(kind) for name, kind in given.kinds.items() if kind != "cumulative"}
    values = {
        name: _value(f"{where}.metrics.{name}", name, value, kinds)
        for name, value in given.metrics.items()
        if _known(where, name) and value is not None
    }
    read_at = nominal(observed_on) if observed_on is not None else observed_at or now
    if read_at is None:
        raise InvalidInput(f"{where} does not say when its numbers were read.")
    reading = Reading(
        observed_at=read_at,
        observed_on=observed_on,
        values=values,
        definitions=dict.fromkeys(given.metrics, definition),
        published_at=published.at,
        published_on=published.on,
        kinds=kinds,
    )
    return Entry(
        platform=given.platform,
        external_id=given.external_id,
        reading=reading,
        title=given.title,
        description=given.description,
        url=given.url or "",
        content_type=given.content_type,
        links=given.links,
        notes=(f"published_at: {published.note}",) if published.note else (),
    )


def _published(text: str | None) -> Published:
    """When a post was published, as far as its sender says it so that it can be read."""
    if not text:
        return Published()
    try:
        return publication(text)
    except CellError as error:
        return Published(note=f"{error}; left unknown")


def _known(where: str, name: str) -> bool:
    if is_metric_name(name):
        return True
    close = difflib.get_close_matches(name.lower(), CANONICAL, 1, 0.0)[0]
    raise InvalidInput(
        f"{where}.metrics: there is no metric {name!r}; the closest is {close!r}.",
        hint="A platform's own metric is named x_<provider>_<native>. Known: " + ", ".join(CANONICAL) + ".",
    )


def _value(where: str, name: str, value: Value, kinds: dict[str, Kind]) -> Value:
    """The value if a metric of this kind can have it; counters are whole numbers from 0."""
    counter = name in CUMULATIVE or (name not in CANONICAL and name not in kinds)
    if counter and not isinstance(value, int):
        raise InvalidInput(f"{where} is {value}; a counter is a whole number.")
    lowest = -MAX_COUNT if name in kinds else 0
    if not lowest <= value <= MAX_COUNT:
        raise InvalidInput(f"{where} must lie between {lowest} and {MAX_COUNT}.")
    return value
