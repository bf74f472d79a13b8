"""What holds for the code as a whole: scopes everywhere, one schema, a pure domain."""

import ast
import inspect
import pkgutil
import sys
import typing
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import afterpost.domain
import afterpost.services
import afterpost.storage
from afterpost import hookimpl
from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import Scope
from afterpost.sdk import Migrations
from afterpost.services.core import Core
from afterpost.storage import dialect, versions
from afterpost.storage.engine import Database
from afterpost.storage.migrate import FIRST as FIRST_SCHEMA
from afterpost.storage.migrate import SchemaState, migrate, revision_of, schema_state
from afterpost.storage.tables import metadata
from afterpost.storage.transaction import Transactions, Tx
from packages.core.tests.databases import on_a_file
from packages.core.tests.house import EVERYTHING, MakeCore, at, settings_in, tell, told

# --- scopes ---

DATA = (sa.Connection, Database)
UNSCOPED = {
    dialect.bulk: "writes the rows that a function with a scope hands to it",
    dialect.home: "asks for the name of a schema, which is everyone's",
    dialect.only_read: "takes a right away",
    dialect.take_turn: "waits, and touches no row",
    dialect.wait_for_writers: "waits, and touches no row",
    dialect.insert_new: "makes a statement for the connection's dialect, and runs none",
    versions.wrote: "asks what a watched connection noted down, and no database",
    Transactions.__init__: "keeps the database; each transaction it opens has a scope",
    Transactions.on: "makes the same for another database",
}


def public_functions() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every public function and method of the storage modules, by its dotted name."""
    for info in pkgutil.walk_packages(afterpost.storage.__path__, "afterpost.storage."):
        if ".migrations" in info.name:
            continue
        module = import_module(info.name)
        for name, member in vars(module).items():
            if name.startswith("_") or getattr(member, "__module__", None) != info.name:
                continue
            if inspect.isfunction(member):
                yield f"{info.name}.{name}", member
            elif inspect.isclass(member):
                for method, function in vars(member).items():
                    if inspect.isfunction(function) and (method == "__init__" or not method.startswith("_")):
                        yield f"{info.name}.{name}.{method}", function


def takes(function: Callable[..., object], *kinds: type) -> bool:
    """True when one of its arguments is, or may be, one of these."""
    hints = typing.get_type_hints(inspect.unwrap(function))
    given = [hint for name, hint in hints.items() if name != "return"]
    return any(kind is one for hint in given for one in (hint, *typing.get_args(hint)) for kind in kinds)


def test_every_storage_function_that_touches_data_takes_a_scope() -> None:
    functions = {name: function for name, function in public_functions() if takes(function, *DATA)}
    assert len(functions) > 50
    without = {name: f for name, f in functions.items() if not takes(f, Scope, Tx)}
    assert set(without.values()) == set(UNSCOPED)


def test_the_walk_sees_functions_behind_decorators_and_in_classes() -> None:
    names = dict(public_functions())
    assert takes(names["afterpost.storage.transaction.Transactions.write"], Scope)
    assert takes(names["afterpost.storage.transaction.Tx.__init__"], *DATA)
    assert not takes(names["afterpost.storage.scoping.within"], *DATA)


def test_facts_are_read_and_written_only_where_units_of_work_join() -> None:
    """`database.read()` and its engines are for questions about the schema, which is everyone's."""
    found = set()
    for info in pkgutil.iter_modules(afterpost.services.__path__, "afterpost.services."):
        tree = ast.parse(inspect.getsource(import_module(info.name)))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr in {"read", "writer", "reader"}:
                    owner = node.value
                    if isinstance(owner, ast.Attribute | ast.Name) and "database" in ast.unparse(owner):
                        found.add(f"{info.name.rpartition('.')[2]}.{function.name}")
    assert found == {"standing.schemas_behind", "status.schema_states"}


# --- the schema ---


@pytest.mark.filterwarnings(
    # SQLAlchemy does not reflect an index over an expression of SQLite, and says so; then Alembic does.
    "ignore:Skipped unsupported reflection of expression-based index ix_posts_alike",
    "ignore:autogenerate skipping metadata-specified expression-based index 'ix_posts_alike'",
)
def test_the_migrations_make_the_tables_that_the_code_knows(core: Core) -> None:
    with core.database.writer.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("revision", ["0009", "first_0123456789ab"])
