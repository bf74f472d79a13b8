"""The hook reference of docs/hooks.md, from the specs. `python3 noxfile.py docs -- -r` writes it anew."""

import inspect

from afterpost.hookspecs import FAILURE, Specs

TRIED_BY = {
    "register_providers": "network.py",
    "register_migrations": "ledger_plugin.py",
    "register_routes": "pages.py",
    "register_commands": "pages.py",
    "register_panels": "pages.py",
    "register_billing_reports": "pages.py",
    "register_observers": "ledger_plugin.py",
    "register_guards": "guards.py",
    "unit_of_work": "units.py",
    "lifespan": "pages.py",
    "tenant_policy": "policies.py",
    "access_policy": "policies.py",
    "retention_policy": "policies.py",
    "collection_schedule": "policies.py",
}
"""hook -> the small real plugin in packages/core/tests/plugins that implements it."""
POLICIES = ("tenant_policy", "access_policy", "retention_policy", "collection_schedule")


def hooks() -> list[str]:
    """Every hook, in the order of the specs."""
    return [name for name in vars(Specs) if not name.startswith("_")]


def signature(name: str) -> str:
    """A hook's signature as it is written down."""
    spec = inspect.signature(getattr(Specs, name))
    taken = [f"{p.name}: {p.annotation}" for p in spec.parameters.values() if p.name != "self"]
    return f"def {name}({', '.join(taken)}) -> {spec.return_annotation}: ..."


def section(name: str) -> str:
    """What the page says of one hook."""
    said = inspect.getdoc(getattr(Specs, name)) or ""
    return (
        f"### `{name}`\n\n```python\n{signature(name)}\n```\n\n{said}\n\n"
        f"If it fails: {FAILURE[name].value[0].lower()}{FAILURE[name].value[1:]}\n\n"
        f"Example: `packages/core/tests/plugins/{TRIED_BY[name]}`\n"
    )


def collections() -> str:
    """The hooks that every plugin may answer."""
    return "\n".join(section(name) for name in hooks() if name not in POLICIES)


def policies() -> str:
    """The hooks that one plugin may answer."""
    return "\n".join(section(name) for name in hooks() if name in POLICIES)
