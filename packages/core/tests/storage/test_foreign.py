"""A database that would show too little or too much is refused, unless somebody says otherwise."""

from pathlib import Path

import msgspec
import pytest

from afterpost import hookimpl
from afterpost.domain.errors import Misconfigured
from afterpost.loading import build_plugins
from afterpost.sdk import Migrations
from afterpost.services.core import Core, open_core
from packages.core.tests.databases import POSTGRESQL
from packages.core.tests.house import Clock, MakeCore, settings_in

pytestmark = pytest.mark.skipif(not POSTGRESQL, reason="SQLite has no row security")


class Declares:
    """A plugin that says whose row security it is; its own scripts are none."""

    @hookimpl
    def register_migrations(self) -> Migrations:
        return Migrations("packages.core.tests.storage:nothing", row_security=("post_analytics",))


@pytest.fixture
def secured(make_core: MakeCore) -> Core:
    """A database on one of whose tables somebody put row security."""
    core = make_core()
    with core.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE post_analytics ENABLE ROW LEVEL SECURITY")
        connection.exec_driver_sql("CREATE POLICY somebodys ON post_analytics USING (false)")
        connection.exec_driver_sql("CREATE TABLE not_cores (id int)")
        connection.exec_driver_sql("ALTER TABLE not_cores ENABLE ROW LEVEL SECURITY")
    return core


def test_row_security_that_nobody_declares_is_refused_by_name(secured: Core, make_core: MakeCore) -> None:
    with pytest.raises(Misconfigured) as caught:
        make_core()
    assert "post_analytics (policies: somebodys)" in caught.value.message
    assert "not_cores" not in caught.value.message
    assert "AFTERPOST_ACCEPT=foreign_row_security" in (caught.value.hint or "")


def test_row_security_without_a_policy_is_refused_as_well(secured: Core, make_core: MakeCore) -> None:
    with secured.database.writer.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP POLICY somebodys ON post_analytics")
    with pytest.raises(Misconfigured, match=r"post_analytics \(policies: none\)"):
        make_core()


def test_it_is_accepted_when_somebody_says_so(secured: Core, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings_in(tmp_path), accept=("foreign_row_security",))
    open_core(settings, build_plugins(settings, {}, installed=[]), clock=Clock()).database.close()


def test_what_a_loaded_plugin_declares_is_no_surprise(secured: Core, make_core: MakeCore) -> None:
    # Its scripts are looked for after the refusal would have come.
    with pytest.raises(Exception, match="nothing") as caught:
        make_core(plugins={"declares": Declares()})
    assert not isinstance(caught.value, Misconfigured)