def test_a_database_of_before_the_first_release_is_refused_and_left_as_it_is(
    core: Core, revision: str
) -> None:
    with core.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    with pytest.raises(Misconfigured, match=f"before its first release .schema {revision}.") as refused:
        migrate(core.database, EVERYTHING, {})
    assert "empty directory" in (refused.value.hint or "")
    with core.database.read() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    assert found == revision


def test_the_first_schema_is_named_by_its_tables() -> None:
    """So that two states of it never pass for one."""
    copy, other = (sa.MetaData(naming_convention=metadata.naming_convention) for _ in range(2))
    for table in metadata.sorted_tables:
        table.to_metadata(copy)
        table.to_metadata(other)
    assert revision_of(copy) == revision_of(other)
    other.tables["brands"].append_column(sa.Column("more", sa.Integer))
    assert revision_of(copy) != revision_of(other)
    assert revision_of(metadata) == FIRST_SCHEMA


@on_a_file
@pytest.mark.parametrize(
    ("words", "option", "meant"),
    [("WITHOUT ROWID", "with_rowid", False), ("AUTOINCREMENT", "autoincrement", True)],
)
def test_the_migrations_make_them_of_the_same_kind(core: Core, words: str, option: str, meant: bool) -> None:
    """Alembic does not compare these."""
    with core.database.read() as connection:
        made = connection.exec_driver_sql(f"SELECT name FROM sqlite_master WHERE sql LIKE '%{words}%'")
        found = set(made.scalars())
    known = {t.name for t in metadata.sorted_tables if t.dialect_options["sqlite"][option] is meant}
    assert found == known
    assert len(known) > 5


def test_primary_keys_and_their_order_are_the_same(core: Core) -> None:
    """What lies together on disk depends on the order; Alembic does not compare that either."""
    with core.database.read() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            made = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert made == [column.name for column in table.primary_key.columns], table.name


def test_every_fact_names_its_organisation() -> None:
    for table in metadata.sorted_tables:
        # Apps belong to the installation: accounts of several organisations share one's limits.
        if table.name not in {"organizations", "definition_sets", "deliveries", "parkings", "spending"}:
            assert not table.c.organization_id.nullable, table.name


# --- migrations ---

ENV = """
from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    version_table=config.attributes["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
"""

FIRST = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None


def upgrade() -> None:
    op.create_table("ext_one", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO ext_one (id) VALUES (1)")
"""

SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade() -> None:
    op.create_table("ext_two", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO ext_one (id) VALUES (2)")
    # BREAK
    op.execute("INSERT INTO ext_two (id) VALUES (2)")
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A plugin's migrations: two revisions; the second can be made to break half-way."""
    folder = tmp_path / "scripts"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "versions" / "first.py").write_text(FIRST)
    (folder / "versions" / "second.py").write_text(SECOND)
    return folder


def schema(database: Database) -> set[str]:
    """Names of the tables, core's and others."""
    with database.writer.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def states(database: Database, location: Path) -> list[SchemaState]:
    return schema_state(database, EVERYTHING, {"ext": Migrations(str(location))})


def test_a_plugins_tables_come_after_cores_with_a_version_table_of_their_own(
    core: Core, scripts: Path
) -> None:
    before = schema(core.database)
    found = migrate(core.database, EVERYTHING, {"ext": Migrations(str(scripts))})
    assert schema(core.database) - before == {"ext_one", "ext_two", "alembic_version_ext"}
    assert [(state.dist, state.up_to_date) for state in found] == [("afterpost", True), ("ext", True)]
    assert found[1] == SchemaState("ext", "0002", "0002")
    # Without the plugin core goes on, and knows nothing of it.
    assert migrate(core.database, EVERYTHING, {}) == found[:1]


