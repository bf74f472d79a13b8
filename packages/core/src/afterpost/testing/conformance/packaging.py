"""A. Packaging: an installed plugin that core can load, and that does nothing by being imported."""

import asyncio
import re

from afterpost.sdk.capabilities import CONTRACT_VERSION
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.imported import imported, undeclared
from afterpost.testing.conformance.lab import Lab
from afterpost.testing.conformance.world import OLD, YOUNG

SLOWEST = 2.0
"""Seconds of processor that an import may take; it is a fifth of one as a rule."""


@check("A1")
async def entry_point(lab: Lab) -> None:
    """The entry point can be imported, and loads nothing of distributions that its own does not require."""
    if lab.point.dist is None:
        raise NotApplicable("It is no installed distribution, and requires nothing.")
    found = imported(lab.point.module, 60)
    foreign = undeclared(lab.point.dist, found.modules)
    expect(
        not foreign,
        f"The import also loads {', '.join(foreign)}, which {lab.point.dist.name} does not require.",
        "Name it under `dependencies` in pyproject.toml, or import it where it is needed only.",
    )


@check("A2")
async def quiet_import(lab: Lab) -> None:
    """Importing it connects to nothing, starts nothing, writes nothing, and takes less than two seconds."""
    found = imported(lab.point.module, 60)
    expect(
        not found.did,
        f"The import {' and '.join(found.did)}.",
        "Do nothing while being imported; work begins with a call.",
    )
    expect(
        found.seconds < SLOWEST,
        f"The import took {found.seconds:.1f} s of processor time.",
        "Import what is large where it is needed, such as the emulator in `emulate`.",
    )


@check("A3")
async def contract(lab: Lab) -> None:
    """It speaks the version of the provider contract that this Afterpost speaks."""
    told = lab.declared.contract_version
    expect(
        told == CONTRACT_VERSION,
        f"It declares version {told} of the contract; this Afterpost speaks {CONTRACT_VERSION}.",
        "Leave contract_version to its default.",
    )


@check("A4")
async def hooks(lab: Lab) -> None:
    """It implements hooks that exist, with arguments that exist, and brings one provider, always the same."""
    # Loading has shown it: an unknown hook never comes this far. What is left is that it stays so.
    provider = lab.another()
    expect(
        provider.capabilities.platform == lab.declared.platform,
        f"Asked again, the plugin answers with a provider for {provider.capabilities.platform}.",
        "Answer register_providers with the same providers each time.",
    )


@check("A5")
async def platform(lab: Lab) -> None:
    """Its platform is a name of lower-case letters and digits, with which its own metrics begin."""
    told = lab.declared.platform
    expect(
        re.fullmatch(r"[a-z][a-z0-9]{0,39}", told) is not None,
        f"The platform is called {told!r}.",
        "Call it by lower-case letters and digits, a letter first.",
    )


@check("A6")
async def no_shared_state(lab: Lab) -> None:
    """Two accounts that are read at once, through one provider or through two, see their own posts only."""
    async with lab.stage() as stage:
        accounts = [await stage.connected(place) for place in (OLD, YOUNG)]
        known = [await stage.known(account) for account in accounts]
        first, second = (list(ids)[:3] for ids in known)
        alone = [
            dict(await stage.fetched(accounts[0], first)),
            dict(await stage.fetched(accounts[1], second)),
        ]
        together = await asyncio.gather(
            *(
                provider.fetch_metrics(stage.call(account), ids)
                for provider in (stage.provider, lab.another())
                for account, ids in zip(accounts, (first, second), strict=True)
            )
        )
        expect(
            [dict(answer) for answer in together] == [*alone, *alone],
            "Two accounts that are asked for at once get other answers than one after the other.",
            "Keep nothing of a call on the provider: all it needs is in `call`.",
        )
        if accounts[0].id == accounts[1].id:
            raise NotApplicable("It connects no accounts that could be told apart.")
