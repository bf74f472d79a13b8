"""E. Metrics, of a batch: one outcome for each asked id, the right numbers, and no others."""

from collections.abc import Mapping
from datetime import timedelta

from afterpost.domain.metrics import CUMULATIVE, Kind
from afterpost.domain.readings import kind_of
from afterpost.emulator import Fault, WorldPost
from afterpost.sdk.provider import Failed, Gone, Measured, Outcome
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import Account, Lab, Stage
from afterpost.testing.conformance.world import OLD, YOUNG

ODD_IDS = ("", "never-heard-of", "a,b&c=d", "../../me", "9" * 400, "ü☃")
"""What no network has as an id; a name, an address, a number beyond all measure."""


@check("E1")
async def full_batch(lab: Lab) -> None:
    """A batch as large as it declares is read in one call."""
    size = lab.declared.batch_size
    async with lab.stage(size + 3) as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[:size]
        outcomes = await stage.fetched(account, ids)
        lost = [one for one in ids if not isinstance(outcomes.get(one), Measured)]
        expect(
            not lost,
            f"Of {size} posts in one call, {len(lost)} are not measured: {lost[:1]}.",
            "Declare the batch_size that the network takes.",
        )


@check("E2")
async def one_outcome(lab: Lab) -> None:
    """Each asked id has exactly one outcome, in any order, however often it is asked, and whatever it is."""
    async with lab.stage() as stage:
        account, other = [await stage.connected(place) for place in (OLD, YOUNG)]
        ids, foreign = list(await stage.known(account)), list(await stage.known(other))
        asked = [ids[2], ids[0], ids[2], foreign[0], *ODD_IDS, ids[1]]
        room = max(1, lab.declared.batch_size)
        for start in range(0, len(asked), room):
            some = asked[start : start + room]
            _complete(some, await stage.fetched(account, some))


def _complete(asked: list[str], outcomes: Mapping[str, Outcome]) -> None:
    missing = [one[:20] for one in asked if one not in outcomes]
    more = [one[:20] for one in outcomes if one not in asked]
    expect(
        not missing and not more,
        f"Without an outcome: {missing or 'none'}; with one, and not asked for: {more or 'none'}.",
        "Make the answer from the ids that were asked for, not from those that came back.",
    )
    told: list[object] = [*outcomes.values()]
    wrong = [one for one in told if not isinstance(one, Measured | Gone | Failed)]
    expect(not wrong, f"{wrong[:1]!r} is no outcome.", "Answer Measured, Gone or Failed.")


