"""What the kit found: a certificate to read, and the same as data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from afterpost.sdk.capabilities import Capabilities

Status = Literal["passed", "failed", "waived", "not_applicable"]

_WORDS: dict[Status, str] = {
    "passed": "passed",
    "failed": "FAILED",
    "waived": "waived",
    "not_applicable": "not applicable",
}


_MANY = 3
"""So many checks that failed for one reason are told it once, together."""


class Result(Struct, frozen=True, kw_only=True):
    """How one check ended.

    `demand`: what it holds a provider to. `seen` and `todo`: of one that failed or is waived, what was seen
    and what to do. `reason`: why it is waived, or not applicable.
    """

    id: str
    demand: str
    status: Status
    seen: str | None = None
    todo: str | None = None
    reason: str | None = None


class LeftOut(Struct, frozen=True):
    """A demand that is not checked, and why not."""

    id: str
    reason: str


class Certificate(Struct, frozen=True, kw_only=True):
    """What the kit found of one provider: with which versions, and how each check ended.

    Plain data: `msgspec.json.encode` writes it.
    """

    plugin: str
    """The name of its entry point."""
    dist: str
    version: str
    """The distribution that brings it, and its version; `unknown` where it is not installed as one."""
    platform: str | None
    """None where the plugin could not be loaded."""
    contract_version: int
    """The version of the provider contract that it was held to."""
    afterpost: str
    """The version of Afterpost, which brings the kit."""
    declared: Capabilities | None
    """What the provider declares, for a later release to be compared with; None where it can't be told."""
    results: tuple[Result, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def ok(self) -> bool:
        """True when no check failed."""
        return all(result.status != "failed" for result in self.results)

    @property
    def counts(self) -> dict[Status, int]:
        """How many checks ended how."""
        found = Counter(result.status for result in self.results)
        return {status: found[status] for status in _WORDS}

    def table(self) -> str:
        """The certificate for people: a line a check, and below those what has to be said about it."""
        lines = [
            f"{self.plugin} ({self.dist} {self.version}), provider contract {self.contract_version}, "
            f"afterpost {self.afterpost}",
            "",
        ]
        shared = self._shared()
        for result in self.results:
            lines.append(f"{result.id:<4} {_WORDS[result.status]:<15} {result.demand}")
            if (result.seen, result.todo) in shared:
                continue
            for name, text in (("why", result.reason), ("seen", result.seen), ("do", result.todo)):
                if text:
                    lines.append(f"{'':<20} {name}: {text}")
        for (seen, todo), ids in shared.items():
            lines += ["", f"{len(ids)} checks failed for the same reason: {', '.join(ids)}"]
            lines += [f"{'':<20} {name}: {text}" for name, text in (("seen", seen), ("do", todo))]
        lines += ["", "Not checked:"]
        lines += [f"{one.id:<4} {one.reason}" for one in self.left_out]
        lines += ["", ", ".join(f"{count} {_WORDS[status]}" for status, count in self.counts.items())]
        return "\n".join(lines)

    def _shared(self) -> Mapping[tuple[str | None, str | None], Sequence[str]]:
        """What was seen and is to be done -> the checks that failed with just that, where they are many."""
        found: dict[tuple[str | None, str | None], list[str]] = {}
        for result in self.results:
            if result.status == "failed":
                found.setdefault((result.seen, result.todo), []).append(result.id)
        return {what: ids for what, ids in found.items() if len(ids) >= _MANY}
