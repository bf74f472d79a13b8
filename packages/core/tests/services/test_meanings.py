"""What an answer says of the numbers' meaning: how far they are final, their definitions, what changed."""

from datetime import date

import msgspec
import pytest

from afterpost.sdk import Capabilities, DefinitionChange, Kind, MetricSpec
from afterpost.services.core import Core
from afterpost.services.meanings import Break
from afterpost.services.overview import overview
from afterpost.services.question import Question
from packages.core.tests.house import EVERYTHING, MakeCore, at, day, tell, told
from packages.core.tests.plugins.network import NetworkPlugin, Table

CHANGE = DefinitionChange(date(2026, 11, 12), "Loops count.")


class Redefined(Table):
    """The table whose platform counts views otherwise from 12 November on, and is final after two days."""

    @property
    def capabilities(self) -> Capabilities:
        specs = (
            MetricSpec(
                name="views", native="views", definition="2026-11-12", changes=(CHANGE,), latency_hours=48
            ),
            MetricSpec(name="likes", native="likes"),
            MetricSpec(name="shares", native="s", kind=Kind.DAILY, day_zone="UTC", changes=(CHANGE,)),
        )
        return msgspec.structs.replace(super().capabilities, metrics=specs)


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    """With a post of that network and one of a platform that nobody knows."""
    core = make_core(plugins={"table": NetworkPlugin(Redefined())})
    for platform in ("table", "elsewhere"):
        tell(
            core, told("a", at("2026-11-18"), {"views": 5}, published_at=at("2026-11-17"), platform=platform)
        )
    return core


def test_definitions_and_days_that_are_final(core: Core) -> None:
    _, meta = overview(core, EVERYTHING)
    assert meta.definitions == {"elsewhere": {}, "table": {"likes": "1", "views": "2026-11-12"}}
    # It is the evening of the 22nd: without latency the 21st is over, after two days the 19th.
    assert meta.complete_through == {"elsewhere": date(2026, 11, 21), "table": date(2026, 11, 19)}


@pytest.mark.parametrize(
    ("start", "end", "crossed"),
    [
        ("2026-11-15", "2026-11-21", True),  # compared with the 8th to the 14th
        ("2026-11-19", "2026-11-21", False),  # with the 16th to the 18th
        ("2026-11-12", "2026-11-12", True),
        ("2026-11-13", "2026-11-13", False),  # with the 12th, the first day of the new kind
        ("2026-11-05", "2026-11-11", False),
    ],
)
def test_a_comparison_across_a_redefinition_says_so(core: Core, start: str, end: str, crossed: bool) -> None:
    _, meta = overview(core, EVERYTHING, Question(start=day(start), end=day(end)))
    expected = (Break("table", "views", CHANGE.on, CHANGE.note),) if crossed else ()
    assert meta.breaks == expected
    other = Question(start=day(start), end=day(end), platform="elsewhere")
    assert overview(core, EVERYTHING, other)[1].breaks == ()
