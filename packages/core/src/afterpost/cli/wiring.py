"""What the command line is given: how an installation is opened, and how it becomes a web app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from afterpost.plugins import Plugins
from afterpost.services.core import Core
from afterpost.settings import Settings

if TYPE_CHECKING:
    from litestar import Litestar

    from afterpost.testing.conformance import Certificate


class OpenCore(Protocol):
    """Opens the installation the settings describe; without settings, that of the environment."""

    def __call__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], datetime] = ...,
        emulated: Mapping[str, str] | None = ...,
    ) -> Core: ...


@dataclass(frozen=True)
class Wiring:
    """What a command can't make itself, for a door imports neither storage nor the app."""

    open_core: OpenCore
    create_app: "Callable[[Core], Litestar]"
    load_plugins: Callable[[Settings], Plugins]
    check_provider: "Callable[[Settings, str, Path | None], Certificate]"
