"""docs/numbers.md: each example is told to a real installation, and the answer is the one on the page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.services.core import Core
from packages.core.tests.http.calls import ingest
from packages.core.tests.services.scenery import adopt, was_due

PAGE = (Path(__file__).parents[4] / "docs" / "numbers.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"\n### ([^\n]+)\n(.*?)(?=\n##|\Z)", PAGE, re.DOTALL))
TEXTS = ("title", "description", "content_type", "platform")
PLATFORM = "tube"


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a text, each as its rows of cells, the heading first."""
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        yield [lines[0], *lines[2:]]


def readings(text: str) -> list[dict[str, Any]]:
    """The first table, as posts to ingest. `–`: asked for and not reported, or a publication nobody told."""
    heading, *rows = next(tables(text))
    assert heading[:3] == ["post", "published", "read"]
    told = []
    for row in rows:
        cells = dict(zip(heading, row, strict=True))
        named = {name: cells[name] for name in heading[3:] if name in TEXTS}
        numbers = {name: cells[name] for name in heading[3:] if name not in (*TEXTS, "account", "due")}
        told.append(
            {
                "platform": PLATFORM,
                "external_id": cells["post"],
                "published_at": instant(cells["published"]),
                "observed_at": cells["read"].replace(" ", "T") + ":00Z",
                "metrics": {name: None if text == "–" else int(text) for name, text in numbers.items()},
                **named,
            }
        )
    return told


def instant(cell: str) -> str | None:
    """A time of the page; `–` is none."""
    return None if cell == "–" else cell.replace(" ", "T") + ":00Z"


def accounts_of(text: str) -> dict[str, list[str]]:
    """The accounts of the first table with their posts. `–`: of none."""
    heading, *rows = next(tables(text))
    found: dict[str, list[str]] = {}
    for cells in (dict(zip(heading, row, strict=True)) for row in rows if "account" in heading):
        if cells["account"] != "–" and cells["post"] not in found.setdefault(cells["account"], []):
            found[cells["account"]].append(cells["post"])
    return found


def dues_of(text: str) -> dict[str, list[str]]:
    """The days of the first table on which reads of its posts were due, as `02-26, 03-05`."""
    heading, *rows = next(tables(text))
    found: dict[str, list[str]] = {}
    for cells in (dict(zip(heading, row, strict=True)) for row in rows if "due" in heading):
        year = cells["read"][:5]
        found.setdefault(cells["post"], []).extend(
            f"{year}{day.strip()}" for day in cells["due"].split(",") if day
        )
    return found


def questions(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, what the answer holds) of each question."""
    found = []
    for method, path, rest in re.findall(
        r"^Ask `(GET|POST) (\S+)`\n\n(.*?)(?=\nAsk|\Z)", text, re.DOTALL | re.MULTILINE
    ):
        heading, *rows = next(tables(rest))
        assert heading == ["in the answer", "is"]
        found.append((method, path, {where.strip("`"): json.loads(value) for where, value in rows}))
    return found


def at(answer: Any, where: str) -> Any:
    """What an answer holds at a path such as `data.0.earned.views`; `length` of a list is how many, and
    `views+24h` in it is the one item that holds both."""
    for step in where.split("."):
        if step == "length":
            answer = len(answer)
        elif isinstance(answer, list) and not step.isdigit():
            (answer,) = (each for each in answer if set(step.split("+")) <= {*map(str, each.values())})
        else:
            answer = answer[int(step)] if isinstance(answer, list) else answer[step]
    return answer


def test_the_page_holds_examples() -> None:
    assert len(EXAMPLES) >= 15
    assert all(questions(text) for text in EXAMPLES.values())
    # Nothing that looks like a question is passed over.
    assert PAGE.count("\nAsk `") == sum(len(questions(text)) for text in EXAMPLES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_comes_out(core: Core, client: TestClient[Litestar], name: str) -> None:
    for reading in readings(EXAMPLES[name]):
        ingest(client, reading)
    for account, its in accounts_of(EXAMPLES[name]).items():
        adopt(core, *its, platform=PLATFORM, account=account)
    for post, days in dues_of(EXAMPLES[name]).items():
        was_due(core, days, post, platform=PLATFORM)
    assert differences(client, EXAMPLES[name]) == []


def differences(client: httpx.Client, text: str) -> list[str]:
    """Where an answer is not the one on the page."""
    found = []
    for method, path, expected in questions(text):
        response = client.request(method, path)
        assert response.status_code == 200, response.text
        for where, value in expected.items():
            said = at(response.json(), where)
            if said != value or isinstance(said, bool) != isinstance(value, bool):
                found.append(f"{path}: {where} is {said!r}, the page says {value!r}")
    return found


def test_a_wrong_example_is_noticed(client: TestClient[Litestar]) -> None:
    text = EXAMPLES["A missed day is no spike"]
    for reading in readings(text):
        ingest(client, reading)
    (difference,) = differences(
        client, text.replace("| `data.0.earned.views` | 2 |", "| `data.0.earned.views` | 10 |")
    )
    assert difference.endswith("data.0.earned.views is 2, the page says 10")
