"""Google's machine-readable descriptions of the two YouTube APIs, as far as checking needs them."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[5] / "shared" / "contracts" / "youtube"
MISSING = "the platform's own description and samples are not beside this checkout"


FILES = ("youtube.v3.json", "youtubeAnalytics.v2.json")

_REQUIRED = re.compile(r"\brequired: true\b")
_PATTERN = re.compile(r"\bpattern: \"?([^\s\"]+)")


class Discovery:
    """The descriptions: their methods that read, and their schemas."""

    def __init__(self) -> None:
        self._documents: list[dict[str, Any]] = [json.loads((CONTRACTS / name).read_text()) for name in FILES]

    def host(self, path: str) -> str:
        """The host that a path is asked for at."""
        return str(self._document(path)["rootUrl"]).removeprefix("https://").rstrip("/")

    def method(self, path: str) -> dict[str, Any]:
        """The GET method with this path."""
        return dict(_method(self._document(path), path) or {})

    def _document(self, path: str) -> dict[str, Any]:
        for document in self._documents:
            if _method(document, path) is not None:
                return document
        raise AssertionError(f"the descriptions have no GET {path}")

    def parameters(self, path: str) -> Mapping[str, Mapping[str, Any]]:
        """Every query parameter of a method, those of all methods included.

        The Analytics API says in words alone which are required and how they are written.
        """
        found = {**self._document(path)["parameters"], **self.method(path)["parameters"]}
        return {name: _in_words(spec) | spec for name, spec in found.items()}

    def query_faults(self, path: str, query: list[tuple[str, str]]) -> list[str]:
        """What is wrong with a query: unknown, missing, repeated, or out of range."""
        known = self.parameters(path)
        given = [name for name, _ in query]
        faults = [f"{name} is unknown" for name in given if name not in known]
        faults += [
            f"{name} is missing" for name, it in known.items() if it.get("required") and name not in given
        ]
        for name, value in query:
            spec = known.get(name, {})
            if given.count(name) > 1 and not spec.get("repeated"):
                faults.append(f"{name} is repeated")
            if "enum" in spec and value not in spec["enum"]:
                faults.append(f"{name} is none of {spec['enum']}")
            if "pattern" in spec and not re.fullmatch(spec["pattern"], value):
                faults.append(f"{name} is not written as {spec['pattern']}")
            if spec.get("type") == "boolean" and value not in ("true", "false"):
                faults.append(f"{name} is no boolean")
            if spec.get("type") == "integer" and not (
                value.isdigit()
                and int(spec.get("minimum", 0)) <= int(value) <= int(spec.get("maximum", 2**31 - 1))
            ):
                faults.append(f"{name} is out of range")
        return faults

    def answer_faults(self, path: str, answer: Any) -> list[str]:
        """What is wrong with an answer: fields the schema lacks, or values of another type."""
        return self._faults(self._document(path), self.method(path)["response"], answer, "$")

    def _faults(
        self, document: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: str
    ) -> list[str]:
        if "$ref" in schema:
            schema = document["schemas"][schema["$ref"]]
        kind = schema.get("type")
        if kind == "object":
            if not isinstance(value, dict):
                return [f"{at} is no object"]
            properties, faults = schema.get("properties", {}), []
            for name, part in value.items():
                if name in properties:
                    faults += self._faults(document, properties[name], part, f"{at}.{name}")
                else:
                    faults.append(f"{at}.{name} is unknown")
            return faults
        if kind == "array":
            if not isinstance(value, list):
                return [f"{at} is no array"]
            return [
                fault
                for place, part in enumerate(value)
                for fault in self._faults(document, schema["items"], part, f"{at}[{place}]")
            ]
        if kind == "any":
            # A cell: what it may hold, the column says.
            return [f"{at} is no cell: {value!r}"] if isinstance(value, dict | list) else []
        types: dict[str, type | tuple[type, ...]] = {
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": (int, float),
        }
        if not isinstance(value, types[str(kind)]) or (kind == "integer" and isinstance(value, bool)):
            return [f"{at} is no {kind}: {value!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{at} is none of {schema['enum']}: {value!r}"]
        if schema.get("format") == "uint64" and not (
            re.fullmatch("[0-9]{1,20}", str(value)) and int(str(value)) < 2**64
        ):
            return [f"{at} is no uint64 in a string: {value!r}"]
        if schema.get("format") == "date-time" and datetime.fromisoformat(str(value)).tzinfo is None:
            return [f"{at} is no instant: {value!r}"]
        return []


def _method(document: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    for resource in document["resources"].values():
        for method in resource.get("methods", {}).values():
            if "/" + method["path"] == path and method["httpMethod"] == "GET":
                found: Mapping[str, Any] = method
                return found
    return None


def _in_words(spec: Mapping[str, Any]) -> dict[str, Any]:
    said = spec.get("description", "")
    pattern = _PATTERN.search(said)
    return ({"required": True} if _REQUIRED.search(said) else {}) | (
        {"pattern": pattern[1]} if pattern is not None else {}
    )
