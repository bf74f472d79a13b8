"""Figures of the benches: printed, and written as JSON with whatever makes them worth comparing.

A figure is a ratio formed inside one run against a named baseline: of two machines, or of one machine on two
days, absolute times say nothing. Both sides take turns (`Paired`), so that what slows the machine down for a
while slows both.
"""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent


class Paired(NamedTuple):
    """Times of the same work done in two ways, turn by turn, in seconds."""

    ours: list[float]
    baseline: list[float]

    @property
    def speed(self) -> float:
        """Our speed as a multiple of the baseline's: the median of the turns' own ratios."""
        return median(self._turns())

    def figures(self, baseline: str) -> dict[str, Any]:
        """The ratio, what it stands against, and how far its turns lie apart."""
        turns = sorted(self._turns())
        return {
            "baseline": baseline,
            "speed": round(self.speed, 3),
            "range": [round(turns[0], 3), round(turns[-1], 3)],
            "turns": len(turns),
        }

    def _turns(self) -> list[float]:
        return [theirs / mine for mine, theirs in zip(self.ours, self.baseline, strict=True)]


def report(name: str, seed: int, figures: Mapping[str, Any]) -> None:
    """Print the figures of the bench `name` and write them to `<name>.json`.

    The file goes to the directory AFTERPOST_BENCH_DIR, else to `tests/bench/results`, which git ignores.
    """
    body = json.dumps(
        {"bench": name, "seed": seed, "commit": _commit(), "machine": _machine(), **figures}, indent=2
    )
    print(f"\n{body}")
    directory = Path(os.environ.get("AFTERPOST_BENCH_DIR", HERE / "results"))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.json").write_text(body + "\n", "utf-8")


def _commit() -> str:
    """The commit that was measured; `+` where the tree differs from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"],
            capture_output=True,
            text=True,
            check=True,
            cwd=HERE,
        )
    except (OSError, subprocess.CalledProcessError):  # an export without git, or no git at all
        return "unknown"
    return done.stdout.strip()


def _machine() -> str:
    python = f"Python {platform.python_version()}"
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, {python}"
