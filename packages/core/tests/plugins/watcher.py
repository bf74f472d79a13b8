"""A plugin that listens: keeps every event it is handed, or fails as often as it is told to."""

from collections.abc import Iterable, Sequence

from afterpost import hookimpl
from afterpost.sdk import Delivery, Observer, PluginContext, Transaction


class Watcher(Observer):
    """Keeps what it hears."""

    id = "watcher"

    def __init__(self) -> None:
        self.heard: list[Delivery] = []
        self.failures_left = 0

    def deliver(self, tx: Transaction, deliveries: Sequence[Delivery]) -> None:
        """Keep the events, unless a failure is left."""
        if self.failures_left:
            self.failures_left -= 1
            raise RuntimeError("not today")
        self.heard.extend(deliveries)


class WatcherPlugin:
    """The plugin, with its observer at hand."""

    def __init__(self) -> None:
        self.watcher = Watcher()

    @hookimpl
    def register_observers(self, context: PluginContext) -> Iterable[Observer]:
        """The watcher."""
        return [self.watcher]
