"""A plugin with guards that do what the test says, and remember what they were asked."""

from collections.abc import Iterable

from afterpost import hookimpl
from afterpost.sdk import Act, Guard, Pass, Settlement, Verdict


class Gate(Guard):
    """Answers `verdict`; remembers each act and how it was settled."""

    def __init__(self, id: str = "gate") -> None:
        self.id = id
        self.verdict: Verdict = Pass()
        self.asked: list[Act] = []
        self.settled: list[tuple[str, Settlement]] = []

    async def review(self, act: Act) -> Verdict:
        """The verdict."""
        self.asked.append(act)
        return self.verdict

    async def settle(self, act: Act, settlement: Settlement) -> None:
        """Remember it."""
        self.settled.append((act.id, settlement))


class GatePlugin:
    """The plugin, with its guards at hand."""

    def __init__(self, *guards: Guard) -> None:
        self.guards = guards or (Gate(),)

    @hookimpl
    def register_guards(self) -> Iterable[Guard]:
        """The given guards."""
        return self.guards
