"""Where the demo networks live: in this process, from the day the demo was made."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from afterpost.builtin.demo.provider import PLATFORMS, DemoDialect
from afterpost.domain.errors import Misconfigured
from afterpost.emulator import Emulator
from afterpost.emulator.scenario import Scenario

FILE = "demo.json"
LEAD = 20
"""Days of posts that are there before the demo's first collected day."""
AHEAD = 400
"""Days for which posts are made up beyond the day the process started."""
ACCOUNTS = 3
POSTS_PER_WEEK = 3.5


class DemoState(Struct, frozen=True):
    """What makes a demo repeatable: its seed and the first day it collects. Kept in the data directory."""

    seed: int
    first_day: date

    @classmethod
    def load(cls, data_dir: Path) -> "DemoState | None":
        """The demo of this directory, None when there is none."""
        path = data_dir / FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Misconfigured(
                f"{path} can't be read: {error}.", hint="Delete it and run: afterpost demo --reset"
            ) from error

    def save(self, data_dir: Path) -> None:
        """Keep it; the file appears whole or not at all."""
        draft = data_dir / f"{FILE}.new"
        draft.write_bytes(msgspec.json.encode(self))
        draft.replace(data_dir / FILE)

    @staticmethod
    def delete(data_dir: Path) -> None:
        """Forget the demo of this directory."""
        (data_dir / FILE).unlink(missing_ok=True)


def worlds(state: DemoState, today: date) -> dict[str, Scenario]:
    """platform -> its made-up world up to well after `today`. A longer one begins like a shorter one."""
    start = state.first_day - timedelta(days=LEAD)
    return {
        kind.platform: Scenario(
            seed=state.seed + number,
            start=start,
            days=(today - start).days + AHEAD,
            accounts=ACCOUNTS,
            posts_per_week=POSTS_PER_WEEK,
            metrics=kind.metrics,
            content_types=(kind.content_type,),
        )
        for number, kind in enumerate(PLATFORMS.values())
    }


class DemoNetwork:
    """An emulator of the demo networks that starts when somebody first asks for its address.

    `routes` maps each demo host to it, and is empty where the directory holds no demo.
    """

    def __init__(self, data_dir: Path, clock: Callable[[], datetime]) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._emulator: Emulator | None = None
        self.routes: Mapping[str, str] = _Routes(self)

    def start(self) -> Emulator | None:
        """The running emulator; None without a demo."""
        state = DemoState.load(self._data_dir)
        if self._emulator is None and state is not None:
            found = worlds(state, self._clock().date())
            dialects = [DemoDialect(PLATFORMS[platform], world) for platform, world in found.items()]
            self._emulator = Emulator(*dialects, clock=self._clock).start()
        return self._emulator

    def close(self) -> None:
        """Stop the emulator if it runs."""
        if self._emulator is not None:
            self._emulator.stop()
            self._emulator = None


class _Routes(Mapping[str, str]):
    def __init__(self, network: DemoNetwork) -> None:
        self._network = network

    def __getitem__(self, host: str) -> str:
        emulator = self._network.start() if host in set(self._hosts()) else None
        if emulator is None:
            raise KeyError(host)
        return emulator.routes[host]

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and host in set(self._hosts()) and self._network.start() is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._hosts())

    def __len__(self) -> int:
        return len(self._hosts())

    @staticmethod
    def _hosts() -> list[str]:
        return [kind.host for kind in PLATFORMS.values()]
