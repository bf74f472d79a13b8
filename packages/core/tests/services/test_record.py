"""Readings into facts, worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from afterpost.domain.errors import InvalidInput
from afterpost.domain.metrics import CUMULATIVE, Kind
from afterpost.domain.readings import nominal
from afterpost.domain.snapshots import Cell
from afterpost.services.catalogue import add_brand
from afterpost.services.core import Core
from afterpost.services.ingest import store
from afterpost.services.post_summary import post_analytics
from afterpost.services.record import Item, move, record
from afterpost.storage import organizations, posts, rollups, runs, snapshots, tables
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Tx
from packages.core.tests.house import ACTOR, EVERYTHING, Clock, MakeCore, at, day, tell, told

PUBLISHED = at("2026-11-10 08:00")


def history(core: Core, post_id: int) -> dict[str, dict[str, Cell]]:
    """Date -> metric -> cell."""
    with core.database.read() as connection:
        rows = snapshots.since(connection, EVERYTHING, [post_id], 0).get(post_id, [])
    return {str(date_of(stored.row.day)): dict(stored.row.cells) for stored in reversed(rows)}


def date_of(number: int) -> Any:
    return day("1970-01-01") + timedelta(days=number)


def booked(core: Core, metric: str, what: str = "gain") -> dict[str, int]:
    """Date -> amount, of the days the metric is booked to."""
    with core.database.read() as connection:
        query = f"SELECT day, {metric}_{what} AS amount FROM rollups WHERE {metric}_covered > 0 ORDER BY day"
        return {str(date_of(row.day)): row.amount for row in connection.exec_driver_sql(query)}


def count(core: Core, table: str) -> int:
    with core.database.read() as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(tables.metadata.tables[table])
        ).scalar_one()


def post_of(tx: Tx, post_id: int) -> Post:
    found = posts.get_post(tx.connection, EVERYTHING, post_id)
    assert found is not None
    return found


# --- gains ---


def test_a_missed_week_is_spread_over_its_days_and_never_a_spike(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"views": 100}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-18"), {"views": 817}))
    assert history(core, first.post_id) == {
        "2026-11-10": {"views": Cell(100, 100, 1)},
        "2026-11-18": {"views": Cell(817, 717, 8)},
    }
    # 717 = 8 × 89.625: ⌊89.6⌋, ⌊179.2⌋ − 89, …
    assert booked(core, "views") == {
        "2026-11-10": 100,
        "2026-11-11": 89,
        "2026-11-12": 90,
        "2026-11-13": 89,
        "2026-11-14": 90,
        "2026-11-15": 90,
        "2026-11-16": 89,
        "2026-11-17": 90,
        "2026-11-18": 90,
    }
    estimated = booked(core, "views", "estimated")
    assert estimated["2026-11-17"] == 90
    assert estimated["2026-11-18"] == estimated["2026-11-10"] == 0


def test_a_late_reading_divides_the_gap_it_falls_into(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"views": 100}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-14"), {"views": 500}))
    tell(core, told("a", at("2026-11-11"), {"views": 490}))
    assert history(core, first.post_id)["2026-11-14"] == {"views": Cell(500, 10, 3)}
    assert booked(core, "views") == {
        "2026-11-10": 100,
        "2026-11-11": 390,
        "2026-11-12": 3,
        "2026-11-13": 3,
        "2026-11-14": 4,
    }


def test_a_reading_older_than_all_others_becomes_the_opening(core: Core) -> None:
    """Its publication time counts; what was an unknown opening is a gain now."""
    (first,) = tell(core, told("a", at("2026-11-14"), {"views": 500}))
    assert history(core, first.post_id) == {"2026-11-14": {"views": Cell(500, None, -1)}}
    tell(core, told("a", at("2026-11-11"), {"views": 90}, published_at=PUBLISHED))
    assert history(core, first.post_id) == {
        "2026-11-11": {"views": Cell(90, 90, 2)},
        "2026-11-14": {"views": Cell(500, 410, 3)},
    }


def test_a_counter_that_falls_is_a_negative_gain_and_both_values_stay(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"likes": 100}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-13"), {"likes": 96}))
    assert history(core, first.post_id)["2026-11-13"] == {"likes": Cell(96, -4, 3)}
    assert booked(core, "likes") == {
        "2026-11-10": 100,
        "2026-11-11": -1,
        "2026-11-12": -1,
        "2026-11-13": -2,
    }
    assert count(core, "observations") == 2


def test_a_metric_that_vanishes_keeps_its_last_total_and_gains_over_the_gap_when_it_is_back(
    core: Core,
) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"views": 10, "likes": 1}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-11"), {"views": 20}))
    tell(core, told("a", at("2026-11-12"), {"views": 30, "likes": 7}))
    found = history(core, first.post_id)
    assert found["2026-11-11"] == {"views": Cell(20, 10, 1)}
    assert found["2026-11-12"] == {"views": Cell(30, 10, 1), "likes": Cell(7, 6, 2)}
    assert booked(core, "likes") == {"2026-11-10": 1, "2026-11-11": 3, "2026-11-12": 3}


@pytest.mark.parametrize("views", [(70, 71), (71, 70), (70, 71, 70), (71, 70, 71, 70)])
def test_of_several_values_at_one_instant_the_one_told_last_counts(
    core: Core, views: tuple[int, ...]
) -> None:
    """A correction counts, whatever its digest, and so does one that goes back to what was told before."""
    for n in views:
        tell(core, told("a", at("2026-11-10"), {"views": n}, published_at=PUBLISHED))
    assert history(core, 1) == {"2026-11-10": {"views": Cell(views[-1], views[-1], 1)}}
    assert count(core, "observations") == len(views)


def test_what_counts_at_its_instant_adds_nothing_when_it_is_told_again(core: Core) -> None:
    for values in ({"views": 70}, {"likes": 3}, {"views": 70}, {"likes": 3}):
        tell(core, told("a", at("2026-11-10"), values, published_at=PUBLISHED))
    assert count(core, "observations") == 2


def test_days_are_cut_in_the_organisations_zone(make_core: MakeCore) -> None:
    instants = [at("2026-11-10 18:14"), at("2026-11-10 18:15")]  # midnight in Kathmandu is 18:15 UTC
    for zone, dates in [("UTC", ["2026-11-10"]), ("Asia/Kathmandu", ["2026-11-10", "2026-11-11"])]:
        core = make_core(zone.lower().replace("/", "-"), zone=zone)
        for views, instant in enumerate(instants):
            tell(core, told("a", instant, {"views": views}))
        assert list(history(core, 1)) == dates


def test_the_zone_is_fixed_with_the_first_snapshot(make_core: MakeCore) -> None:
    make_core(zone="UTC")
    core = make_core(zone="Asia/Kathmandu")
    with core.database.read() as connection:
        (organization,) = organizations.list_organizations(connection, EVERYTHING)
    assert (organization.time_zone, organization.zone_fixed) == ("Asia/Kathmandu", False)
    tell(core, told("a", at("2026-11-10"), {"views": 1}))
    later = make_core(zone="UTC")
    with later.database.read() as connection:
        (organization,) = organizations.list_organizations(connection, EVERYTHING)
    assert (organization.time_zone, organization.zone_fixed) == ("Asia/Kathmandu", True)


def test_a_day_that_nothing_is_booked_to_any_more_has_no_row(core: Core) -> None:
    """The opening gain covered the 10th, until it was told that the post is older than that."""
    tell(core, told("a", at("2026-11-11"), {"views": 9}, published_at=at("2026-11-10")))
    assert booked(core, "views") == {"2026-11-10": 4, "2026-11-11": 5}
    tell(core, told("a", at("2026-11-11"), {"views": 9}, published_at=at("2026-10-10")))
    assert history(core, 1) == {"2026-11-11": {"views": Cell(9, None, 33)}}
    assert (count(core, "rollups"), count(core, "standing"), count(core, "attendance")) == (1, 1, 1)


def test_attendance_links_each_day_to_the_one_before(core: Core) -> None:
    def gaps() -> list[tuple[str, int, int]]:
        with core.database.read() as connection:
            found = connection.exec_driver_sql("SELECT day, gap, posts FROM attendance ORDER BY day")
            return [(str(date_of(row.day)), row.gap, row.posts) for row in found]

    tell(core, told("a", at("2026-11-10"), {"views": 1}), told("b", at("2026-11-10"), {"views": 1}))
    tell(core, told("a", at("2026-11-18"), {"views": 2}))
    assert gaps() == [("2026-11-10", 0, 2), ("2026-11-18", 8, 1)]
    tell(core, told("a", at("2026-11-13"), {"views": 2}))
    assert gaps() == [("2026-11-10", 0, 2), ("2026-11-13", 3, 1), ("2026-11-18", 5, 1)]
    tell(core, told("a", at("2026-11-09"), {"views": 0}))
    assert gaps()[:2] == [("2026-11-09", 0, 1), ("2026-11-10", 0, 1)]


# --- what is no gain ---


def test_levels_are_kept_and_have_no_gain(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"avg_view_seconds": 12.5}))
    tell(
        core,
        told(
            "a",
            at("2026-11-11"),
            {"avg_view_seconds": 13.0, "x_sample_level": 4},
            kinds={"x_sample_level": Kind.GAUGE},
        ),
    )
    assert history(core, first.post_id) == {"2026-11-10": {}, "2026-11-11": {}}
    assert post_analytics(core, EVERYTHING, first.post_id)[0].summary.gauges == {
        "avg_view_seconds": 13,
        "x_sample_level": 4,
    }
    # Nothing stands for posts without a counter; not even a row of zeros.
    assert count(core, "standing") == 0


def test_a_reading_that_says_nothing_is_still_a_look_at_the_post(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {}, asked=["views"]))
    assert first.outcome == "stored"
    assert history(core, first.post_id) == {"2026-11-10": {}}


def test_a_providers_own_counter_has_gains_like_any_other(core: Core) -> None:
    (first,) = tell(core, told("a", at("2026-11-10"), {"x_sample_points": 5}, published_at=PUBLISHED))
    tell(core, told("a", at("2026-11-12"), {"x_sample_points": 9}))
    assert history(core, first.post_id) == {
        "2026-11-10": {"x_sample_points": Cell(5, 5, 1)},
        "2026-11-12": {"x_sample_points": Cell(9, 4, 2)},
    }


@pytest.mark.parametrize("turn", [1, -1])
def test_a_metric_that_changes_its_kind_within_a_day_does_not_break_what_follows(
    core: Core, turn: int
) -> None:
    entries = [
        told("a", at("2026-11-10 08:00"), {"x_sample_points": 5}),
        told("a", at("2026-11-10 09:00"), {"x_sample_points": 6}, kinds={"x_sample_points": Kind.GAUGE}),
        told("a", at("2026-11-12"), {"x_sample_points": 9}),
        told("a", at("2026-11-09"), {"x_sample_points": 1}),
    ]
    for entry in entries[::turn]:
        tell(core, entry)
    assert history(core, 1) == {
        "2026-11-09": {"x_sample_points": Cell(1, None, -1)},
        "2026-11-10": {"x_sample_points": Cell(5, 4, 1)},
        "2026-11-12": {"x_sample_points": Cell(9, 4, 2)},
    }


# --- once ---


def test_the_same_reading_again_adds_nothing_and_is_unchanged(core: Core) -> None:
    entry = told("a", at("2026-11-10"), {"views": 1})
    assert [ended.outcome for ended in tell(core, entry)] == ["stored"]
    with core.database.read() as connection:
        before = organizations.list_organizations(connection, EVERYTHING)[0].change_seq
    assert [ended.outcome for ended in tell(core, entry, entry)] == ["unchanged", "unchanged"]
    assert count(core, "observations") == 1
    with core.database.read() as connection:
        assert organizations.list_organizations(connection, EVERYTHING)[0].change_seq == before


def test_unchanged_values_at_a_new_instant_are_a_new_observation(core: Core) -> None:
    tell(core, told("a", at("2026-11-10 08:00"), {"views": 1}))
    (ended,) = tell(core, told("a", at("2026-11-10 09:00"), {"views": 1}))
    assert (ended.outcome, count(core, "observations")) == ("unchanged", 2)
    (ended,) = tell(core, told("a", at("2026-11-11 09:00"), {"views": 1}))
    assert (ended.outcome, count(core, "observations")) == ("stored", 3)


def test_several_readings_of_a_post_in_one_batch_are_as_good_as_one_by_one(core: Core) -> None:
    tell(
        core,
        told("a", at("2026-11-12"), {"views": 30}),
        told("a", at("2026-11-10"), {"views": 10}, published_at=PUBLISHED),
        told("a", at("2026-11-11"), {"views": 25}),
        told("a", at("2026-11-11 13:00"), {"views": 20}),
    )
    assert history(core, 1) == {
        "2026-11-10": {"views": Cell(10, 10, 1)},
        "2026-11-11": {"views": Cell(20, 10, 1)},
        "2026-11-12": {"views": Cell(30, 10, 1)},
    }


def test_a_batch_is_stored_whole_or_not_at_all(core: Core, clock: Clock) -> None:
    good = told("a", at("2026-11-10"), {"views": 1})
    bad = told("b", clock.now + timedelta(seconds=1), {"views": 1})
    with pytest.raises(InvalidInput, match="in the future"):
        store(core, EVERYTHING, ACTOR, [good, bad], "api")
    for table in (
        "posts",
        "observations",
        "post_analytics",
        "rollups",
        "standing",
        "attendance",
        "openings",
        "changes",
        "runs",
    ):
        assert count(core, table) == 0


def test_every_batch_with_a_change_has_its_own_number_in_the_sequence(core: Core) -> None:
    for n in range(3):
        tell(core, told("a", at(f"2026-11-1{n}"), {"views": n}), told("b", at(f"2026-11-1{n}"), {"views": n}))
    with core.database.read() as connection:
        found = connection.exec_driver_sql("SELECT seq, day, post_ids FROM changes ORDER BY seq").all()
        numbers = connection.exec_driver_sql(
            "SELECT day, change_seq FROM post_analytics ORDER BY day, post_id"
        )
        assert [row.change_seq for row in numbers] == [1, 1, 2, 2, 3, 3]
    assert [(row.seq, row.post_ids) for row in found] == [(1, "[1,2]"), (2, "[1,2]"), (3, "[1,2]")]


# --- publication ---


def published(core: Core) -> tuple[datetime | None, date | None]:
    with core.database.read() as connection:
        post = posts.get_post(connection, EVERYTHING, 1)
    assert post is not None
    return post.published_at, post.published_on


def test_of_publications_told_alike_the_one_observed_last_counts(core: Core) -> None:
    for on, told_at in (("2026-11-12", "2026-11-12 01:00"), ("2026-11-13", "2026-11-12 02:00")):
        tell(core, told("a", at(on), {"views": 1}, published_at=at(told_at)))
    assert published(core) == (at("2026-11-12 02:00"), day("2026-11-12"))
    tell(core, told("a", at("2026-11-11 20:00"), {"views": 1}, published_at=at("2026-11-11 19:00")))
    assert published(core) == (at("2026-11-12 02:00"), day("2026-11-12"))


def test_a_platforms_own_word_and_an_instant_count_more_than_what_came_later(core: Core) -> None:
    tell(core, told("a", at("2026-11-12"), {"views": 1}, published_at=at("2026-11-12 01:00")))
    tell(core, told("a", at("2026-11-13"), {"views": 2}, published_at=at("2026-11-12 05:00")), source="csv")
    tell(core, told("a", at("2026-11-14"), {"views": 3}, published_on=day("2026-11-11")))
    assert published(core) == (at("2026-11-12 01:00"), day("2026-11-12"))


def test_a_publication_after_the_post_was_seen_is_not_told(core: Core) -> None:
    """The year a spreadsheet put on it: unknown, and doubted, until somebody tells a possible one."""
    tell(core, told("a", at("2026-11-10"), {"views": 900}, published_at=at("2026-11-21")))
    assert published(core) == (None, None)
    assert history(core, 1) == {"2026-11-10": {"views": Cell(900, None, -1)}}
    tell(core, told("a", at("2026-11-11"), {"views": 900}, published_on=day("2026-11-09")))
    assert published(core) == (None, day("2026-11-09"))
    assert history(core, 1)["2026-11-10"] == {"views": Cell(900, 900, 2)}


def test_a_late_reading_takes_back_a_publication_that_it_makes_impossible(core: Core) -> None:
    tell(core, told("a", at("2026-11-12"), {"views": 10}, published_at=at("2026-11-12 01:00")))
    tell(core, told("a", at("2026-11-01"), {"views": 4}))
    assert published(core) == (None, None)
    assert history(core, 1)["2026-11-01"] == {"views": Cell(4, None, -1)}


def test_the_id_decides_where_a_publication_contradicts_it(core: Core) -> None:
    made = datetime(2025, 11, 20, 9, 30, tzinfo=UTC)
    key = str(int(made.timestamp()) << 32)
    tell(core, told(key, at("2026-11-21"), {"views": 900}, published_on=day("2026-11-20"), platform="tiktok"))
    assert published(core) == (made, day("2025-11-20"))
    assert history(core, 1)["2026-11-21"] == {"views": Cell(900, None, 367)}


def test_a_day_is_the_same_day_in_every_zone_and_has_no_hour(make_core: MakeCore) -> None:
    for zone in ("America/New_York", "UTC", "Pacific/Auckland"):
        core = make_core(zone.lower().replace("/", "-"), zone=zone)
        tell(
            core, told("a", nominal(day("2026-11-12")), {"views": 7}, on=True, published_on=day("2026-11-10"))
        )
        assert published(core) == (None, day("2026-11-10"))
        assert history(core, 1) == {"2026-11-12": {"views": Cell(7, 7, 3)}}


def test_a_day_only_reading_stands_before_the_exact_ones_of_its_day(make_core: MakeCore) -> None:
    whole = told("a", nominal(day("2026-11-12")), {"views": 7}, on=True)
    exact = told("a", at("2026-11-11 12:00"), {"views": 5})  # the 12th in Auckland
    for name, entries in (("one", (whole, exact)), ("other", (exact, whole))):
        core = make_core(name, zone="Pacific/Auckland")
        for entry in entries:
            tell(core, entry)
        assert history(core, 1) == {"2026-11-12": {"views": Cell(5, None, -1)}}


@pytest.mark.parametrize("turn", [1, -1])
def test_a_publication_that_only_a_later_reading_tells_counts_for_the_opening(core: Core, turn: int) -> None:
    """A file without it is imported, then the account is connected."""
    entries = [
        told("a", at("2026-11-10"), {"views": 10}),
        told("a", at("2026-11-11"), {"views": 12}, published_at=PUBLISHED),
    ]
    for entry in entries[::turn]:
        tell(core, entry)
    assert published(core)[0] == PUBLISHED
    assert history(core, 1)["2026-11-10"] == {"views": Cell(10, 10, 1)}


# --- moves and other writers ---


def test_a_moved_post_takes_its_history_along(core: Core) -> None:
    tell(core, told("a", at("2026-11-10"), {"views": 10}, published_at=PUBLISHED), brand="One")
    tell(core, told("b", at("2026-11-10"), {"views": 500}, published_at=PUBLISHED), brand="One")
    tell(core, told("a", at("2026-11-12"), {"views": 30}))
    two = add_brand(core, EVERYTHING, ACTOR, "Two", None)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        moved = move(tx, organization, post_of(tx, 1), brand_id=two.id, content_type="video")
        assert (moved.brand_id, moved.content_type) == (two.id, "video")
    earned = {}
    with core.database.read() as connection:
        for sums in rollups.sums(connection, EVERYTHING, start=0, end=10**6, by="brand_id"):
            earned[sums.key] = (sums.earned("views"), sums.counters["snapshots"])
    assert earned == {"1": (500, 1), str(two.id): (30, 2)}
    # Its learning rows are written again: both days are in the sequence a second time.
    with core.database.read() as connection:
        query = "SELECT post_ids FROM changes WHERE seq = (SELECT MAX(seq) FROM changes)"
        days = connection.exec_driver_sql(query).scalars().all()
    assert days == ["[1]", "[1]"]


def test_a_move_to_where_the_post_is_changes_nothing(core: Core) -> None:
    tell(core, told("a", at("2026-11-10"), {"views": 10}), brand="One")
    before = count(core, "changes")
    with core.transaction(EVERYTHING, ACTOR) as tx:
        post = post_of(tx, 1)
        organization = core.organization(tx.connection, EVERYTHING)
        assert move(tx, organization, post) == post
        assert move(tx, organization, post, brand_id=1) == post
    assert count(core, "changes") == before


def check_rollups_stand_where_posts_do(core: Core) -> None:
    """With one post: its rollups are all at its place, and hold all of its snapshots."""
    with core.database.read() as connection:
        query = (
            "SELECT COALESCE(p.brand_id, 0), p.content_type, COUNT(*), MAX(a.views_total) "
            "FROM post_analytics a JOIN posts p ON p.id = a.post_id GROUP BY 1, 2"
        )
        facts = sorted(map(tuple, connection.exec_driver_sql(query)))
        query = "SELECT brand_id, content_type, SUM(snapshots), SUM(views_change) FROM rollups GROUP BY 1, 2"
        found = sorted(map(tuple, connection.exec_driver_sql(query)))
    assert found == facts


def test_a_reading_is_booked_where_the_post_is_now_not_where_its_reader_saw_it(core: Core) -> None:
    """A collector loads posts, asks the network, and stores: somebody else may move one meanwhile."""
    tell(core, told("a", at("2026-11-10"), {"views": 10}))
    with core.transaction(EVERYTHING, ACTOR) as tx:
        seen = post_of(tx, 1)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        move(tx, core.organization(tx.connection, EVERYTHING), post_of(tx, 1), content_type="video")
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        run_id = runs.start_run(tx.connection, EVERYTHING, organization.id, "collect", "test", tx.now)
        reading = told("a", at("2026-11-11"), {"views": 15}).reading
        record(tx, organization, [Item(seen, reading, "api")], run_id)
    check_rollups_stand_where_posts_do(core)


def test_a_move_starts_from_where_the_post_is_now(core: Core) -> None:
    tell(core, told("a", at("2026-11-10"), {"views": 10}))
    brand = add_brand(core, EVERYTHING, ACTOR, "One", None)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        seen = post_of(tx, 1)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        organization = core.organization(tx.connection, EVERYTHING)
        move(tx, organization, post_of(tx, 1), brand_id=brand.id)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        moved = move(tx, core.organization(tx.connection, EVERYTHING), seen, content_type="video")
        assert (moved.brand_id, moved.content_type) == (brand.id, "video")
        assert post_of(tx, 1) == moved
    check_rollups_stand_where_posts_do(core)


# --- series that are per day already ---


def test_values_of_a_day_are_a_series_of_their_own_and_no_gains(core: Core) -> None:
    entry = told(
        "a", at("2026-11-12"), {}, daily={day("2026-11-10"): {"views": 5}, day("2026-11-11"): {"views": 7}}
    )
    (first,) = tell(core, entry)
    assert first.outcome == "stored"
    assert history(core, first.post_id) == {}
    assert count(core, "observations") == 0
    answer = post_analytics(core, EVERYTHING, first.post_id, start=day("2026-11-09"), end=day("2026-11-12"))[
        0
    ]
    series = [(str(v.date), v.metric, v.value, v.restated) for v in answer.daily_series]
    assert series == [("2026-11-10", "views", 5, False), ("2026-11-11", "views", 7, False)]
    assert tell(core, entry)[0].outcome == "unchanged"


Said = tuple[str, int]


def daily(core: Core, *said: Said) -> tuple[int | float, bool]:
    """Tell what was said of one day, in that order; what is shown of it."""
    for instant, value in said:
        tell(core, told("a", at(instant), {}, daily={day("2026-11-10"): {"views": value}}))
    window = {"start": day("2026-11-10"), "end": day("2026-11-10")}
    (shown,) = post_analytics(core, EVERYTHING, 1, **window)[0].daily_series
    return shown.value, shown.restated


def test_a_new_value_for_a_day_restates_it(core: Core) -> None:
    assert daily(core, ("2026-11-11", 5), ("2026-11-12", 6)) == (6, True)


def test_the_same_value_for_a_day_restates_nothing_in_whatever_order_it_came(core: Core) -> None:
    assert daily(core, ("2026-11-12", 5), ("2026-11-11", 5)) == (5, False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_word_on_a_day_counts_in_whatever_order_it_came(core: Core, order: tuple[int, ...]) -> None:
    said = [("2026-11-11", 5), ("2026-11-12", 7), ("2026-11-13", 5)]
    assert daily(core, *(said[n] for n in order)) == (5, True)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_value_said_again_is_kept_at_most_twice(core: Core, order: tuple[int, ...]) -> None:
    said = [(f"2026-11-1{n}", 5) for n in range(1, 5)]
    assert daily(core, *(said[n] for n in order)) == (5, False)
    with core.database.read() as connection:
        times = sorted(connection.execute(sa.select(tables.daily_metrics.c.observed_at)).scalars())
    assert times == [at("2026-11-11"), at("2026-11-14")]


def test_a_value_said_again_is_unchanged(core: Core) -> None:
    entries = [
        told("a", at(instant), {}, daily={day("2026-11-10"): {"views": value}})
        for instant, value in [("2026-11-11", 5), ("2026-11-12", 5), ("2026-11-13", 6), ("2026-11-13", 6)]
    ]
    outcomes = [tell(core, entry)[0].outcome for entry in entries]
    assert outcomes == ["stored", "unchanged", "stored", "unchanged"]


def test_every_counter_of_the_page_can_be_stored(core: Core) -> None:
    values = {name: n + 1 for n, name in enumerate(CUMULATIVE)}
    tell(core, told("a", at("2026-11-10"), values, published_at=PUBLISHED))
    assert history(core, 1) == {"2026-11-10": {name: Cell(n, n, 1) for name, n in values.items()}}