def test_a_migration_that_breaks_half_way_leaves_nothing_behind(core: Core, scripts: Path) -> None:
    tell(core, told("a", at("2026-11-20"), {"views": 1}))
    before = schema(core.database)
    second = scripts / "versions" / "second.py"
    second.write_text(SECOND.replace("# BREAK", "raise RuntimeError('half-way')"))
    with pytest.raises(RuntimeError, match="half-way"):
        migrate(core.database, EVERYTHING, {"ext": Migrations(str(scripts))})
    assert schema(core.database) == before
    assert [state.current for state in states(core.database, scripts)][1] is None
    assert [ended.outcome for ended in tell(core, told("a", at("2026-11-20"), {"views": 1}))] == ["unchanged"]

    second.write_text(SECOND)
    migrate(core.database, EVERYTHING, {"ext": Migrations(str(scripts))})
    with core.database.read() as connection:
        assert connection.exec_driver_sql("SELECT id FROM ext_one ORDER BY id").scalars().all() == [1, 2]


def test_the_next_revision_that_breaks_leaves_the_one_before(core: Core, scripts: Path) -> None:
    second = scripts / "versions" / "second.py"
    second.unlink()
    plugins = {"ext": Migrations(str(scripts))}
    migrate(core.database, EVERYTHING, plugins)
    before = schema(core.database)
    second.write_text(SECOND.replace("# BREAK", "raise RuntimeError('half-way')"))
    with pytest.raises(RuntimeError, match="half-way"):
        migrate(core.database, EVERYTHING, plugins)
    assert schema(core.database) == before
    assert states(core.database, scripts)[1] == SchemaState("ext", "0001", "0002")
    with core.database.read() as connection:
        assert connection.exec_driver_sql("SELECT id FROM ext_one").scalars().all() == [1]


@pytest.mark.parametrize(
    ("table", "dist"), [("alembic_version", "afterpost"), ("alembic_version_ext", "ext")]
)
def test_a_database_of_a_newer_version_is_refused_and_not_touched(
    make_core: MakeCore, tmp_path: Path, scripts: Path, table: str, dist: str
) -> None:
    class Plugin:
        @hookimpl
        def register_migrations(self) -> Migrations:
            return Migrations(str(scripts))

    make_core(plugins={"ext": Plugin()})
    database = Database(settings_in(tmp_path).database_url)
    with database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"UPDATE {table} SET version_num = '9999'")
    before = schema(database)
    with pytest.raises(Misconfigured, match=rf"newer version of {dist} \(schema 9999\)") as caught:
        make_core(plugins={"ext": Plugin()})
    assert caught.value.hint is not None
    assert f"Upgrade {dist}" in caught.value.hint
    assert schema(database) == before
    database.close()


def test_a_second_start_finds_nothing_to_do(make_core: MakeCore) -> None:
    first = make_core()
    tell(first, told("a", at("2026-11-20"), {"views": 1}))
    again = make_core()
    assert tell(again, told("a", at("2026-11-20"), {"views": 1}))[0].outcome == "unchanged"


# --- the domain ---


def test_the_domain_imports_the_standard_library_and_msgspec_alone() -> None:
    (folder,) = (Path(path) for path in afterpost.domain.__path__)
    modules = sorted(folder.glob("**/*.py"))
    assert len(modules) > 10
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module.name} imports relatively"
                names = [node.module or ""]
            for name in names:
                top = name.partition(".")[0]
                allowed = top in sys.stdlib_module_names or top == "msgspec"
                assert allowed or name.startswith("afterpost.domain."), f"{module.name} imports {name}"


IMPURE = {
    "open",
    "print",
    "input",
    "exec",
    "eval",
    "now",
    "utcnow",
    "today",
    "time",
    "monotonic",
    "urandom",
    "getenv",
}


def test_the_domain_reads_no_clock_no_file_and_no_chance() -> None:
    (folder,) = (Path(path) for path in afterpost.domain.__path__)
    for module in folder.glob("**/*.py"):
        tree = ast.parse(module.read_text("utf-8"))
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert not imported & {"os", "random", "secrets", "socket", "subprocess", "time", "uuid"}, module.name
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                assert called not in IMPURE, f"{module.name}:{node.lineno} calls {called}"
