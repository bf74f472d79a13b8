"""What tests of the command line share: an installation with a toy network, in this process or its own."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner
from litestar import Litestar, get

from afterpost import hookimpl
from afterpost.app import check_provider
from afterpost.builtin import imports, operator
from afterpost.cli import Wiring, run
from afterpost.cli.main import afterpost
from afterpost.loading import build_plugins
from afterpost.sdk import (
    AccountProfile,
    Call,
    Capabilities,
    CredentialField,
    ErrorKind,
    Failed,
    Gone,
    Measured,
    MetricSpec,
    Outcome,
    Page,
    PostInfo,
    Provider,
    ProviderError,
    Reading,
)
from afterpost.services.core import Core, open_core
from afterpost.settings import Settings, load_settings
from packages.core.tests.databases import POSTGRESQL, database_url, lay_schema
from packages.core.tests.house import Clock, at

ROOT = Path(__file__).parents[4]
GOOD_TOKEN = "a-token-that-is-good"
PUBLISHED = at("2026-11-15")


class ToyNetwork(Provider):
    """A network without a wire. What it answers is set by the test.

    `counts`: post -> views and likes; `failing`, `gone`: posts that end so; `broken`: fails every call;
    `slow`: seconds that reading takes.
    """

    def __init__(self, slow: float = 0.0) -> None:
        self.slow = slow
        self.counts: dict[str, tuple[int, int]] = {"p1": (1_000, 50), "p2": (400, 4)}
        self.failing: dict[str, ProviderError] = {}
        self.gone: set[str] = set()
        self.broken: ProviderError | None = None

    @property
    def capabilities(self) -> Capabilities:
        metrics = (MetricSpec(name="views", native="v"), MetricSpec(name="likes", native="l"))
        return Capabilities(platform="toy", display_name="Toy", metrics=metrics)

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        return (
            CredentialField("token", "Token"),
            CredentialField("region", "Region", secret=False, required=False),
        )

    async def check(self, call: Call) -> AccountProfile:
        if call.credential.secret("token") != GOOD_TOKEN:
            raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "The token is not known.")
        return AccountProfile(external_id="toy-1", handle="@baker", name="The Baker")

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        self._fail()
        return Page(
            tuple(
                PostInfo(external_id=key, published_at=PUBLISHED, title=f"Loaf {key}", content_type="video")
                for key in self.counts
            )
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        self._fail()
        await asyncio.sleep(self.slow)
        return {key: self._outcome(key, call.now) for key in ids}

    def _outcome(self, key: str, now: datetime) -> Outcome:
        if key in self.failing:
            return Failed(self.failing[key])
        if key in self.gone:
            return Gone()
        views, likes = self.counts[key]
        return Measured(
            reading=Reading(
                observed_at=now,
                values={"views": views, "likes": likes},
                definitions={"views": "1", "likes": "1"},
                published_at=PUBLISHED,
            )
        )

    def _fail(self) -> None:
        if self.broken is not None:
            raise self.broken


class ToyPlugin:
    """The plugin of one toy network."""

    def __init__(self, network: ToyNetwork) -> None:
        self.network = network

    @hookimpl
    def register_providers(self, settings: Mapping[str, str]) -> list[Provider]:
        """The network of the test."""
        return [self.network]


class Ran(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, decoded."""
        return json.loads(self.out)


class Cli:
    """The commands over an installation in a folder, by a clock set by hand."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.network = ToyNetwork()
        self.plugins: dict[str, object] = {
            "imports": imports,
            "operator": operator,
            "toy": ToyPlugin(self.network),
        }
        self.env: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The settings as environment variables."""
        where = {"AFTERPOST_DATABASE_URL": database_url(self.folder)} if POSTGRESQL else {}
        return {"AFTERPOST_DATA_DIR": str(self.folder), **where, **self.env}

    @property
    def database(self) -> Path:
        """Where the database is, or will be; not on PostgreSQL."""
        return self.folder / "afterpost.db"

    def open(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
        emulated: Mapping[str, str] | None = None,
    ) -> Core:
        """The installation, as `Wiring.open_core` opens it."""
        chosen = settings or load_settings(self.environment)
        plugins = build_plugins(chosen, self.plugins, installed=[])
        lay_schema(chosen.database_url)
        return open_core(chosen, plugins, clock=clock or self.clock, emulated=emulated)

    def run(self, *words: str, input: str | None = None) -> Ran:
        """Run a command in this process."""
        wiring = Wiring(
            open_core=self.open,
            create_app=tiny_app,
            load_plugins=lambda settings: build_plugins(settings, self.plugins, installed=[]),
            check_provider=check_provider,
        )
        runner = CliRunner()
        result = runner.invoke(afterpost, list(words), obj=wiring, input=input, env=self.environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    def done(self, *words: str) -> Ran:
        """Run a command that has to succeed."""
        ran = self.run(*words)
        assert ran.code == 0, ran
        return ran

    def connected(self) -> None:
        """Connect the toy account."""
        self.done("connect", "toy", "--field", f"token={GOOD_TOKEN}")


def tiny_app(core: Core) -> Litestar:
    """A web app that answers one path and closes the core at its end, as the real one does."""

    @get("/", sync_to_thread=False)
    def there() -> str:
        return "there"

    return Litestar([there], on_shutdown=[core.close], openapi_config=None, logging_config=None)


def process(cli: Cli, *words: str, **env: str) -> "subprocess.Popen[str]":
    """The command line in a process of its own, with the toy network and the clock of the machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERPOST_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from packages.core.tests.cli.kit import main; main()", *words],
        cwd=ROOT,
        env={**inherited, **cli.environment, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def main() -> None:
    """What `process` runs."""
    network = ToyNetwork(slow=float(os.environ.get("TOY_SLOW", "0")))
    plugins = {"imports": imports, "operator": operator, "toy": ToyPlugin(network)}

    def opened(settings: Settings | None = None, **more: Any) -> Core:
        chosen = settings or load_settings()
        return open_core(chosen, build_plugins(chosen, plugins, installed=[]), **more)

    run(
        Wiring(
            open_core=opened,
            create_app=tiny_app,
            load_plugins=lambda settings: build_plugins(settings, plugins, installed=[]),
            check_provider=check_provider,
        )
    )
