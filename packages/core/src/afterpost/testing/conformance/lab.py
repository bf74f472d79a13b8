"""The lab: the installed plugin as core loads it, and stages on which its provider meets its own emulator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
import msgspec

from afterpost.domain.errors import InvalidInput, PluginError
from afterpost.domain.metrics import Kind
from afterpost.emulator import Dialect, Emulator, FaultDial, WorldPost
from afterpost.loading import build_plugins
from afterpost.sdk.capabilities import Capabilities, MetricSpec
from afterpost.sdk.credentials import Credential, Secret
from afterpost.sdk.markers import ENTRY_POINTS
from afterpost.sdk.provider import Call, Measured, Outcome, PostInfo, Provider
from afterpost.services.egress import TIMEOUT, USER_AGENT
from afterpost.settings import Settings
from afterpost.testing.conformance.check import Broken, NotApplicable, expect
from afterpost.testing.conformance.watch import Watch
from afterpost.testing.conformance.wire import Wire
from afterpost.testing.conformance.world import OLD, Clock, Shelf

T = TypeVar("T")
PATIENCE = 30.0
"""Seconds one call of a provider may take here."""
MOST_PAGES = 40
SETTINGS = Settings(data_dir=Path(), database_url="sqlite://", api_key="k" * 20, secret_key="")
"""For loading alone: nothing of it is opened."""


class Lab:
    """One installed plugin, found by the name of its entry point, and loaded as core loads it.

    `failed`: the check that loading failed, and how; then there is no provider. `released`: what the release
    before this one declared, where that is known.
    """

    def __init__(self, name: str, installed: Iterable[EntryPoint] | None = None) -> None:
        known = list(entry_points(group=ENTRY_POINTS) if installed is None else installed)
        found = [point for point in known if point.name == name]
        if len(found) != 1:
            names = ", ".join(sorted({point.name for point in known})) or "none"
            how_many = f"{len(found)} installed plugins are" if found else "No installed plugin is"
            raise InvalidInput(
                f"{how_many} called {name}; there are: {names}.",
                hint="Install the distribution that brings it, beside afterpost.",
            )
        (self.point,) = found
        self.watch = Watch()
        self.reads_by_post: frozenset[str] = frozenset()
        self.released: Capabilities | None = None
        self.failed: tuple[str, Broken] | None = None
        self.wire: Wire | None = None
        """That of the stage last set up: what was asked last."""
        self._providers: dict[str, Provider] = {}
        try:
            self.point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.failed = (
                "A1",
                Broken(
                    f"{self.point.value} can't be imported: {type(error).__name__}: {error}.",
                    "Mend the import, or the entry point that names it.",
                ),
            )
            return
        try:
            self._providers = self._loaded()
        except PluginError as error:
            self.failed = (
                ("A3" if "contract" in error.message else "A4"),
                Broken(error.message, error.hint or "Use the hooks and arguments of docs/hooks.md."),
            )
            return
        if len(self._providers) != 1 and name not in self._providers:
            told = ", ".join(sorted(self._providers)) or "none"
            self.failed = (
                "A4",
                Broken(
                    f"The plugin brings these providers: {told}.",
                    "Answer register_providers with one provider, or name the plugin like one of them.",
                ),
            )

    @property
    def package(self) -> str:
        """The top-level package that the entry point names."""
        return self.point.value.partition(":")[0].partition(".")[0]

    @property
    def provider(self) -> Provider:
        """The provider, the same object each time."""
        return self._of(self._providers)

    @property
    def declared(self) -> Capabilities:
        """Its declaration."""
        return self.provider.capabilities

    def another(self) -> Provider:
        """A provider made anew, as another process would have it."""
        return self._of(self._loaded())

    def offered(self) -> Mapping[str, MetricSpec]:
        """The metrics that `fetch_metrics` may report, by name."""
        return {spec.name: spec for spec in self.declared.metrics if spec.kind is not Kind.DAILY}

    def overrides(self, method: str) -> bool:
        """Whether the provider has a method of its own where the contract has a default."""
        return getattr(type(self.provider), method) is not getattr(Provider, method)

    def need(self, method: str, what: str) -> None:
        """NotApplicable unless the provider has that method of its own."""
        if not self.overrides(method):
            raise NotApplicable(f"It does not {what}.")

    def need_listing(self) -> None:
        """NotApplicable for a network whose posts can't be listed."""
        if not self.declared.lists_posts or not self.overrides("list_posts"):
            raise NotApplicable("It does not list posts.")

    @asynccontextmanager
    async def stage(self, posts: int = 7) -> "AsyncIterator[Stage]":
        """An emulated network with so many posts, and a client that leads to it and nowhere else."""
        declared = self.declared
        types = {kind for spec in declared.metrics for kind in spec.content_types} | {"video", "image"}
        world, clock = Shelf(posts, sorted(types)), Clock()
        dialect = self.provider.emulate(world)
        if dialect is None:
            raise Broken(
                "The provider brings no emulator.",
                "Let `emulate` answer with a Dialect: without one nothing can be tried offline.",
            )
        with Emulator(dialect, clock=clock, dial=FaultDial()) as emulator:
            stage = Stage(self, world, clock, dialect, emulator)
            self.wire = stage.wire
            try:
                yield stage
            finally:
                await stage.close()

    def _loaded(self) -> dict[str, Provider]:
        plugins = build_plugins(SETTINGS, {}, installed=[self.point])
        found = plugins.providers(SETTINGS)
        for dropped in plugins.degraded:
            raise PluginError(dropped.cause)
        return found

    def _of(self, found: Mapping[str, Provider]) -> Provider:
        return found[self.point.name] if self.point.name in found else next(iter(found.values()))


