"""Bluesky's lexicons, as far as checking needs them: parameters of queries, and the form of answers."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[5] / "shared" / "contracts" / "bluesky"
LEXICONS = CONTRACTS / "lexicons"
MISSING = "the platform's own lexicons and recorded answers are not beside this checkout"

FORMATS = {
    "at-uri": r"at://did:[a-z]+:[A-Za-z0-9._:%-]+/[a-zA-Z.]+/[A-Za-z0-9._:~-]{1,512}",
    "at-identifier": r"did:[a-z]+:[A-Za-z0-9._:%-]+|([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{0,62}",
    "did": r"did:[a-z]+:[A-Za-z0-9._:%-]+",
    "handle": r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
    "cid": r"[a-z0-9]{50,}",
    "uri": r"[a-z][a-z0-9+.-]*:\S+",
}


@cache
def lexicon(name: str) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((LEXICONS / (name.replace(".", "/") + ".json")).read_text())["defs"]
    return found


def query_faults(method: str, query: list[tuple[str, str]]) -> list[str]:
    """What is wrong with a query: unknown, missing, repeated, or out of range."""
    parameters = lexicon(method)["main"].get("parameters", {})
    known: Mapping[str, Any] = parameters.get("properties", {})
    given = [name for name, _ in query]
    faults = [f"{name} is unknown" for name in given if name not in known]
    faults += [f"{name} is missing" for name in parameters.get("required", ()) if name not in given]
    for name in sorted(set(given) & known.keys()):
        spec, values = known[name], [value for key, value in query if key == name]
        if spec["type"] == "array":
            if len(values) > spec["maxLength"]:
                faults.append(f"{name} has too many")
            spec = spec["items"]
        elif len(values) > 1:
            faults.append(f"{name} is repeated")
        for value in values:
            if spec["type"] == "integer":
                good = value.isdigit() and spec["minimum"] <= int(value) <= spec["maximum"]
            elif spec["type"] == "boolean":
                good = value in ("true", "false")
            else:
                form = FORMATS.get(spec.get("format", ""), ".*")
                good = re.fullmatch(form, value) is not None
                good = good and value in spec.get("knownValues", [value])
            if not good:
                faults.append(f"{name} can't be {value}")
    return faults


def answer_faults(method: str, answer: Any) -> list[str]:
    """What is wrong with an answer: fields that the lexicon lacks or demands, or values of another type."""
    return _faults(lexicon(method)["main"]["output"]["schema"], answer, method, "$")


def input_faults(method: str, body: Any) -> list[str]:
    """What is wrong with what a procedure is sent."""
    return _faults(lexicon(method)["main"]["input"]["schema"], body, method, "$")


def record_faults(record: Any) -> list[str]:
    """What is wrong with a post's record."""
    return _faults(lexicon("app.bsky.feed.post")["main"]["record"], record, "app.bsky.feed.post", "$")


def _faults(schema: Mapping[str, Any], value: Any, home: str, at: str) -> list[str]:
    kind = schema["type"]
    if kind == "unknown":
        return [] if isinstance(value, dict) else [f"{at} is no object"]
    if kind == "ref":
        return _referred(schema["ref"], value, home, at)
    if kind == "union":
        named = str(value.get("$type")) if isinstance(value, dict) else ""
        full = [ref if not ref.startswith("#") else home + ref for ref in schema["refs"]]
        return _referred(named, value, home, at) if named in full else [f"{at} is none of {full}"]
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        faults = [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, part in value.items():
            if name == "$type":
                continue
            if name not in schema["properties"]:
                faults.append(f"{at}.{name} is unknown")
            else:
                faults += _faults(schema["properties"][name], part, home, f"{at}.{name}")
        return faults
    if kind == "array":
        if not isinstance(value, list):
            return [f"{at} is no array"]
        return [
            fault
            for place, part in enumerate(value)
            for fault in _faults(schema["items"], part, home, f"{at}[{place}]")
        ]
    if kind == "blob":
        whole = isinstance(value, dict) and value.keys() == {"$type", "ref", "mimeType", "size"}
        if not whole or value["$type"] != "blob" or not re.fullmatch(FORMATS["cid"], value["ref"]["$link"]):
            return [f"{at} is no blob"]
        taken = any(fnmatch(value["mimeType"], pattern) for pattern in schema["accept"])
        return [] if taken and 0 < value["size"] <= schema["maxSize"] else [f"{at} is a blob of another kind"]
    types: dict[str, type] = {"string": str, "integer": int, "boolean": bool}
    if type(value) is not types[kind]:
        return [f"{at} is no {kind}: {value!r}"]
    if schema.get("format") == "datetime" and datetime.fromisoformat(str(value)).tzinfo is None:
        return [f"{at} is no instant: {value!r}"]
    form = FORMATS.get(schema.get("format", ""))
    if form and not re.fullmatch(form, str(value)):
        return [f"{at} is no {schema['format']}: {value!r}"]
    return []


def _referred(ref: str, value: Any, home: str, at: str) -> list[str]:
    name, _, part = ref.partition("#")
    name = name or home
    return _faults(lexicon(name)[part or "main"], value, name, at)
