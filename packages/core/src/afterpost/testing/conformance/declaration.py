"""B. Declaration: what `capabilities` says is complete, plain data, and always the same."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from afterpost.domain.errors import ProviderError
from afterpost.domain.metrics import Kind, is_account_metric_name, is_metric_name
from afterpost.sdk.capabilities import Capabilities, MetricSpec
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import Lab
from afterpost.testing.conformance.world import OLD

_HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}")


def _specs(declared: Capabilities) -> Iterator[MetricSpec]:
    yield from declared.metrics
    yield from declared.account_metrics


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@check("B1")
async def stable(lab: Lab) -> None:
    """Its declaration is plain data, the same at every call, from every instance, before and after work."""
    before = msgspec.json.encode(lab.declared)
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        await stage.fetched(account, list(await stage.known(account)))
        after = [msgspec.json.encode(one.capabilities) for one in (stage.provider, lab.another())]
    expect(
        after == [before, before],
        "The declaration changed from one look at it to the next.",
        "Keep one Capabilities in a constant and return that.",
    )


@check("B2")
async def names(lab: Lab) -> None:
    """Every metric is called by a canonical name, or x_ with the platform's name and its native one."""
    declared = lab.declared
    wrong = [spec.name for spec in declared.metrics if not is_metric_name(spec.name)]
    wrong += [spec.name for spec in declared.account_metrics if not is_account_metric_name(spec.name)]
    own = f"x_{declared.platform}_"
    wrong += [
        spec.name for spec in _specs(declared) if spec.name.startswith("x_") and not spec.name.startswith(own)
    ]
    expect(
        not wrong,
        f"These are no names of metrics here: {', '.join(wrong)}.",
        f"Use a name of CANONICAL or ACCOUNT_METRICS where the meaning is that, else {own}<native>.",
    )
    twice = [key for key, times in Counter((s.name, s.kind) for s in declared.metrics).items() if times > 1]
    expect(
        not twice,
        f"{twice[0][0] if twice else ''} is declared twice with one kind.",
        "Declare a metric once for each kind.",
    )


@check("B3")
async def meaning(lab: Lab) -> None:
    """Every metric has a kind, a unit that goes with it, a definition, and where it is by day a zone."""
    declared = lab.declared
    for spec in _specs(declared):
        expect(
            spec.kind in tuple(Kind) and bool(spec.native) and bool(spec.definition),
            f"{spec.name} lacks its kind, native name or definition.",
            "Say all three.",
        )
        expect(
            spec.kind is not Kind.DAILY or (spec.day_zone is not None and _is_zone(spec.day_zone)),
            f"{spec.name} is by day, of the zone {spec.day_zone!r}.",
            "Give day_zone as a name such as America/Los_Angeles: a day without a zone is no day.",
        )
        expect(
            not spec.name.endswith("_seconds") or spec.unit == "seconds",
            f"{spec.name} has the unit {spec.unit}.",
            "Declare the unit seconds, and convert what the network says in another.",
        )
        changes = [change.on for change in spec.changes]
        expect(
            changes == sorted(set(changes)),
            f"The changes of {spec.name} are not in the order of days.",
            "Put the oldest first, one a day.",
        )
    by_day = any(spec.kind is Kind.DAILY for spec in declared.metrics)
    expect(
        by_day == (declared.daily_days > 0) == lab.overrides("fetch_daily"),
        f"Metrics by day: {by_day}; daily_days: {declared.daily_days}; "
        f"fetch_daily: {lab.overrides('fetch_daily')}.",
        "Have all three or none of them.",
    )


@check("B4")
async def scopes(lab: Lab) -> None:
    """Every scope that a metric needs is one that its sign-in asks for."""
    oauth = lab.provider.oauth
    if oauth is None:
        raise NotApplicable("It has no OAuth sign-in.")
    asked = {scope.name for scope in oauth.scopes}
    missing = sorted({scope for spec in _specs(lab.declared) for scope in spec.scopes} - asked)
    expect(
        not missing,
        f"Metrics need {', '.join(missing)}, which no sign-in asks for.",
        "Add them to the scopes of `oauth`.",
    )


@check("B5")
async def limits(lab: Lab) -> None:
    """Every limit has an amount, a time, and a rule by which it starts anew; each method has one cost."""
    declared = lab.declared
    if not declared.limits and not declared.costs:
        raise NotApplicable("It declares no limits and no costs.")
    for limit in declared.limits:
        rule, _, zone = limit.resets.partition(" ")
        right = limit.resets == "rolling" or (rule in ("midnight", "month") and _is_zone(zone))
        expect(
            right and limit.amount > 0 and limit.seconds > 0,
            f"A limit of {limit.amount} {limit.unit} in {limit.seconds} s starts anew by {limit.resets!r}.",
            "Use rolling, `midnight <zone>` or `month <zone>`, and numbers above 0.",
        )
    times = Counter(cost.operation for cost in declared.costs)
    expect(
        max(times.values(), default=1) == 1,
        "There are several costs of one method, of which core takes the first.",
        "Put them together into one Cost.",
    )


@check("B6")
async def released(lab: Lab) -> None:
    """No metric of the last release is gone or another thing, unless its new definition says so."""
    before = lab.released
    if before is None:
        raise NotApplicable("No certificate of a release before was given to compare with.")
    now = [*_specs(lab.declared)]
    for was in _specs(before):
        named = [spec for spec in now if spec.name == was.name]
        expect(
            bool(named) or was.deprecated_on is not None,
            f"{was.name} is gone, and the release before did not say that it would be.",
            "Keep it, and set deprecated_on: whoever uses it has a release to change.",
        )
        redefined = all(spec.definition != was.definition for spec in named)
        same = any(
            (spec.kind, spec.unit, spec.day_zone) == (was.kind, was.unit, was.day_zone) for spec in named
        )
        expect(
            same or redefined,
            f"{was.name} was {_shape(was)} and is {', '.join(map(_shape, named))} by the same definition.",
            "Give it a new `definition`, and say in `changes` what changed when.",
        )


def _shape(spec: MetricSpec) -> str:
    return " ".join(filter(None, (spec.kind, spec.unit, spec.day_zone)))


@check("B7")
async def hosts(lab: Lab) -> None:
    """The declared hosts are names of hosts, and its emulator answers for no others."""
    declared = lab.declared.hosts
    wrong = [host for host in declared if not _HOST.fullmatch(host)]
    expect(
        not wrong and bool(declared),
        f"The declared hosts are {', '.join(declared) or 'none'}.",
        "Name hosts alone, in lower case: no scheme, port or path.",
    )
    async with lab.stage() as stage:
        foreign = set(stage.dialect.hosts) - set(declared) - set(stage.provider.hosts_for(stage.typed()))
        if foreign:  # signing in may name one more; and where one is forgotten, it may well fail
            with suppress(ProviderError):
                foreign -= set(stage.provider.hosts_for((await stage.connected(OLD)).credential))
        named = ", ".join(sorted(foreign))
        expect(
            not foreign,
            f"The emulator answers for {named}, which is not declared.",
            f"Declare {named} in `hosts`, or take it out of the emulator.",
        )
