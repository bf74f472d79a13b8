"""Coverage counted by the database is the coverage of posts looked at one by one."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import count, product

import pytest

from afterpost.domain.ages import GRACE, HOUR, SLOWEST, due_inside, ladder_key, slowly_due, surely_due
from afterpost.domain.windows import day_number
from afterpost.services.catalogue import add_brand
from afterpost.services.core import Core
from afterpost.services.question import Asked, Question, asking
from afterpost.services.record import move
from afterpost.services.windows import attended, expected_in
from afterpost.storage import accounts, pauses, posts, rollups
from afterpost.storage.organizations import Organization
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, tell, told

ACCOUNTS = 6
PLATFORMS = ("youtube", "youtube", "gram")
BRANDS = 2
POSTS = 90
TYPES = ("image", "video", "short")
NOW = at("2026-11-22 19:16")


def account_of(organization: Organization, n: int, now: datetime) -> dict[str, object]:
    """An account that is collected."""
    return {
        "organization_id": organization.id,
        "platform": PLATFORMS[n % 3],
        "external_id": f"channel{n}",
        "handle": "c",
        "name": "C",
        "state": "active",
        "listed": True,
        "created_at": now,
    }


def populated(core: Core, rng: random.Random) -> None:
    """Posts of several accounts on two platforms, published over eighty days, read as it comes; some gone,
    and read after it, some read before they came out or of unknown publication, some of another brand than
    their account, one account away for a while, some posts of nobody."""
    brands = [add_brand(core, EVERYTHING, ACTOR, f"Brand {n}", None).id for n in range(BRANDS)]
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        owners = [
            accounts.add_account(
                tx.connection,
                EVERYTHING,
                {**account_of(organization, n, tx.now), "brand_id": rng.choice([*brands, None])},
            )
            for n in range(ACCOUNTS)
        ]
    for n in range(POSTS):
        # Many of an age at which a post becomes slow, at the window's end, or right before it.
        age = rng.choice(
            [rng.uniform(0, 80), rng.uniform(37, 39), rng.uniform(30, 31.5), rng.uniform(0.9, 1.1)]
        )
        published = NOW - timedelta(days=age)
        entries = [
            told(
                f"p{n}",
                seen,
                {"views": k},
                published_at=published,
                platform=PLATFORMS[n % 3],
                content_type=rng.choice(TYPES) if k == 0 else TYPES[0],
            )
            for k in range(rng.randrange(5))
            if (seen := published + timedelta(days=rng.uniform(0, 90))) < NOW
        ]
        if entries:
            tell(core, *entries)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        everyone = [
            post
            for platform in sorted(set(PLATFORMS))
            for post in posts.find_posts(
                tx.connection, EVERYTHING, organization.id, platform, [f"p{n}" for n in range(POSTS)]
            ).values()
        ]
        for post in everyone:
            owner = rng.choice([*owners, None])
            if owner is not None and PLATFORMS[owners.index(owner) % 3] == post.platform:
                move(tx, organization, post, account_id=owner, brand_id=rng.choice([*brands, None]))
            if rng.random() < 0.15:
                gone = {"id": post.id, "state": "gone", "misses": 3}
                gone["gone_at"] = NOW - timedelta(days=rng.uniform(0, 20))
                posts.update_posts(tx.connection, EVERYTHING, ["state", "misses", "gone_at"], [gone])
            if rng.random() < 0.2:
                late = NOW - timedelta(days=rng.uniform(-1, 40))
                row = {"id": post.id, "published_at": rng.choice([None, late])}
                posts.update_posts(tx.connection, EVERYTHING, ["published_at"], [row])
        away = owners[0]
        since = NOW - timedelta(days=9)
        pauses.note_state(tx.connection, EVERYTHING, organization.id, away, "disconnected", since)
        back = NOW - timedelta(days=rng.uniform(1, 8))
        pauses.note_state(tx.connection, EVERYTHING, organization.id, away, "active", back)


def looked_at(asked: Asked) -> dict[tuple[str, int], list[int]]:
    """How posts were attended to, looked at one by one: expected, observed, unread, by account."""
    expected, observed = expected_in(asked)
    end = day_number(asked.window.end)
    found: dict[tuple[str, int], list[int]] = {}
    for post in expected:
        sums = found.setdefault((post.platform, post.account_id), [0, 0, 0])
        sums[0] += 1
        sums[1] += post.id in observed
        sums[2] += post.gone_at is None and (post.last_day is None or post.last_day <= end)
    return found


def counted(asked: Asked) -> dict[tuple[str, int], list[int]]:
    """The same as it is counted."""
    found = {(each.platform, each.account_id): list(each[2:]) for each in attended(asked)}
    return {place: sums for place, sums in found.items() if any(sums)}


@pytest.mark.parametrize("seed", range(4))
def test_counting_says_what_looking_at_each_post_says(make_core: MakeCore, clock: Clock, seed: int) -> None:
    rng = random.Random(seed)
    core = make_core(f"core{seed}")
    populated(core, rng)
    clock.now = NOW
    seen = Counter[bool]()
    for _ in range(60):
        length = rng.choice([1, 2, 6, 7, 7, 7, 8, 14, 40])
        last = date(2026, 11, 21) - timedelta(days=rng.choice([0, 0, 0, rng.randrange(60)]))
        question = Question(
            start=last - timedelta(days=length - 1),
            end=last,
            content_type=rng.choice([None, None, *TYPES]),
            brand_id=rng.choice([None, 1, 2]),
            account_id=rng.choice([None, None, rng.randrange(ACCOUNTS) + 1]),
        )
        with asking(core, EVERYTHING, question) as asked:
            assert counted(asked) == looked_at(asked), question
            start, end = day_number(asked.window.start), day_number(asked.window.end)
            seen[rollups.any_spans(asked.connection, EVERYTHING, start=start, end=end)] += 1
    assert min(seen[True], seen[False]) > 2  # with gaps that span the window, and without


def test_the_coverage_of_a_past_instant_is_counted_from_what_was_known_then(
    make_core: MakeCore, clock: Clock
) -> None:
    core = make_core()
    populated(core, random.Random(5))
    then = clock.now + timedelta(hours=1)
    clock.now = then + timedelta(hours=1)
    question = Question(start=date(2026, 11, 14), end=date(2026, 11, 20))
    with asking(core.as_of(then), EVERYTHING, question) as asked:
        known = counted(asked)
        assert known == looked_at(asked)
        assert sum(sums[1] for sums in known.values()) > 0
    tell(core, *(told(f"p{n}", at("2026-11-17"), {"views": 9}) for n in range(POSTS) if n % 3 < 2))
    with asking(core.as_of(then), EVERYTHING, question) as asked:
        assert counted(asked) == known
    with asking(core, EVERYTHING, question) as asked:
        assert counted(asked) == looked_at(asked) != known


def test_posts_at_the_limits_of_what_is_sure_are_counted_once(core: Core, clock: Clock) -> None:
    """Published and gone right at the instants that decide, or a microsecond beside them."""
    begins, ends, tick = at("2026-11-15 00:00"), at("2026-11-22 00:00"), timedelta.resolution
    key, sure = next((n, sure) for n in count(1) if (sure := surely_due(ladder_key(n), begins, ends)))
    published = [edge + offset * tick for edge in sure for offset in (-1, 0, 1)]
    gone = [None, *(begins + offset * tick for offset in (-1, 0, 1))]
    cases = list(enumerate(product(published, gone, (False, True))))
    read = {False: at("2026-11-10"), True: at("2026-11-17")}
    tell(core, *(told(f"p{n}", read[inside], {"views": n}) for n, (_, _, inside) in cases))
    clock.now = NOW
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        for n in range(1, key + 1):
            assert n == accounts.add_account(tx.connection, EVERYTHING, account_of(organization, n, tx.now))
        found = posts.find_posts(
            tx.connection, EVERYTHING, organization.id, "youtube", [f"p{n}" for n, _ in cases]
        )
        for post in found.values():
            move(tx, organization, post, account_id=key)
        columns = ["published_at", "state", "gone_at"]
        posts.update_posts(
            tx.connection,
            EVERYTHING,
            columns,
            [
                {
                    "id": found[f"p{n}"].id,
                    "published_at": at_edge,
                    "state": "live" if since is None else "gone",
                    "gone_at": since,
                }
                for n, (at_edge, since, _) in cases
            ],
        )
    with asking(core, EVERYTHING, Question(start=date(2026, 11, 15), end=date(2026, 11, 21))) as asked:
        assert (asked.window.begins_at(), asked.window.ends_at()) == (begins, ends)
        assert counted(asked) == looked_at(asked)
        assert sum(sums[0] for sums in counted(asked).values()) > 20


def test_what_is_sure_needs_no_look_at_the_reads() -> None:
    rng = random.Random(7)
    tried = Counter[str]()
    for n in count():
        key = ladder_key(n)
        begins = at("2026-11-01 00:00") + timedelta(hours=rng.randrange(24))
        ends = begins + rng.choice([timedelta(days=7), timedelta(days=7, hours=-1), timedelta(days=9)])
        surely = surely_due(key, begins, ends)
        if surely is None:
            tried["none"] += 1
            continue
        for _ in range(30):
            near = rng.choice([surely.until, surely.never, surely.since, surely.before, begins])
            published = near + timedelta(seconds=rng.choice([0, 1, -1, rng.uniform(-(10**6), 10**6)]))
            if published <= surely.until and not surely.since <= published < surely.before:
                tried["due"] += 1
                assert due_inside(key, published, begins, ends), (key, published, begins, ends)
            elif published > surely.never:
                tried["not due"] += 1
                assert not due_inside(key, published, begins, ends), (key, published, begins, ends)
            else:
                tried["either"] += due_inside(key, published, begins, ends)
        if n > 1_500:
            break
    assert min(tried.values()) > 5
    assert surely_due("a", begins, begins + timedelta(days=6)) is None
    assert GRACE < HOUR / 6


def test_of_slow_posts_it_is_known_which_are_read_in_a_window() -> None:
    rng = random.Random(11)
    tried = Counter[bool]()
    for n in range(1_500):
        key = ladder_key(n)
        begins = at("2026-11-01 00:00") + timedelta(hours=rng.randrange(24))
        ends = begins + timedelta(hours=rng.choice([23, 24, 25, 48, 72, 144, 167, 168, 169]))
        slowly = slowly_due(key, begins, ends)
        assert timedelta(0) <= slowly.width
        edges = [slowly.last - k * SLOWEST - w for k in range(30) for w in (timedelta(0), slowly.width)]
        for _ in range(20):
            near = rng.choice([slowly.until, begins - timedelta(days=rng.randrange(38, 900)), *edges])
            published = near + timedelta(microseconds=rng.choice([0, 1, -1, rng.randrange(-(10**9), 10**9)]))
            if published <= slowly.until:
                known = (slowly.last - published) % SLOWEST < slowly.width
                assert known == due_inside(key, published, begins, ends), (key, published, begins, ends)
                tried[known] += 1
    assert min(tried.values()) > 1_000
