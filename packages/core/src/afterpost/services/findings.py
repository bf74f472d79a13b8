"""What a diagnosis says: one sentence about one thing, marked, with a next step where there is one."""

from typing import Literal

from msgspec import Struct

Mark = Literal["ok", "warning", "broken"]


class Finding(Struct, frozen=True):
    """One finding. `area`: what it is about; `mark`: ok, warning (works, but look at it) or broken;
    `next_step`: what to do, often a command to copy."""

    area: str
    mark: Mark
    sentence: str
    next_step: str | None = None


def ok(area: str, sentence: str, next_step: str | None = None) -> Finding:
    """Nothing to do."""
    return Finding(area, "ok", sentence, next_step)


def warning(area: str, sentence: str, next_step: str | None = None) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(area, "warning", sentence, next_step)


def broken(area: str, sentence: str, next_step: str | None = None) -> Finding:
    """It does not work."""
    return Finding(area, "broken", sentence, next_step)
