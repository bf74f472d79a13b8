"""An installation to break, and plugins that are broken already, for the doctor to find."""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from afterpost import hookimpl
from afterpost.loading import build_plugins
from afterpost.sdk import (
    Call,
    Capabilities,
    Credential,
    ErrorKind,
    Failed,
    MetricSpec,
    Migrations,
    Outcome,
    Panel,
    Provider,
    ProviderError,
    RetentionPolicy,
    Secret,
)
from afterpost.services.core import Core, open_core
from afterpost.services.doctor import Diagnosis, examine
from afterpost.services.findings import Finding
from afterpost.settings import Settings
from packages.core.tests.house import NOW, Clock, settings_in


class Toy(Provider):
    """A platform whose posts all fail; accounts of it are written into the database by the test."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            platform="toy", display_name="Toy", metrics=(MetricSpec(name="views", native="v"),)
        )

    async def fetch_metrics(self, call: Call, ids: object) -> Mapping[str, Outcome]:
        return {"p": Failed(ProviderError(ErrorKind.BUG, "no"))}


class ToyPlugin:
    """The plugin `toy`."""

    @hookimpl
    def register_providers(self, settings: object) -> list[Provider]:
        """Toy."""
        return [Toy()]


class Mute(RetentionPolicy):
    """Can't describe itself."""

    async def keep_from(self, data: object, organization_id: int, now: object) -> None:
        """For ever."""

    def describe(self) -> str:
        """Fails."""
        raise RuntimeError("no words")


class MutePlugin:
    """A plugin with a policy that fails."""

    @hookimpl
    def retention_policy(self, context: object) -> RetentionPolicy:
        """Mute."""
        return Mute()


class RaisingPanels:
    """A plugin whose panels can't be had."""

    @hookimpl
    def register_panels(self) -> list[Panel]:
        """Raises."""
        raise RuntimeError("no paint")


class RaisingPlugin:
    """A plugin that can't be asked."""

    @hookimpl
    def register_providers(self, settings: object) -> list[Provider]:
        """Raises."""
        raise RuntimeError("out of order")


class LostMigrations:
    """A plugin whose scripts are not there."""

    @hookimpl
    def register_migrations(self) -> Migrations:
        """Nowhere."""
        return Migrations("packages.nowhere:migrations")


@dataclass
class House:
    """An installation to break."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    plugins: dict[str, object] = field(default_factory=lambda: {"toy": ToyPlugin()})
    changed: dict[str, object] = field(default_factory=dict)
    load_error: Exception | None = None
    server: bool = False
    """On the PostgreSQL of the tests, and not on a file."""

    @property
    def database(self) -> Path:
        """Its file."""
        return self.folder / "core.db"

    def load(self) -> Settings:
        """The settings, or what is wrong with them."""
        if self.load_error is not None:
            raise self.load_error
        settings = settings_in(self.folder)
        if not self.server:
            settings = msgspec.structs.replace(settings, database_url=f"sqlite:///{self.database}")
        return msgspec.structs.replace(settings, **self.changed)

    def open(self, settings: Settings) -> Core:
        """As the app opens it."""
        return open_core(settings, build_plugins(settings, self.plugins, installed=[]), clock=self.clock)

    def examined(self) -> Diagnosis:
        """What the doctor finds."""
        return asyncio.run(examine(self.load, self.open))

    def finding(self, area: str) -> Finding:
        """The worst finding of an area."""
        worst = {"broken": 0, "warning": 1, "ok": 2}
        found = [finding for finding in self.examined().findings if finding.area == area]
        return min(found, key=lambda finding: worst[finding.mark])

    def sql(self, text: str, *values: object) -> None:
        """Change the database behind everybody's back."""
        connection = sqlite3.connect(self.database)
        with connection:
            connection.execute(text, values)
        connection.close()

    def account(self, **columns: object) -> None:
        """An active account of toy with a good credential, and those columns."""
        core = self.open(self.load())
        sealed = core.sealer.seal(Credential(secrets={"token": Secret("x")}), (1, "toy", "t1"))
        asyncio.run(core.close())
        values: dict[str, object] = {
            "organization_id": 1, "platform": "toy", "external_id": "t1", "handle": "@baker",
            "name": "Baker", "state": "active", "credential": sealed, "listed": True,
            "created_at": micros(NOW), "next_list_at": micros(NOW + timedelta(minutes=5)),
        } | columns  # fmt: skip
        names = ", ".join(values)
        self.sql(f"INSERT INTO accounts ({names}) VALUES ({', '.join('?' * len(values))})", *values.values())


def micros(instant: datetime) -> int:
    """As instants are stored."""
    return int(instant.timestamp() * 1_000_000)
