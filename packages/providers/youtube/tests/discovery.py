"""Google's machine-readable description of the YouTube API, as far as checking needs it."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[5] / "shared" / "contracts" / "youtube"
MISSING = "the platform's own description and samples are not beside this checkout"


class Discovery:
    """The description: its `list` methods and schemas."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = json.loads((CONTRACTS / "youtube.v3.json").read_text())

    def method(self, path: str) -> dict[str, Any]:
        """The GET method with this path."""
        for resource in self._document["resources"].values():
            for method in resource.get("methods", {}).values():
                if "/" + method["path"] == path and method["httpMethod"] == "GET":
                    return dict(method)
        raise AssertionError(f"the description has no GET {path}")

    def parameters(self, path: str) -> Mapping[str, Mapping[str, Any]]:
        """Every query parameter of a method, those of all methods included."""
        return {**self._document["parameters"], **self.method(path)["parameters"]}

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
        return self._faults(self.method(path)["response"], answer, "$")

    def _faults(self, schema: Mapping[str, Any], value: Any, at: str) -> list[str]:
        if "$ref" in schema:
            schema = self._document["schemas"][schema["$ref"]]
        kind = schema.get("type")
        if kind == "object":
            if not isinstance(value, dict):
                return [f"{at} is no object"]
            properties, faults = schema.get("properties", {}), []
            for name, part in value.items():
                if name in properties:
                    faults += self._faults(properties[name], part, f"{at}.{name}")
                else:
                    faults.append(f"{at}.{name} is unknown")
            return faults
        if kind == "array":
            if not isinstance(value, list):
                return [f"{at} is no array"]
            return [
                fault
                for place, part in enumerate(value)
                for fault in self._faults(schema["items"], part, f"{at}[{place}]")
            ]
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
