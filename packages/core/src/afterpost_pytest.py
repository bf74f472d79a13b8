"""The pytest plugin of Afterpost: `pytest --provider NAME` adds a test for each check of the conformance kit.

It lies beside the package and not in it, because pytest imports it in every environment that has Afterpost:
until a provider is asked for, nothing of Afterpost is loaded.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from afterpost.testing.conformance import Check, Kit, Result

KITS = pytest.StashKey["dict[str, Kit]"]()


class Unmet(Exception):
    """A check that failed."""

    def __init__(self, result: "Result") -> None:
        super().__init__(result.id)
        self.result = result


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("afterpost", "Afterpost: the conformance kit")
    group.addoption(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="run the conformance kit on the installed plugin of this name; can be given several times",
    )
    group.addoption(
        "--waivers",
        metavar="FILE",
        help="what the provider is excused from, as TOML; added to its package's conformance.toml",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Finds the plugins that were asked for; a name that none has ends the run at once."""
    names: list[str] = config.getoption("--provider")
    kits = config.stash[KITS] = {}
    if not names:
        return
    from afterpost.domain.errors import AfterpostError
    from afterpost.testing.conformance import Kit, excuses_in

    given = config.getoption("--waivers")
    try:
        more = excuses_in(Path(given) if given else None)
        for name in dict.fromkeys(names):
            kits[name] = Kit(
                name, waivers=more.waivers, reads_by_post=more.reads_by_post, released=more.released
            )
    except AfterpostError as error:
        raise pytest.UsageError(" ".join(filter(None, (error.message, error.hint)))) from None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is held to the kit, and each waiver with its reason."""
    found = []
    for name, kit in config.stash[KITS].items():
        found.append(f"afterpost provider: {name}, {len(kit.checks)} checks")
        found += [f"  waived: {id}, {reason}" for id, reason in kit.waivers.items()]
    return found


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the checks to whatever else was collected."""
    for name, kit in config.stash[KITS].items():
        node = Checks.from_parent(session, name=name, nodeid=f"provider[{name}]", kit=kit)
        items.extend(node.collect())


class Checks(pytest.Collector):
    """The checks of one provider."""

    def __init__(self, *, kit: "Kit", **more: Any) -> None:
        super().__init__(**more)
        self._kit = kit
        self._told: dict[tuple[str | None, str | None], str] = {}

    def collect(self) -> Iterator[pytest.Item]:
        """One test a check."""
        for check in self._kit.checks:
            yield CheckItem.from_parent(self, name=check.id, kit=self._kit, check=check, told=self._told)


class CheckItem(pytest.Item):
    """One check: skipped where it does not apply, an expected failure where it is waived.

    `told`: what was seen and is to be done -> the check that said so first; the others point to it.
    """

    def __init__(
        self, *, kit: "Kit", check: "Check", told: dict[tuple[str | None, str | None], str], **more: Any
    ) -> None:
        super().__init__(**more)
        self._kit = kit
        self._check = check
        self._told = told

    def runtest(self) -> None:
        """Run it; Unmet when it failed."""
        result = self._kit.result(self._check)
        if result.status == "not_applicable":
            pytest.skip(f"not applicable: {result.reason}")
        if result.status == "waived":
            pytest.xfail(f"waived: {result.reason}")
        if result.status == "failed":
            raise Unmet(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What it demands, what was seen, and what to do."""
        if not isinstance(excinfo.value, Unmet):
            return super().repr_failure(excinfo, style)
        result = excinfo.value.result
        first = self._told.setdefault((result.seen, result.todo), result.id)
        lines: Sequence[str] = (result.demand, f"seen: {result.seen}", f"do: {result.todo}")
        if first != result.id:
            lines = (result.demand, f"seen and to do: the same as {first}")
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is from."""
        return self.path, None, f"{self._check.id}: {self._check.demand}"
