"""A platform's OpenAPI description, as far as checking requests and answers of a provider needs it."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[2] / "shared" / "contracts"
MISSING = "the platform's own description is not beside this checkout"

Schema = Mapping[str, Any]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


class Description:
    """One description: its operations and schemas.

    Stricter than the description itself: a query parameter, a field of a form and a property that it does not
    have are faults, unless an object has no properties at all or says that it takes others.
    """

    def __init__(self, file: Path) -> None:
        self._document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))

    def operation(self, method: str, path: str) -> tuple[str, Schema]:
        """The path of the description that fits, the most literal one, and its operation."""
        fitting = [
            template
            for template, methods in self._document["paths"].items()
            if method.lower() in methods and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path)
        ]
        if not fitting:
            raise AssertionError(f"the description has no {method} {path}")
        template = min(fitting, key=lambda one: one.count("{"))
        return template, self._document["paths"][template][method.lower()]

    def parameters(self, method: str, path: str) -> Mapping[str, Schema]:
        """Every query parameter of an operation."""
        _, operation = self.operation(method, path)
        found = [self._resolved(one) for one in operation.get("parameters", ())]
        return {one["name"]: one for one in found if one["in"] == "query"}

    def query_faults(self, method: str, path: str, query: Sequence[tuple[str, str]]) -> list[str]:
        """What is wrong with a query: unknown, missing, repeated, or of another form."""
        known = self.parameters(method, path)
        given = [name for name, _ in query]
        faults = [f"{name} is unknown" for name in given if name not in known]
        faults += [
            f"{name} is missing" for name, it in known.items() if it.get("required") and name not in given
        ]
        for name in sorted(set(given) & known.keys()):
            spec, values = known[name], [value for key, value in query if key == name]
            schema = self._resolved(spec["schema"])
            if schema.get("type") == "array":
                if spec.get("explode", True) is False:
                    if len(values) > 1:
                        faults.append(f"{name} is repeated")
                    values = [one for value in values for one in value.split(",")]
                faults += self.faults(schema, values, name)
                continue
            if len(values) > 1:
                faults.append(f"{name} is repeated")
            for value in values:
                faults += self.faults(schema, _typed(schema, value), name)
        return faults

    def answer_faults(self, method: str, path: str, answer: Any, status: int = 200) -> list[str]:
        """What is wrong with an answer."""
        _, operation = self.operation(method, path)
        responses = operation["responses"]
        found = responses.get(str(status)) or responses["default"]
        content = self._resolved(found)["content"]
        schemas = [one["schema"] for one in content.values()]
        return min((self.faults(schema, answer, "$") for schema in schemas), key=len)

    def form_faults(self, schema_name: str, form: Mapping[str, str]) -> list[str]:
        """What is wrong with the fields of a form."""
        return self.faults({"$ref": f"#/components/schemas/{schema_name}"}, dict(form), "form")

    def faults(self, schema: Schema, value: Any, at: str) -> list[str]:
        """What a value has that its schema does not allow."""
        schema = self._resolved(schema)
        if value is None:
            return [] if schema.get("nullable") else [f"{at} is null"]
        named = self._named(schema, value)
        if named is not None:
            return self.faults(named, value, at)
        while len(schema.get("allOf", ())) == 1 and "properties" not in schema:
            # A reference with notes beside it.
            schema = self._resolved(schema["allOf"][0])
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            # `oneOf` is read as `anyOf`: the descriptions have enumerations that overlap.
            return min((self.faults(one, value, at) for one in choices), key=len)
        merged = self._merged(schema)
        kind = merged.get("type") or ("object" if "properties" in merged else None)
        if kind is None:
            return []
        if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            return [f"{at} is no {kind}: {value!r}"]
        if isinstance(value, dict):
            return self._object_faults(merged, value, at)
        if isinstance(value, list):
            faults = [f"{at} has too many"] if len(value) > merged.get("maxItems", len(value)) else []
            faults += [f"{at} has too few"] if len(value) < merged.get("minItems", 0) else []
            for place, part in enumerate(value):
                faults += self.faults(merged.get("items", {}), part, f"{at}[{place}]")
            return faults
        return _scalar_faults(merged, value, at)

    def _object_faults(self, schema: Schema, value: Mapping[str, Any], at: str) -> list[str]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        faults = [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, part in value.items():
            if name in properties:
                faults += self.faults(properties[name], part, f"{at}.{name}")
            elif isinstance(others, dict):
                faults += self.faults(others, part, f"{at}.{name}")
            elif properties and not others:
                faults.append(f"{at}.{name} is unknown")
        return faults

    def _named(self, schema: Schema, value: Any) -> Schema | None:
        """The schema that a value's discriminator names."""
        told = schema.get("discriminator")
        if not told or not isinstance(value, dict):
            return None
        ref = told.get("mapping", {}).get(value.get(told["propertyName"]))
        return {"$ref": ref} if ref else None

    def _merged(self, schema: Schema) -> Schema:
        """A schema with all its `allOf` in one."""
        if "allOf" not in schema:
            return schema
        merged: dict[str, Any] = {"properties": {}, "required": []}
        for part in (*schema["allOf"], {key: one for key, one in schema.items() if key != "allOf"}):
            one = self._merged(self._resolved(part))
            merged["properties"] |= one.get("properties", {})
            merged["required"] = [*merged["required"], *one.get("required", ())]
            merged |= {key: one[key] for key in one if key not in ("properties", "required")}
        return merged if merged["properties"] else {key: merged[key] for key in merged if key != "properties"}

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self._document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            schema = found
        return schema


def _typed(schema: Schema, text: str) -> Any:
    """The value that a text of a query stands for; the text itself where it stands for none."""
    if schema.get("type") == "integer" and re.fullmatch("-?[0-9]+", text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _scalar_faults(schema: Schema, value: Any, at: str) -> list[str]:
    faults = []
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{at} is none of {schema['enum']}: {value!r}")
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        faults.append(f"{at} has another form: {value!r}")
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get(
        "maxLength", 10**9
    ):
        faults.append(f"{at} is too long or too short: {value!r}")
    if not isinstance(value, str) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        faults.append(f"{at} is out of range: {value!r}")
    read = {"date-time": datetime.fromisoformat, "date": date.fromisoformat}.get(schema.get("format", ""))
    if read is not None and isinstance(value, str):
        try:
            read(value)
        except ValueError:
            faults.append(f"{at} is no {schema['format']}: {value!r}")
    return faults
