"""Random histories: what providers may say about some posts, and in which order it reaches the database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from afterpost.domain.metrics import Kind
from afterpost.domain.readings import Reading, Value
from afterpost.services.record import Source

ANCHORS = {
    "UTC": ["2024-02-26"],
    "America/Sao_Paulo": ["2018-11-01", "2018-02-15"],  # a day without midnight, a day of 25 hours
    "Pacific/Apia": ["2011-12-27"],  # there was no 30 December 2011
    "Asia/Kathmandu": ["2026-01-01"],
    "Europe/Berlin": ["2026-03-27"],
    "America/New_York": ["2025-10-31"],
}
"""Zone -> first days of histories; the zone does something unusual within a week of each."""

HOURS = (0.0, 0.5, 5.75, 12.0, 18.25, 23.0, 23.9999)
"""Few, so that readings meet on one instant and on one day, and around midnights."""

COUNTERS = ("views", "impressions", "likes", "comments", "shares", "saves", "clicks_link", "x_sample_points")
GAUGES = ("avg_view_seconds", "x_sample_level")
PARTS = ("likes", "comments", "shares", "saves")


class Plan(NamedTuple):
    """A post: brand and account by their number in this history (None: none); its publication as announced
    before anybody read it."""

    brand: int | None
    account: int | None
    platform: str
    content_type: str
    announced: datetime | None = None


class Said(NamedTuple):
    """One reading of the post with that number."""

    post: int
    reading: Reading
    source: Source


class History(NamedTuple):
    """Posts and everything that was said about them."""

    zone: str
    posts: tuple[Plan, ...]
    said: tuple[Said, ...]


Batches = tuple[tuple[Said, ...], ...]
"""An order of arrival: readings by transaction."""

BRANDS = 2
ACCOUNTS = 2

plans = st.builds(
    Plan,
    brand=st.sampled_from([None, 0, 1]),
    account=st.sampled_from([None, 0, 1]),
    platform=st.sampled_from(["youtube", "sample"]),
    content_type=st.sampled_from(["video", "unknown"]),
    announced=st.none(),
)
counts = st.integers(0, 40) | st.integers(0, 5_000) | st.sampled_from([0, 10**15])
levels = st.sampled_from([0, 5, 5.0, 7.5])
# Mostly everything is there; metrics vanish and appear late all the same.
reported = st.one_of(
    st.just(frozenset(COUNTERS)),
    st.sets(st.sampled_from(COUNTERS)).map(frozenset),
    st.sampled_from([frozenset({"views"}), frozenset({"views", *PARTS}), frozenset({"impressions", *PARTS})]),
)


@st.composite
def values_of(draw: st.DrawFn) -> tuple[Mapping[str, Value], Mapping[str, Kind]]:
    """Metrics of one reading, and their kinds where they are not counters."""
    values: dict[str, Value] = {name: draw(counts) for name in sorted(draw(reported))}
    values |= {name: draw(levels) for name in sorted(draw(st.sets(st.sampled_from(GAUGES), max_size=2)))}
    kinds = {}
    # A plugin may change its mind about what its own metric is.
    if "x_sample_level" in values and draw(st.booleans()):
        kinds["x_sample_level"] = Kind.GAUGE
    return values, kinds


@st.composite
def histories(
    draw: st.DrawFn, *, max_said: int = 12, max_posts: int = 3, contradictions: bool = False
) -> History:
    """A history of a few posts over some weeks. Without `contradictions` no two readings of one instant
    contradict each other, so that the order they are told in says nothing."""
    zone = draw(st.sampled_from(sorted(ANCHORS)))
    cut = ZoneInfo(zone)
    anchor = datetime.fromisoformat(draw(st.sampled_from(ANCHORS[zone])))
    posts = tuple(draw(st.lists(plans, min_size=1, max_size=max_posts)))

    def instant(days: int, hours: float) -> datetime:
        return (anchor.replace(tzinfo=cut) + timedelta(days=days, hours=hours)).astimezone(UTC)

    # Close together as a rule: a repair needs neighbours.
    days = st.sampled_from([0, 1, 1, 2, 2, 3, 4, 6]) | st.integers(0, 40)
    said: list[Said] = []
    publications = [
        (
            instant(draw(st.integers(-3, 2)), draw(st.sampled_from(HOURS))),
            instant(draw(st.integers(-60, 1)), draw(st.sampled_from(HOURS))),
        )
        for _ in posts
    ]
    posts = tuple(
        plan._replace(announced=draw(st.sampled_from([None, *publications[n]])))
        for n, plan in enumerate(posts)
    )
    for _ in range(draw(st.integers(2, max_said))):
        post = draw(st.integers(0, len(posts) - 1))
        values, kinds = draw(values_of())
        asked = draw(st.sampled_from([(), PARTS, ("likes", "comments"), tuple(values)]))
        at = instant(draw(days), draw(st.sampled_from(HOURS)))
        on = at.astimezone(cut).date() if draw(st.integers(0, 5)) == 0 else None
        usual, other = publications[post]
        published = draw(st.sampled_from([usual, usual, usual, other, None, usual.date(), other.date()]))
        reading = Reading(
            observed_at=at if on is None else datetime(on.year, on.month, on.day, tzinfo=UTC),
            observed_on=on,
            values=values,
            definitions=dict.fromkeys(asked, "v1"),
            published_at=published if isinstance(published, datetime) else None,
            published_on=None if isinstance(published, datetime) else published,
            kinds=kinds,
        )
        one = Said(post, reading, draw(st.sampled_from(["api", "csv", "manual", "webhook"])))
        if contradictions or not any(clash(one, earlier) for earlier in said):
            said.append(one)
    # The door a reading came through is no part of what it says: the same reading has one door here.
    doors = {(one.post, one.reading.observed_at, repr(one.reading)): one.source for one in said}
    return History(
        zone,
        posts,
        tuple(
            one._replace(source=doors[one.post, one.reading.observed_at, repr(one.reading)]) for one in said
        ),
    )


def clash(one: Said, other: Said) -> bool:
    """Whether two readings are of one post and instant and can't both be true."""
    mine, theirs = one.reading, other.reading
    if (one.post, mine.observed_at, mine.observed_on) != (other.post, theirs.observed_at, theirs.observed_on):
        return False
    return any(theirs.values.get(name, value) != value for name, value in mine.values.items()) or any(
        None not in told and told[0] != told[1]
        for told in (
            (mine.published_at, theirs.published_at),
            (mine.published_on, theirs.published_on),
        )
    )


@st.composite
def arrivals(draw: st.DrawFn, history: History) -> Batches:
    """An order in which all of it arrives: permuted, some of it twice, in batches of any size."""
    again = draw(st.lists(st.sampled_from(history.said), max_size=4))
    order = draw(st.permutations([*history.said, *again]))
    batches: list[list[Said]] = [[]]
    for one in order:
        batches[-1].append(one)
        if draw(st.booleans()):
            batches.append([])
    return tuple(tuple(batch) for batch in batches if batch)


def in_order(history: History) -> Batches:
    """One reading a transaction, oldest first: what a collector does all day."""
    return tuple((one,) for one in sorted(history.said, key=lambda one: one.reading.observed_at))


days_around = st.integers(-5, 50)


@st.composite
def windows(draw: st.DrawFn, history: History) -> tuple[int, int]:
    """First and last day of a window near the history, as proleptic ordinals."""
    base = min(one.reading.observed_at for one in history.said).date().toordinal()
    first, last = sorted((draw(days_around), draw(days_around)))
    return base + first, base + last
