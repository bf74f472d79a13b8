"""What is installed beside core adds to it and changes nothing of it: code, description, tables, answers."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from afterpost.api import create_app
from afterpost.app import BUILTIN
from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.http.openapi import described
from afterpost.loading import build_plugins
from afterpost.services.catalogue import add_organization
from afterpost.services.core import Core, open_core
from afterpost_ee import row_security
from packages.core.tests.databases import POSTGRESQL
from packages.core.tests.house import Clock, at, settings_in, tell, told
from tests.running import ROOT, environment

INSTALLED = tuple(entry_points(group="afterpost.plugins"))
PATCHER = """
import afterpost.services.weekly
from afterpost import hookimpl


@hookimpl
def register_panels(context):
    afterpost.services.weekly.weekly = lambda *a, **k: None
    afterpost.services.core.Core.patched = True
    return []
"""


def fingerprint(folder: Path, **more: str) -> Any:
    """What `fingerprint.py` says in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "tests" / "fingerprint.py")],
        env=environment(folder) | {"AFTERPOST_DATABASE_URL": f"sqlite:///{folder / 'a.db'}"} | more,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def opened(folder: Path, installed: tuple[EntryPoint, ...], name: str = "core") -> Core:
    """An installation with core's own plugins and these."""
    settings = msgspec.structs.replace(settings_in(folder, name), collect=False)
    return open_core(settings, build_plugins(settings, BUILTIN, installed=installed), clock=Clock())


# --- code ---


def test_no_object_of_core_is_changed_by_any_plugin(tmp_path: Path) -> None:
    found = fingerprint(tmp_path)
    assert found["changed"] == []
    assert found["compared"] > 10_000
    assert set(found["plugins"]) >= {"afterpost_ee", "afterpost_sample", "afterpost_youtube"}


def test_a_plugin_that_patches_is_caught(tmp_path: Path) -> None:
    dist = tmp_path / "patcher-1.0.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: patcher\nVersion: 1.0\n")
    (dist / "entry_points.txt").write_text("[afterpost.plugins]\npatcher = afterpost_patcher\n")
    package = tmp_path / "afterpost_patcher"
    package.mkdir()
    (package / "__init__.py").write_text(PATCHER)
    found = fingerprint(tmp_path, PYTHONPATH=str(tmp_path))
    assert {"afterpost.services.weekly.weekly", "afterpost.services.core.Core.patched"} <= set(
        found["changed"]
    )


# --- description ---


def document(core: Core) -> dict[str, Any]:
    """The OpenAPI description as it is served."""
    app = create_app(core)
    found: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(described(app, app.openapi_schema.to_schema()))
    )
    core.database.close()
    return found


def test_the_description_of_core_stays_and_what_is_new_is_under_x(tmp_path: Path) -> None:
    alone, together = document(opened(tmp_path, (), "a")), document(opened(tmp_path, INSTALLED, "b"))
    new = together["paths"].keys() - alone["paths"].keys()
    assert new
    assert all(path.startswith("/v1/x/") for path in new)
    assert {path: together["paths"][path] for path in alone["paths"]} == alone["paths"]
    schemas = alone["components"]["schemas"]
    assert {name: together["components"]["schemas"][name] for name in schemas} == schemas
    assert together["info"] == alone["info"]


# --- tables ---


def _told(index: Any) -> str:
    """An index in words; which rows it has comes as an object that is another one each time."""
    return str({**index, "dialect_options": {n: str(v) for n, v in index["dialect_options"].items()}})


def shape(core: Core) -> dict[str, Any]:
    """Table -> columns, keys and indexes, as the database has them."""
    with core.database.read() as connection:
        inspector = sa.inspect(connection)
        return {
            table: [
                [
                    (c["name"], str(c["type"]), c["nullable"], c["default"])
                    for c in inspector.get_columns(table)
                ],
                inspector.get_pk_constraint(table)["constrained_columns"],
                sorted(_told(index) for index in inspector.get_indexes(table)),
                sorted(str(key) for key in inspector.get_foreign_keys(table)),
            ]
            for table in inspector.get_table_names()
            for columns in (inspector.get_columns(table),)
        }


