"""docs/api.md: every route, parameter and code is there, and each example is an answer of its route."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg

from afterpost.http.errors import TABLE
from afterpost.http.openapi import PATH, described_handlers
from afterpost.http.requests import query_parameters
from packages.core.tests.http.calls import VALID

DOCS = Path(__file__).parents[4] / "docs" / "api.md"
TEXT = DOCS.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"\n### `(\w+ \S+)`\n(.*?)(?=\n##|\Z)", TEXT, re.DOTALL))
(FILTERS,) = re.findall(r"\n### Window and filters\n(.*?)(?=\n##|\Z)", TEXT, re.DOTALL)
ROUTES = sorted(f"{method} {path}" for method, path in VALID)


@pytest.fixture
def handlers(app: Litestar) -> dict[str, HTTPRouteHandler]:
    return {f"{method} {path}": handler for (method, path), handler in described_handlers(app).items()}


def test_every_route_has_its_section_and_no_other_does(handlers: dict[str, HTTPRouteHandler]) -> None:
    assert sorted(SECTIONS) == sorted(handlers) == ROUTES
    assert PATH in TEXT


def test_every_code_stands_in_the_table() -> None:
    rows = {
        code: int(status)
        for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \| \S.*\|$", TEXT, re.MULTILINE)
    }
    assert rows == {code: known.status for code, known in TABLE.items()}


def test_every_parameter_and_field_is_named(handlers: dict[str, HTTPRouteHandler]) -> None:
    for name, handler in handlers.items():
        section = SECTIONS[name]
        for parameter, field in handler.parsed_fn_signature.parameters.items():
            if isinstance(field.kwarg_definition, ParameterKwarg) and parameter not in {"call", "question"}:
                # A header is written otherwise than the argument that takes it.
                written = field.kwarg_definition.name or parameter
                assert written in section + name, (name, parameter)
        if "question" in handler.parsed_fn_signature.parameters:
            assert "[window and filters](#window-and-filters)" in section, name
            for parameter in query_parameters(handler):
                assert f"`{parameter}`" in section + FILTERS, (name, parameter)
        if handler.parsed_data_field is not None:
            for field_name in fields_of(handler.parsed_data_field.annotation):
                # What a post is made of is told once, where most posts come from.
                assert field_name in section + SECTIONS["POST /v1/ingest"], (name, field_name)


def fields_of(kind: Any) -> set[str]:
    """Names of a struct's fields, and of the fields of structs inside."""
    _, schemas = msgspec.json.schema_components([kind])
    return {name for schema in schemas.values() for name in schema["properties"]}


def test_the_problems_of_a_route_are_those_it_declares(handlers: dict[str, HTTPRouteHandler]) -> None:
    for name, handler in handlers.items():
        declared = {
            code
            for spec in (handler.responses or {}).values()
            for code in re.findall(r"`(\w+)`", spec.description)
        }
        (line,) = re.findall(r"^Problems: (.*?)\.$", SECTIONS[name], re.MULTILINE | re.DOTALL)
        assert set(re.findall(r"`(\w+)`", line)) == declared, name


def test_every_example_is_an_answer_of_its_route(handlers: dict[str, HTTPRouteHandler]) -> None:
    for name, handler in handlers.items():
        if name == "GET /":
            continue
        ((request, answer),) = re.findall(
            r"```http\n(.*?)\n```\n\n```json\n(.*?)\n```", SECTIONS[name], re.DOTALL
        )
        kind = handler.parsed_fn_signature.return_type.annotation
        decoded = msgspec.json.decode(answer, type=kind)
        assert json.loads(msgspec.json.encode(decoded)) == json.loads(answer), name
        head, _, body = request.partition("\n\n")
        method, path = head.splitlines()[0].split()
        assert f"{method} {path.split('?')[0]}" == name or "{" in name
        if handler.parsed_data_field is not None:
            msgspec.json.decode(body, type=handler.parsed_data_field.annotation)
        else:
            assert not body