class Account(NamedTuple):
    """An account that has signed in: which of the world's, its credential, its id on the platform."""

    place: int
    credential: Credential
    id: str


class Stage:
    """One emulated network and the provider's client for it."""

    def __init__(self, lab: Lab, world: Shelf, clock: Clock, dialect: Dialect, emulator: Emulator) -> None:
        self.lab = lab
        self.provider = lab.provider
        self.world = world
        self.clock = clock
        self.dialect = dialect
        self.emulator = emulator
        self.dial = emulator.dial
        hosts = lab.declared.hosts
        foreign = tuple(host for host in self._hosts(self.typed(OLD)) if host not in hosts)
        self.wire = Wire(hosts, emulator.routes, foreign)
        self.client = httpx.AsyncClient(
            transport=self.wire,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close the client."""
        await self.client.aclose()

    def typed(self, place: int = OLD) -> Credential:
        """What a person would type to connect one of the accounts, with all that renewing takes."""
        owner = self.world.accounts()[place]
        fields = dict(self.dialect.credential(owner))
        for field in self.provider.credential_fields:
            if field.of_app:
                fields.setdefault(field.name, f"the-app-s3cret-{field.name}")
            elif field.name == "refresh_token":
                fields.setdefault(field.name, owner.refresh_token)
        return Credential(secrets={name: Secret(value) for name, value in fields.items()})

    def call(self, account: Account | None = None, *, credential: Credential | None = None) -> Call:
        """A call as core makes one, for an account or, without one, for a credential alone."""
        if account is not None:
            credential, external_id = account.credential, account.id
        else:
            external_id = ""
        assert credential is not None, "a call needs an account or a credential"
        return Call(client=self.client, credential=credential, now=self.clock.now, account_id=external_id)

    async def connected(self, place: int = OLD) -> Account:
        """The account, signed in and checked as `connect` does it."""
        credential = self.typed(place)
        if self.lab.overrides("sign_in") or self.lab.overrides("refresh"):
            credential = await self.within(self.provider.sign_in(self.call(credential=credential)))
        external_id = self.world.accounts()[place].id
        if self.lab.overrides("check"):
            profile = await self.within(self.provider.check(self.call(credential=credential)))
            external_id = profile.external_id
        return Account(place, credential, external_id)

    async def listed(self, account: Account) -> list[PostInfo]:
        """Every post that the provider lists, page by page."""
        found: list[PostInfo] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self.within(self.provider.list_posts(self.call(account), cursor))
            found += page.posts
            cursor = page.cursor
            if cursor is None:
                return found
        raise Broken(
            f"The list of {len(self.posts(account))} posts did not end within {MOST_PAGES} pages.",
            "Answer with the cursor None when the network has no further page.",
        )

    async def known(self, account: Account) -> dict[str, WorldPost]:
        """The provider's id of each post of the account -> the post itself, newest first."""
        shown = self.posts(account)
        if not self.lab.declared.lists_posts or not self.lab.overrides("list_posts"):
            return {post.id: post for post in shown}
        at = {post.published_at: post for post in shown}
        found = {
            info.external_id: at[info.published_at]
            for info in await self.listed(account)
            if info.published_at in at
        }
        expect(
            len(found) == len(shown),
            f"Of {len(shown)} posts, {len(found)} were listed with the time they were published at.",
            "List every post, with `published_at` as an aware instant.",
        )
        return found

    def posts(self, account: Account) -> Sequence[WorldPost]:
        """The posts that the network shows of an account."""
        return self.world.posts(self.world.accounts()[account.place].id, self.clock.now)

    async def fetched(self, account: Account, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """What the provider answers for these posts."""
        return await self.within(self.provider.fetch_metrics(self.call(account), ids))

    async def measured(self, account: Account, post_id: str) -> Measured:
        """The post as the provider measures it; Broken when it does not."""
        outcome = (await self.fetched(account, [post_id])).get(post_id)
        if not isinstance(outcome, Measured):
            raise Broken(f"A post that is there came out as {outcome!r}.", "Answer Measured for it.")
        return outcome

    async def within(self, asked: Awaitable[T]) -> T:
        """The answer, within the kit's patience."""
        return await asyncio.wait_for(asked, PATIENCE)

    def replaced(self, account: Account, credential: Credential) -> Account:
        """The account with another credential."""
        return account._replace(credential=credential)

    def _hosts(self, credential: Credential) -> Sequence[str]:
        return self.provider.hosts_for(credential)


def since(call: Call, at: object) -> Call:
    """The call for posts from `at` on."""
    return msgspec.structs.replace(call, since=at)
