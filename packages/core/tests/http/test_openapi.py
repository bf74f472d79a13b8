"""The description of the API: whole, consistent, and true."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.http.errors import MEDIA_TYPE, TABLE
from afterpost.http.openapi import described_handlers
from packages.core.tests.http.calls import VALID

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(client: TestClient[Litestar]) -> Any:
    response = client.get("/schema/openapi.json", headers={"Authorization": ""})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json"
    return response.json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield method.upper(), path, operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_route_is_described(document: Any) -> None:
    described = {(method, path) for method, path, _ in operations(document)}
    assert described == set(VALID)
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Afterpost"


def test_every_reference_leads_somewhere(document: Any) -> None:
    schemas = document["components"]["schemas"]
    used = set(references(document))
    assert used == {f"#/components/schemas/{name}" for name in schemas}


def test_every_operation_says_what_it_does_and_answers(document: Any) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        responses = operation["responses"]
        good = [status for status in responses if status.startswith("2")]
        assert len(good) == 1, (method, path)
        kind = "text/html; charset=utf-8" if path == "/" else "application/json"
        assert set(responses[good[0]]["content"]) <= {kind, "text/html"}
        named = {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        assert named == {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        for parameter in operation.get("parameters", []):
            assert parameter["schema"].get("description"), (path, parameter["name"])


OPEN = {"/health/live", "/health/ready", "/v1/sign-in", "/v1/connect/{platform}/callback"}


def test_every_problem_of_an_operation_is_described(document: Any) -> None:
    seen = set()
    for method, path, operation in operations(document):
        keyed = path not in OPEN
        expected = {400, 500} | ({401, 403} if keyed else set()) | ({413} if method != "GET" else set())
        problems = {int(s): r for s, r in operation["responses"].items() if not s.startswith("2")}
        assert expected <= set(problems), (method, path)
        assert ("{" in path) <= (404 in problems), (method, path)
        for status, response in problems.items():
            assert response["content"] == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            codes = {part.split("`")[1] for part in response["description"].split("; ")}
            assert {TABLE[code].status for code in codes} == {status}
            seen |= codes
    # The rest belongs to no single operation.
    assert set(TABLE) - seen == {"method_not_allowed", "provider_error"}


def test_what_needs_the_key_says_so(document: Any) -> None:
    for _, path, operation in operations(document):
        scheme = None if path in OPEN else "page" if path == "/" else "key"
        assert operation.get("security") == (None if scheme is None else [{scheme: []}]), path
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["scheme"] for name, scheme in schemes.items()} == {"key": "bearer", "page": "basic"}


def test_every_input_is_closed_and_bounded(document: Any) -> None:
    """No struct that comes in takes unknown fields, and no text or number in it is without bounds."""
    schemas = document["components"]["schemas"]
    inputs = {
        ref.rsplit("/", 1)[1]
        for _, _, operation in operations(document)
        for ref in references(operation.get("requestBody", {}))
    }
    while True:
        more = inputs | {ref.rsplit("/", 1)[1] for name in inputs for ref in references(schemas[name])}
        if more == inputs:
            break
        inputs = more
    assert inputs == {
        "NewPost",
        "PostEdit",
        "NewAccount",
        "NewBrand",
        "IngestBody",
        "IngestPost",
        "CreativeLinks",
        "ManualBody",
        "ManualPost",
    }
    for name in inputs:
        assert schemas[name]["additionalProperties"] is False, name
        for field, schema in schemas[name]["properties"].items():
            for leaf in leaves(schema):
                if leaf.get("type") == "string":
                    bounded = {"maxLength", "pattern", "enum", "format"} & set(leaf)
                    assert bounded, (name, field)
                if leaf.get("type") == "integer" and field != "metrics":  # bounded by kind, in the route
                    assert {"minimum", "maximum"} <= set(leaf), (name, field)


def leaves(schema: Any) -> Iterator[Any]:
    yield schema
    for part in schema.get("anyOf", []):
        yield from leaves(part)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from leaves(schema[key])


def test_no_output_can_hold_a_secret(document: Any) -> None:
    schemas = document["components"]["schemas"]
    outputs = set(schemas) - {"NewAccount"}
    for name in outputs:
        fields = set(schemas[name].get("properties", {}))
        assert not fields & {"credential", "secret", "token", "password", "api_key", "organization_id"}, name


def test_answers_are_as_described(app: Litestar, client: TestClient[Litestar]) -> None:
    """What a route really sends decodes into what it declares, field for field."""
    for (method, path), handler in described_handlers(app).items():
        kind = handler.parsed_fn_signature.return_type.annotation
        if method == "GET" and "{" not in path and path != "/":
            response = client.get(path)
            assert response.status_code == 200
            decoded = msgspec.json.decode(response.content, type=kind)
            assert json.loads(msgspec.json.encode(decoded)) == response.json()
