"""When the posts of a batch were published, after its readings: most say nothing new, and cost nothing."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from afterpost.domain.publication import Derived, Subject, Tellings
from afterpost.domain.snapshots import Observed
from afterpost.storage import observations, posts, snapshots
from afterpost.storage.latest import Standing
from afterpost.storage.posts import Place
from afterpost.storage.transaction import Tx


def publish(
    tx: Tx,
    zone: ZoneInfo,
    news: Mapping[int, Mapping[int, Sequence[Observed]]],
    places: Mapping[int, Place],
    standing: Mapping[int, Standing],
) -> dict[int, Derived]:
    """Derive the publications of the posts with new readings (post id -> day -> readings, which are stored),
    and write down those that are other than in `places`."""
    derived: dict[int, Derived] = {}
    anew: dict[int, tuple[Tellings, Subject]] = {}
    for post_id, days in news.items():
        place, stands = places[post_id], standing.get(post_id)
        subject = Subject.of(place.platform, place.external_id, place.announced, zone)
        tellings = Tellings()
        for day, readings in days.items():
            for reading in readings:
                tellings.hear(day, reading)
        if stands is None:
            derived[post_id] = tellings.derive(subject)
        elif (heard := tellings.unmoved(place.publication, stands.heard, place.doubted, subject)) is not None:
            derived[post_id] = Derived(place.publication, heard, place.doubted)
        else:
            anew[post_id] = tellings, subject
    if anew:
        _hear_everything(tx, {post_id: tellings for post_id, (tellings, _) in anew.items()})
        derived |= {post_id: tellings.derive(subject) for post_id, (tellings, subject) in anew.items()}
    posts.publish(
        tx.connection,
        tx.scope,
        {
            post_id: each
            for post_id, each in derived.items()
            if (each.publication, each.doubted) != (places[post_id].publication, places[post_id].doubted)
        },
    )
    return derived


def _hear_everything(tx: Tx, tellings: Mapping[int, Tellings]) -> None:
    """Let the tellings hear all stored readings of their posts, along the days that link their snapshots."""
    history = snapshots.since(tx.connection, tx.scope, tellings, 0)
    days = [(post_id, stored.row.day) for post_id, rows in history.items() for stored in rows]
    for (post_id, day), readings in observations.stored_on(tx.connection, tx.scope, days).items():
        for stored in readings:
            tellings[post_id].hear(day, stored.observed)