@pytest.mark.filterwarnings(
    # SQLAlchemy does not reflect an index over an expression of SQLite, and says so.
    "ignore:Skipped unsupported reflection of expression-based index ix_posts_alike"
)
def test_the_tables_of_core_stay_and_what_is_new_is_the_plugins(tmp_path: Path) -> None:
    plain, joined = opened(tmp_path, (), "a"), opened(tmp_path, INSTALLED, "b")
    alone, together = shape(plain), shape(joined)
    plain.database.close()
    joined.database.close()
    assert {table: together[table] for table in alone} == alone
    names = [point.name for point in INSTALLED]
    for table in together.keys() - alone.keys():
        own = [name for name in names if table.startswith((f"{name}_", f"alembic_version_{name}"))]
        assert own, table


# --- answers ---

READS = (
    "/v1/analytics/overview",
    "/v1/posts",
    "/v1/posts/1",
    "/v1/posts/1/analytics",
    "/v1/posts/1/observations",
    "/v1/brands",
    "/v1/accounts",
    "/v1/panels",
    "/v1/sign-in",
    "/v1/content-performance/summary/weekly",
    "/v1/content-performance/analytics-sync/status",
    "/health/ready",
)


def answers(folder: Path, installed: tuple[EntryPoint, ...], name: str) -> dict[str, bytes]:
    """What every reading route says of the same few posts.

    They are on a network that no plugin knows: of another an answer tells how its provider defines numbers.
    """
    core = opened(folder, installed, name)
    first = told("a", at("2026-11-18"), {"views": 5, "likes": 1}, title="First", platform="tube")
    tell(core, first, brand="North")
    tell(
        core,
        told("a", at("2026-11-20"), {"views": 9, "likes": 2}, platform="tube"),
        told("b", at("2026-11-20"), {"views": 3}, platform="tube"),
    )
    key = {"Authorization": f"Bearer {core.settings.api_key}"}
    with TestClient(create_app(core)) as client:
        said = {path: client.get(path, headers=key) for path in READS}
    assert {path: answer.status_code for path, answer in said.items()} == dict.fromkeys(READS, 200)
    return {path: answer.content for path, answer in said.items()}


def test_a_single_tenant_is_answered_the_same_with_everything_installed(tmp_path: Path) -> None:
    assert answers(tmp_path, INSTALLED, "b") == answers(tmp_path, (), "a")


def test_a_database_is_read_on_after_every_plugin_was_uninstalled(tmp_path: Path) -> None:
    before = answers(tmp_path, INSTALLED, "one")
    if POSTGRESQL:
        with pytest.raises(Misconfigured, match="post_analytics"):
            opened(tmp_path, (), "one")
        detach(opened(tmp_path, INSTALLED, "one"))
    core = opened(tmp_path, (), "one")
    key = {"Authorization": f"Bearer {core.settings.api_key}"}
    with TestClient(create_app(core)) as client:
        for path, content in before.items():
            assert client.get(path, headers=key).content == content, path
        stored = client.post(
            "/v1/ingest",
            headers=key,
            json={"posts": [{"platform": "tube", "external_id": "n", "metrics": {"views": 1}}]},
        )
        assert stored.status_code == 200


def detach(core: Core) -> None:
    """What `afterpost ee detach --yes` does; packages/ee/tests runs the command itself."""
    with core.transaction(Scope.default(), SYSTEM) as tx:
        for statement in (*row_security.DETACH, row_security.FORGET):
            tx.connection.execute(sa.text(statement))
    core.database.close()


def test_several_organisations_are_not_shown_to_everyone_with_the_key(tmp_path: Path) -> None:
    core = opened(tmp_path, ())
    add_organization(core, Scope.default(), SYSTEM, "Other")
    core.database.close()
    with pytest.raises(Misconfigured, match="2 organisations") as caught:
        opened(tmp_path, ())
    assert "AFTERPOST_ACCEPT=several_organizations" in (caught.value.hint or "")
    settings = msgspec.structs.replace(settings_in(tmp_path), accept=("several_organizations",))
    open_core(settings, build_plugins(settings, {}, installed=[]), clock=Clock()).database.close()
