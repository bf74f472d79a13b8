"""Running the checks against one plugin, with what it is excused from."""

import asyncio
import tomllib
from collections.abc import Collection, Iterable, Mapping
from importlib.metadata import EntryPoint, version
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from afterpost.domain.errors import InvalidInput, ProviderError
from afterpost.sdk.capabilities import CONTRACT_VERSION, Capabilities
from afterpost.testing.conformance.certificate import Certificate, LeftOut, Result
from afterpost.testing.conformance.check import CHECKS, Broken, Check, NotApplicable
from afterpost.testing.conformance.lab import Lab

FILE = "conformance.toml"
"""Where a package says what its provider is excused from; beside its `__init__.py`, if at all."""

LEFT_OUT = (
    LeftOut("F2", "The contract has no mark for a day that may still change, only `restated_days`."),
    LeftOut("J1", "The kit is offline: it asks no real server."),
)
"""What the kit does not check, and why."""


class Excuses(Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider is excused from.

    `waivers`: check -> why its provider can't meet it. `reads_by_post`: paths at which the network reads by
    POST, and nothing is written. `released`: file with the certificate of the last release, as JSON.
    """

    waivers: Mapping[str, str] = {}
    reads_by_post: tuple[str, ...] = ()
    released: str | None = None


class Kit:
    """The checks for one installed plugin. `result` runs one of them, `certificate` all."""

    def __init__(
        self,
        name: str,
        *,
        waivers: Mapping[str, str] | None = None,
        reads_by_post: Collection[str] = (),
        released: str | None = None,
        installed: Iterable[EntryPoint] | None = None,
    ) -> None:
        self._name = name
        self._lab = Lab(name, installed)
        own = excuses_in(self._own_file())
        self.waivers = {**own.waivers, **(waivers or {})}
        self._lab.reads_by_post = frozenset((*own.reads_by_post, *reads_by_post))
        self._lab.released = _declared_in(released or own.released)
        for id, reason in self.waivers.items():
            if id not in CHECKS:
                raise InvalidInput(f"{id} is waived, and there is no such check.")
            if len(reason.split()) < 3:
                raise InvalidInput(f"The waiver of {id} gives no reason.", hint="Say why, in a sentence.")

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, in their order."""
        return tuple(CHECKS.values())

    def result(self, check: Check) -> Result:
        """How one check ends. Not to be called from a running event loop."""
        reason = self.waivers.get(check.id)
        try:
            self._tried(check)
        except NotApplicable as error:
            return Result(id=check.id, demand=check.demand, status="not_applicable", reason=str(error))
        except Broken as error:
            return Result(
                id=check.id,
                demand=check.demand,
                status="waived" if reason else "failed",
                seen=error.seen,
                todo=None if reason else error.todo,
                reason=reason,
            )
        if reason:
            return Result(
                id=check.id,
                demand=check.demand,
                status="failed",
                seen="It is waived, and it passes.",
                todo="Take the waiver off.",
            )
        return Result(id=check.id, demand=check.demand, status="passed")

    def certificate(self) -> Certificate:
        """Every check, and what is known of the plugin."""
        results = tuple(self.result(check) for check in self.checks)
        dist = self._lab.point.dist
        return Certificate(
            plugin=self._name,
            dist=dist.name if dist else "unknown",
            version=dist.version if dist else "unknown",
            platform=None if self._lab.failed else self._lab.declared.platform,
            contract_version=CONTRACT_VERSION,
            afterpost=version("afterpost"),
            declared=None if self._lab.failed else self._lab.declared,
            results=results,
            left_out=LEFT_OUT,
        )

    def _tried(self, check: Check) -> None:
        failed = self._lab.failed
        if failed is not None:
            if failed[0] == check.id:
                raise failed[1]
            raise NotApplicable(f"The plugin could not be loaded; see {failed[0]}.")
        self._lab.wire = None
        try:
            with self._lab.watch.on(self._lab.package):
                asyncio.run(self._running(check))
        except (Broken, NotApplicable):
            raise
        except ProviderError as error:
            raise self._unexpected(error) from error
        except Exception as error:
            cause = f" ({error.__cause__!r})" if error.__cause__ is not None else ""
            raise Broken(
                f"{type(error).__name__} where nothing was wrong: {error}{cause}",
                "See where it comes from: from the provider, or from the dialect of its emulator.",
            ) from error

    def _unexpected(self, error: ProviderError) -> Broken:
        """A ProviderError that no fault explains, with what was asked last."""
        wire = self._lab.wire
        if wire is not None and wire.undeclared:
            host = wire.undeclared[-1]
            return Broken(f"The provider asks {host}, which is not declared.", f"Declare {host} in `hosts`.")
        last = f" Its last request was {wire.last}." if wire is not None and wire.last else ""
        return Broken(
            f"The provider failed where nothing was wrong: {error.kind}: {error.message}{last}",
            "See what it was asked and answered; the emulator speaks the network's own wire.",
        )

    async def _running(self, check: Check) -> None:
        self._lab.watch.on_loop(asyncio.get_running_loop())
        await check.run(self._lab)

    def _own_file(self) -> Path | None:
        if self._lab.failed is not None:
            return None
        spec = find_spec(self._lab.package)
        places = (spec.submodule_search_locations or ()) if spec else ()
        return next((path for place in places if (path := Path(place) / FILE).is_file()), None)


def excuses_in(path: Path | None) -> Excuses:
    """What a file excuses from: TOML with `reads_by_post` and a table `waivers`. InvalidInput for another."""
    if path is None:
        return Excuses()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Excuses)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path} can't be read as waivers: {error}.") from error
    if found.released is None:
        return found
    return msgspec.structs.replace(found, released=str(path.parent / found.released))


def _declared_in(file: str | None) -> Capabilities | None:
    """What a certificate says was declared; None without one. InvalidInput for what is no certificate."""
    if file is None:
        return None
    try:
        return msgspec.json.decode(Path(file).read_bytes(), type=Certificate).declared
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{file} can't be read as the certificate of a release: {error}.",
            hint="Write one at each release: afterpost provider check NAME --json.",
        ) from error


def run(
    name: str,
    *,
    waivers: Mapping[str, str] | None = None,
    reads_by_post: Collection[str] = (),
    released: str | None = None,
    installed: Iterable[EntryPoint] | None = None,
) -> Certificate:
    """Every check against the installed plugin with this entry-point name, offline, over real HTTP.

    `waivers`: check -> why this provider can't meet it, added to those of the package's `conformance.toml`.
    `reads_by_post`: paths at which the network reads by POST. `released`: file with the certificate of the
    last release, as JSON. `installed`: the entry points there are, for tests; by default those of this
    environment.

    Raises InvalidInput when no plugin has the name, for a waiver of no check or without a reason, and for a
    file that is no certificate. Not to be called from a running event loop.
    """
    kit = Kit(name, waivers=waivers, reads_by_post=reads_by_post, released=released, installed=installed)
    return kit.certificate()
