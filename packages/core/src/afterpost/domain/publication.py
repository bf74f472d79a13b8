"""When a post was published, as far as its stored readings tell: one function of all of them.

A publication is told as an instant (`datetime`) or only as a day (`date`), and is kept as it was told. Most
readings repeat what is known: `unmoved` says so from little that is kept beside the post's state, so that
nobody has to look at its history. Everything else is derived from all readings again (docs/adr/0029).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from afterpost.domain.id_times import instant_of_id
from afterpost.domain.readings import Published, Value
from afterpost.domain.snapshots import First, Observed
from afterpost.domain.windows import day_date, day_number, local_day_number

DOUBTFUL = timedelta(hours=24)
"""Nothing is seen so long before its publication, and no id is made so far from it."""


class Publication(NamedTuple):
    """A post's publication: its instant, None where only a day is known, and its day in the organisation's
    zone, None where nothing is known."""

    at: datetime | None = None
    day: int | None = None

    @property
    def told(self) -> Published | None:
        """As somebody told it."""
        if self.at is None and self.day is not None:
            return day_date(self.day)
        return self.at


UNKNOWN = Publication()


class Exposed(NamedTuple):
    """Since when the post was seen by anybody: the earliest exact reading with exposure above 0, and the day
    of the earliest such day-only reading."""

    at: datetime | None = None
    on: int | None = None

    def earlier(self, other: "Exposed") -> "Exposed":
        """The earlier of both, each by itself."""
        return Exposed(
            min((at for at in (self.at, other.at) if at is not None), default=None),
            min((on for on in (self.on, other.on) if on is not None), default=None),
        )


class Heard(NamedTuple):
    """What the next reading has to be held against. `rank`: of the telling that counts, 0 where nobody told
    it; `apart`: another publication than the one that counts was told as well."""

    exposed: Exposed = Exposed()
    rank: int = 0
    apart: bool = False


class Subject(NamedTuple):
    """What is known of a post beside its readings: the publication it was announced with, the instant its id
    was made (None: the id tells none), and the zone its organisation cuts days in."""

    announced: Published | None
    made: datetime | None
    zone: ZoneInfo

    @classmethod
    def of(cls, platform: str, external_id: str, announced: Published | None, zone: ZoneInfo) -> "Subject":
        """Of a post as its platform knows it."""
        return cls(announced, instant_of_id(platform, external_id), zone)

    def day_of(self, told: Published) -> int:
        """The day of a publication."""
        return local_day_number(told, self.zone) if isinstance(told, datetime) else day_number(told)

    def disowned(self, told: Published) -> bool:
        """Whether the post's id contradicts a publication: it lies more than 24 h away."""
        if self.made is None:
            return False
        if isinstance(told, datetime):
            return abs(told - self.made) > DOUBTFUL
        return abs(day_number(told) - local_day_number(self.made, self.zone)) > 1

    def possible(self, told: Published, exposed: Exposed) -> bool:
        """Whether a post can have been published then: nobody saw it long before, and its id agrees."""
        if self.disowned(told):
            return False
        if isinstance(told, datetime):
            # A day-only reading was made at the end of its day at the latest.
            seen = exposed.on is not None and exposed.on < self.day_of(told) - 1
            return not seen and (exposed.at is None or told - exposed.at <= DOUBTFUL)
        day = day_number(told)
        seen_on = None if exposed.at is None else local_day_number(exposed.at, self.zone)
        return all(on is None or on >= day for on in (exposed.on, seen_on))


class Derived(NamedTuple):
    """A post's publication from all that was told of it. `doubted`: something impossible was told."""

    publication: Publication
    heard: Heard
    doubted: bool


_Order = tuple[int, bool, datetime, int, bytes]


def rank_of(told: Published, source: str) -> int:
    """How much a telling counts: an instant before a day, a platform's API before other sources; above 0."""
    return 1 + (source == "api") + 2 * isinstance(told, datetime)


def is_exposed(values: Mapping[str, Value]) -> bool:
    """Whether a reading has exposure above 0: views where reported, else impressions."""
    return values.get("views", values.get("impressions", 0)) > 0


class Tellings:
    """What readings of one post tell of its publication, gathered in any order."""

    def __init__(self) -> None:
        self.exposed = Exposed()
        self._best: dict[Published, tuple[int, _Order]] = {}

    def hear(self, day: int, reading: Observed) -> None:
        """One more reading, which lies on that day."""
        if is_exposed(reading.values):
            mine = Exposed(on=day) if reading.whole_day else Exposed(at=reading.at)
            self.exposed = self.exposed.earlier(mine)
        told = reading.published
        if told is not None:
            order = (day, not reading.whole_day, reading.at, reading.told, reading.digest)
            telling = rank_of(told, reading.source), order
            self._best[told] = max(telling, self._best.get(told, telling))

    def derive(self, post: Subject) -> Derived:
        """The publication when these are all readings there are."""
        announced = set() if post.announced is None else {post.announced}
        spoken = {*self._best, *announced}
        possible = {told for told in spoken if post.possible(told, self.exposed)}
        told, rank = max(
            ((told, best) for told, best in self._best.items() if told in possible),
            key=lambda pair: pair[1],
            default=(None, None),
        )
        if told is None:
            told = next(iter(announced & possible), None)
        if told is None and post.made is not None and any(map(post.disowned, spoken)):
            told = post.made if post.possible(post.made, self.exposed) else None
        publication = UNKNOWN
        if told is not None:
            publication = Publication(told if isinstance(told, datetime) else None, post.day_of(told))
        heard = Heard(self.exposed, 0 if rank is None else rank[0], bool(spoken - {told}))
        return Derived(publication, heard, possible != spoken)

    def unmoved(self, known: Publication, heard: Heard, doubted: bool, post: Subject) -> Heard | None:
        """What is heard after these readings as well, where they leave the publication as it is `known`;
        None where that has to be derived from all of them."""
        exposed = heard.exposed.earlier(self.exposed)
        current = known.told
        if exposed != heard.exposed and (
            heard.apart or (current is not None and not post.possible(current, exposed))
        ):
            return None
        for told, (rank, _) in self._best.items():
            if told == current and rank <= heard.rank:
                continue
            if not heard.apart:
                return None
            if post.possible(told, exposed):
                if rank >= heard.rank:
                    return None
            elif not doubted or (current is None and post.disowned(told)):
                return None
        return heard._replace(exposed=exposed)


def first_of(day: int, readings: Iterable[Observed], publication: Publication) -> First:
    """The post's earliest reading, of those of its first day, beside its publication."""
    earliest = min(readings, key=lambda one: one.order)
    return First(earliest.at, publication.at, publication.day, day, earliest.whole_day)


def announced(post: Subject) -> Derived:
    """The publication of a post that nobody has read yet."""
    return Tellings().derive(post)


def noon(day: date, zone: ZoneInfo) -> datetime:
    """Local noon: the instant that reads are planned by where only the day is known."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)


def reckoned(told: Published | None, zone: ZoneInfo) -> datetime | None:
    """The instant that reads are planned by: of a day its noon, for a day has no hour."""
    if told is None or isinstance(told, datetime):
        return told
    return noon(told, zone)
