"""What stands at the end of docs/write-a-provider.md: metrics, types of posts, faults, fields."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import NamedTuple, get_args

from msgspec import Struct

from afterpost.domain.posts import _LEARNING_TYPE, learning_type
from afterpost.emulator import Fault, LoggedRequest, Request, Response, WorldAccount, WorldPost
from afterpost.emulator.faults import PlatformFault, ShapeFault, WireFault
from afterpost.sdk import (
    ACCOUNT_METRICS,
    CANONICAL,
    CUMULATIVE,
    AccountProfile,
    AccountReading,
    Call,
    Credential,
    CredentialField,
    Measured,
    MetricSpec,
    Page,
    PostInfo,
    ProviderError,
    Reading,
)
from afterpost.testing.conformance.lab import Lab
from tests.inventory import ROOT

SDK: tuple[type[Struct], ...] = (
    Call,
    Credential,
    CredentialField,
    AccountProfile,
    AccountReading,
    PostInfo,
    Page,
    Reading,
    Measured,
    MetricSpec,
)
EMULATOR: tuple[type[Struct], ...] = (WorldAccount, WorldPost, Request, Response, Fault, LoggedRequest)


class Field(NamedTuple):
    """A field as it is written down, and the sentence below it, if any."""

    name: str
    type: str
    default: str
    """Empty where it has to be given."""
    said: str


def tables() -> str:
    """All of it."""
    parts = [metrics(), types()]
    parts += [described(f"sdk.{kind.__name__}", kind, fields_of(kind)) for kind in SDK]
    parts.append(described("sdk.ProviderError", ProviderError, arguments_of(ProviderError)))
    parts += [described(kind.__name__, kind, fields_of(kind)) for kind in EMULATOR]
    return "\n".join([*parts, faults()])


def faults() -> str:
    """What can go wrong, by whose business it is."""
    rows = [
        f"- {whose}: {', '.join(f'`{name}`' for name in get_args(kinds))}"
        for whose, kinds in (
            ("worded by the dialect's `fault`", PlatformFault),
            ("something left out of a right answer, by the dialect's `shape`", ShapeFault),
            ("the same everywhere, by the engine", WireFault),
        )
    ]
    return "\n".join(["### Kinds of faults\n", *rows, ""])


def metrics() -> str:
    """Every canonical name, and what the networks of this house call it."""
    names = sorted(path.parent.name for path in ROOT.glob("packages/providers/*/pyproject.toml"))
    declared = [Lab(name).declared for name in names if name != "sample"]
    found: dict[str, list[str]] = {}
    for one in declared:
        for spec in (*one.metrics, *one.account_metrics):
            native = f"{one.display_name} `{spec.native}`"
            if native not in found.setdefault(spec.name, []):
                found[spec.name].append(native)
    rows = [
        f"| `{name}` | {_what(name)} | {', '.join(found.get(name, ())) or 'none of ours'} |"
        for name in (*CANONICAL, *ACCOUNT_METRICS)
    ]
    return "\n".join(
        [
            "### Canonical metrics: `sdk.CANONICAL` and `sdk.ACCOUNT_METRICS`\n",
            "| name | is | what our networks call it |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _what(name: str) -> str:
    """Of what it is a number."""
    if name in ACCOUNT_METRICS:
        return "of the account"
    unit = ", in seconds" if name.endswith("_seconds") else ""
    return f"lifetime counter{unit}" if name in CUMULATIVE else f"level{unit}"


def types() -> str:
    """Which words for a type of posts are more than words."""
    groups: dict[str, list[str]] = {}
    for word in _LEARNING_TYPE:
        groups.setdefault(learning_type(word), []).append(f"`{word}`")
    rows = [f"| {', '.join(words)} | {kind} |" for kind, words in groups.items()]
    return "\n".join(
        [
            "### Types of posts: `content_type`\n",
            "Any word of lower-case letters, digits and `_`, a letter first, up to 32 of them. Where",
            "Afterpost learns, some are one:\n",
            "| content type | learned from as |",
            "|---|---|",
            *rows,
            f"| any other | {learning_type('text')} |",
            "",
        ]
    )


def described(title: str, kind: type, fields: Iterator[Field]) -> str:
    """A class: what it is, and its fields, a line each; what has no `=` must be given."""
    rows = []
    for one in fields:
        default = f" = {one.default}" if one.default else ""
        rows.append(f"- `{one.name}: {one.type}{default}`" + (f": {one.said}" if one.said else ""))
    return "\n".join([f"### `{title}`\n", inspect.getdoc(kind) or "", "", *rows, ""])


def fields_of(kind: type[Struct]) -> Iterator[Field]:
    """The fields of a struct, from its source: there a type reads as somebody wrote it."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    module = inspect.getmodule(kind)
    assert isinstance(body, ast.ClassDef)
    for at, part in enumerate(body.body):
        if isinstance(part, ast.AnnAssign):
            default = ast.unparse(part.value) if part.value is not None else ""
            if isinstance(part.value, ast.Name):  # a constant, whose value says more
                default = repr(getattr(module, part.value.id))
            after = body.body[at + 1] if at + 1 < len(body.body) else None
            yield Field(ast.unparse(part.target), _type(part.annotation), default, _said(after))


def arguments_of(kind: type) -> Iterator[Field]:
    """The arguments with which it is made."""
    (made,) = ast.parse(textwrap.dedent(inspect.getsource(kind.__init__))).body  # type: ignore[misc]
    assert isinstance(made, ast.FunctionDef)
    for argument in made.args.args[1:]:
        assert argument.annotation is not None
        yield Field(argument.arg, _type(argument.annotation), "", "")
    for argument, value in zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True):
        assert argument.annotation is not None
        yield Field(argument.arg, _type(argument.annotation), ast.unparse(value) if value else "", "")


def _type(annotation: ast.expr) -> str:
    """As it is written, without quotes around a name."""
    return str(annotation.value) if isinstance(annotation, ast.Constant) else ast.unparse(annotation)


def _said(after: ast.stmt | None) -> str:
    """The sentence below a field."""
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
        return " ".join(str(after.value.value).split())
    return ""
