"""F. Daily series: what belongs to which day of the declared zone, and nothing for days without data."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from afterpost.domain.metrics import Kind
from afterpost.emulator import WorldPost
from afterpost.sdk.capabilities import MetricSpec
from afterpost.sdk.provider import Failed, Gone, Measured, Outcome
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.world import OLD

_MANY = 70
"""Posts of the last three weeks."""
_MINUTE = 60


def _series_of(lab: Lab) -> Mapping[str, MetricSpec]:
    """The metrics by day, by name; NotApplicable without any."""
    found = {spec.name: spec for spec in lab.declared.metrics if spec.kind is Kind.DAILY}
    if not found or not lab.overrides("fetch_daily"):
        raise NotApplicable("It has no series by day.")
    return found


async def _series(
    stage: Stage, account: Account, post_id: str, start: date, end: date
) -> Mapping[date, Mapping[str, int | float]]:
    """What is read of one post by day."""
    asked = stage.provider.fetch_daily(stage.call(account), [post_id], start, end)
    outcome = (await stage.within(asked)).get(post_id)
    if not isinstance(outcome, Measured):
        expect(False, f"A post that is there came out as {outcome!r}.", "Answer Measured for it.")
        raise AssertionError
    expect(
        not outcome.reading.values,
        f"A series by day comes with the totals {dict(outcome.reading.values)}.",
        "Leave `values` empty: the days are in `daily`.",
    )
    return outcome.reading.daily


@check("F1")
async def day_bounds(lab: Lab) -> None:
    """What a post gained is told for the days of the declared zone, those on which clocks change included."""
    series = _series_of(lab)
    async with lab.stage(_MANY) as stage:
        account = await stage.connected(OLD)
        known = await stage.known(account)
        today = stage.clock.now.date()
        compared = 0
        for one in (list(known)[-1], list(known)[-2]):
            days = await _series(stage, account, one, today - timedelta(days=30), today)
            for day, metrics in days.items():
                for name, value in metrics.items():
                    zone = series[name].day_zone or "UTC"
                    wanted = _gained(stage, known[one], day, zone, name)
                    if wanted is None or day >= today - timedelta(days=2):
                        continue
                    compared += 1
                    expect(
                        _agree(value, wanted, series[name]),
                        f"On {day} ({zone}) the post gained {wanted:,} {name}, and {value:,} is read.",
                        "Take the day as the network names it, and declare the zone in which it cuts days.",
                    )
        if not compared:
            raise NotApplicable("Its emulator has no series of a counter under a canonical name.")


def _agree(told: int | float, gained: int, spec: MetricSpec) -> bool:
    """Whether a day is told as near as can be: there are networks that count time in whole minutes."""
    off = abs(told - gained)
    return off < 1 or (spec.unit == "seconds" and told % _MINUTE == 0 and off < _MINUTE)


def _gained(stage: Stage, post: WorldPost, day: date, zone: str, name: str) -> int | None:
    """What the world says that a metric gained on a day of a zone; None for what it does not count."""
    at = [
        datetime.combine(one, time(), ZoneInfo(zone)).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    ]
    before, after = [stage.world.metrics(post.id, min(one, stage.clock.now)).get(name) for one in at]
    return None if after is None else after - (before or 0)


@check("F3")
async def beyond_reach(lab: Lab) -> None:
    """A range that begins before the days on offer is cut to them, and is no error."""
    _series_of(lab)
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        one, today = next(iter(await stage.known(account))), stage.clock.now.date()
        first = today - timedelta(days=lab.declared.daily_days)
        days = await _series(stage, account, one, first - timedelta(days=200), today - timedelta(days=1))
        early = [day for day in days if day < first - timedelta(days=1)]
        expect(not early, f"{early[:1]} is a day out of reach.", "Cut the range to daily_days.")


@check("F4")
async def no_data(lab: Lab) -> None:
    """Days without data are absent and never 0: those before a post, and those out of the range."""
    _series_of(lab)
    async with lab.stage(_MANY) as stage:
        account = await stage.connected(OLD)
        known = await stage.known(account)
        one, post = list(known.items())[len(known) // 2]
        today = stage.clock.now.date()
        published = post.published_at.date()
        start, end = published - timedelta(days=10), today - timedelta(days=3)
        days = await _series(stage, account, one, start, end)
        early = [day for day, metrics in days.items() if day < published - timedelta(days=1) and metrics]
        outside = [day for day in days if not start <= day <= end]
        expect(
            bool(days) and not early and not outside,
            f"Of a post of {published}, asked for from {start} to {end}: {len(days)} days, "
            f"before it {early[:1]}, outside {outside[:1]}.",
            "Leave out days without data, and those that were not asked for.",
        )


@check("F5")
async def outcomes(lab: Lab) -> None:
    """Each asked id has exactly one outcome by day as well, and only declared metrics come out."""
    series = _series_of(lab)
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        known = list(await stage.known(account))
        today = stage.clock.now.date()
        size = lab.declared.daily_batch_size
        for asked in (known[:size], ["never-heard-of", *known][:size]):
            found: Mapping[str, Outcome] = await stage.within(
                stage.provider.fetch_daily(stage.call(account), asked, today - timedelta(days=5), today)
            )
            right = set(found) == set(asked) and all(
                isinstance(one, Measured if name in known else Gone | Failed | Measured)
                for name, one in found.items()
            )
            expect(right, f"Asked for {asked}, it answers {dict(found)!r}.", "Answer once for each asked id.")
            for outcome in found.values():
                daily = outcome.reading.daily if isinstance(outcome, Measured) else {}
                foreign = {name for metrics in daily.values() for name in metrics} - set(series)
                expect(
                    not foreign, f"{sorted(foreign)} is not declared by day.", "Declare it with kind daily."
                )