@check("E3")
async def missing(lab: Lab) -> None:
    """A post that the network does not show any more is Gone and never a number, and it costs no other."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        known = await stage.known(account)
        deleted, left_out, *rest = list(known)[:5]
        stage.world.gone.add(known[deleted].id)
        stage.dial.set(Fault("missing_id", ids=(left_out,)))
        asked = [deleted, left_out, *rest, "never-heard-of"]
        for start in range(0, len(asked), lab.declared.batch_size):
            some = asked[start : start + lab.declared.batch_size]
            outcomes = await stage.fetched(account, some)
            _complete(some, outcomes)
            for one in some:
                there = one in rest or (one == left_out and not stage.dial.fired("missing_id"))
                wanted: tuple[type, ...] = (Measured,) if there else (Gone,)
                if one not in known:  # some platforms see at once that it is no id
                    wanted = (Gone, Failed)
                expect(
                    isinstance(outcomes[one], wanted),
                    f"A post that is {'' if there else 'not '}there came out as {outcomes[one]!r}.",
                    "Answer Gone for what the network leaves out; it says nothing about the others.",
                )


def _expected(stage: Stage, post: WorldPost, kind: str, lab: Lab) -> Mapping[str, int]:
    """The counters of a post of this type as the network words them, of those that are declared."""
    known = stage.world.metrics(post.id, stage.clock.now)
    return {
        name: known[name]
        for name, spec in lab.offered().items()
        if name in CUMULATIVE
        and name in known
        and name in stage.dialect.native
        and spec.kind is Kind.CUMULATIVE
        and (not spec.content_types or kind in spec.content_types)
    }


async def _some(stage: Stage, account: Account, lab: Lab) -> dict[WorldPost, Measured]:
    """A batch of measured posts."""
    known = await stage.known(account)
    ids = list(known)[: lab.declared.batch_size]
    outcomes = await stage.fetched(account, ids)
    found: dict[WorldPost, Measured] = {}
    for one in ids:
        outcome = outcomes.get(one)
        if not isinstance(outcome, Measured):
            expect(False, f"A post that is there came out as {outcome!r}.", "Answer Measured for it.")
            continue
        found[known[one]] = outcome
    return found


def _type(post: WorldPost, outcome: Measured) -> str:
    """What the post is on this platform: what one calls a video is a reel on another."""
    return post.content_type if outcome.post is None else outcome.post.content_type


@check("E6")
async def units(lab: Lab) -> None:
    """What is counted in seconds comes out in seconds, whatever unit the network uses."""
    timed = [name for name, spec in lab.offered().items() if spec.unit == "seconds" and name in CUMULATIVE]
    if not timed:
        raise NotApplicable("None of its counters are in seconds.")
    await _equal(lab, timed)


@check("E7")
async def declared_only(lab: Lab) -> None:
    """Only declared metrics come out, with the kinds and definitions that are declared."""
    offered = lab.offered()
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        for outcome in (await _some(stage, account, lab)).values():
            reading = outcome.reading
            foreign = sorted({*reading.values, *reading.definitions, *outcome.partial} - set(offered))
            expect(
                not foreign,
                f"{', '.join(foreign)} is reported and not declared.",
                "Declare it with its meaning, or leave it out.",
            )
            for name in reading.values:
                told, meant = kind_of(name, reading.kinds), offered[name].kind
                expect(
                    reading.definitions.get(name) == offered[name].definition and told is meant,
                    f"{name} is read as {told} by {reading.definitions.get(name)!r}, and declared "
                    f"as {meant} by {offered[name].definition!r}.",
                    "Fill both from the declaration: capabilities.definitions() and capabilities.kinds().",
                )


@check("E8")
async def by_type(lab: Lab) -> None:
    """A metric that posts of some types alone have is read for those, and is absent for all others."""
    special = {name: spec.content_types for name, spec in lab.offered().items() if spec.content_types}
    if not special:
        raise NotApplicable("All its metrics are those of every post.")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        for post, outcome in (await _some(stage, account, lab)).items():
            values, kind = outcome.reading.values, _type(post, outcome)
            foreign = [name for name, types in special.items() if name in values and kind not in types]
            expect(
                not foreign,
                f"A post of type {kind} has {', '.join(foreign)}.",
                "Ask for it where the type has it, or mend content_types.",
            )


@check("E14")
async def true_numbers(lab: Lab) -> None:
    """Every number is the one that the network says for the metric of that name."""
    async with lab.stage() as stage:
        native = stage.dialect.native
    counters = [name for name, spec in lab.offered().items() if spec.kind is Kind.CUMULATIVE]
    unnamed = [name for name in counters if name in CUMULATIVE and name not in native]
    expect(
        not unnamed,
        f"The emulator does not say under which field it has {', '.join(unnamed)}: no check can try them.",
        "Name each counter in `native` of the dialect, also one that has the same name there.",
    )
    await _equal(lab, lab.offered())


async def _equal(lab: Lab, names: Mapping[str, object] | list[str]) -> None:
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        compared = 0
        for post, outcome in (await _some(stage, account, lab)).items():
            for name, value in _expected(stage, post, _type(post, outcome), lab).items():
                if name not in names:
                    continue
                compared += 1
                told = outcome.reading.values.get(name)
                expect(
                    told == value and type(told) is int,
                    f"It says {name} {value:,} of a post of type {post.content_type}, and it is read as "
                    f"{told!r}.",
                    "Look at the field that is read, and at its unit.",
                )
        if not compared:
            raise NotApplicable("Its emulator has no counter under a canonical name.")


@check("E12")
async def pure(lab: Lab) -> None:
    """The same answer read twice is the same reading."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        ids = list(await stage.known(account))[: lab.declared.batch_size]
        first, second = [dict(await stage.fetched(account, ids)) for _ in range(2)]
        expect(
            first == second,
            "Asked twice at one instant, it reads something else the second time.",
            "Make a reading from the answer and from `call` alone.",
        )


@check("E15")
async def at_now(lab: Lab) -> None:
    """A reading is of the instant `call.now`, and of no clock of this machine."""
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        for forward in (timedelta(), timedelta(hours=1)):
            stage.clock.now += forward
            for outcome in (await _some(stage, account, lab)).values():
                expect(
                    outcome.reading.observed_at == stage.clock.now,
                    f"At {stage.clock.now} a reading is of {outcome.reading.observed_at}.",
                    "Use call.now for observed_at.",
                )


@check("E16")
async def of_account(lab: Lab) -> None:
    """The account's own numbers are those that are declared, each a number."""
    specs = {spec.name for spec in lab.declared.account_metrics}
    if not specs:
        raise NotApplicable("It declares no metrics of the account.")
    expect(
        lab.overrides("fetch_account"),
        f"It declares {', '.join(sorted(specs))} of the account, and has no fetch_account to read them.",
        "Implement fetch_account: return AccountReading(values={…}), or take account_metrics out.",
    )
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        found = await stage.within(stage.provider.fetch_account(stage.call(account)))
        foreign = sorted({*found.values, *found.partial} - specs)
        odd = [name for name, value in found.values.items() if type(value) not in (int, float)]
        expect(
            bool(found.values) and not foreign and not odd,
            f"fetch_account read {dict(found.values)}; not declared: {foreign}; no number: {odd}.",
            "Let fetch_account read what account_metrics declares; what the network does not say is absent.",
        )
