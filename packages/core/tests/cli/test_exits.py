"""How commands end: exit codes, interruptions, and failures that are nobody's bug."""

import os
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from afterpost import __version__, hookimpl
from afterpost.sdk import AccessPolicy
from packages.core.tests.cli.kit import Cli, process
from packages.core.tests.databases import on_a_file


class Nothing(AccessPolicy):
    """Allows nothing."""

    async def allow(self, actor: object, action: object, scope: object) -> bool:
        """No."""
        return False


class Closed:
    """A plugin that shuts every door."""

    @hookimpl
    def access_policy(self, context: object) -> AccessPolicy:
        """No."""
        return Nothing()


@pytest.mark.parametrize(
    ("words", "action"),
    [
        (("weekly",), "read"),
        (("overview",), "read"),
        (("plugins",), "read"),
        (("report",), "read"),
        (("report", "collection-usage"), "read"),
        (("dump", "--canonical"), "export"),
        (("connect", "--list"), "read"),
        (("connect", "toy"), "connect"),
        (("connect", "--remove", "1", "--yes"), "disconnect"),
        (("refresh",), "collect"),
        (("import", __file__), "import"),
        (("sync",), "sync"),
        (("migrate",), "manage"),
    ],
)
def test_the_access_policy_is_asked_by_every_command(cli: Cli, words: tuple[str, ...], action: str) -> None:
    cli.plugins["closed"] = Closed()
    ran = cli.run(*words)
    assert ran.code == 1
    assert ran.err == f"Error: cli:local may not {action} here.\nHint:  Ask whoever manages access.\n"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"AFTERPOST_TIME_ZONE": "Mars/Olympus"}, "There is no time zone 'Mars/Olympus'."),
        ({"AFTERPOST_PROT": "1"}, "There is no setting AFTERPOST_PROT."),
        ({"AFTERPOST_DATABASE_URL": "what ever"}, "AFTERPOST_DATABASE_URL"),
        ({"AFTERPOST_DATABASE_URL": "mysql://u:secret@h/d"}, "is not usable"),
        ({"AFTERPOST_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/d"}, "Check that the server runs"),
        ({"AFTERPOST_SECRET_KEY": "c2hvcnQ="}, "AFTERPOST_SECRET_KEY must be 32 bytes"),
        ({"AFTERPOST_PORT": "high"}, "$.port"),
    ],
)
def test_a_wrong_setting_is_a_sentence(cli: Cli, env: dict[str, str], sentence: str) -> None:
    cli.env |= env
    ran = cli.run("weekly")
    assert ran.code == 1
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert "u:secret" not in ran.err


@on_a_file
def test_a_file_that_is_no_database_is_a_sentence(cli: Cli) -> None:
    cli.folder.mkdir()
    cli.database.write_bytes(b"this is no database, but a text of some length" * 100)
    ran = cli.run("weekly")
    assert (ran.code, "can't be opened" in ran.err) == (1, True)


def test_a_key_that_can_not_be_read_is_a_sentence(cli: Cli) -> None:
    (cli.folder / "api_key").mkdir(parents=True)
    ran = cli.run("weekly")
    assert (ran.code, "Is a directory" in ran.err) == (1, True)


@on_a_file
def test_a_damaged_table_is_a_sentence(cli: Cli) -> None:
    cli.done("migrate")
    with sqlite3.connect(cli.database) as connection:
        connection.execute("DROP TABLE rollups")
    connection.close()
    ran = cli.run("weekly")
    assert ran.code == 1
    assert ran.err.startswith(
        "Error: The database refused: no such table: rollups.\nHint:  Run `afterpost doctor`"
    )


def test_the_version(cli: Cli) -> None:
    assert __version__ in cli.done("--version").out


@on_a_file
@pytest.mark.skipif(os.name == "nt", reason="named pipes are POSIX")
def test_ctrl_c_in_an_import_closes_the_run_and_keeps_what_was_stored(cli: Cli, tmp_path: Path) -> None:
    pipe = tmp_path / "slow.csv"
    os.mkfifo(pipe)
    running = process(cli, "import", str(pipe))
    # The import reads from the pipe for as long as this side is open.
    with pipe.open("w") as file:
        file.write("platform,post_id,date,views\n")
        file.writelines(f"toy,p{n},2026-01-01,{n}\n" for n in range(2_500))
        file.flush()
        watch = threading.Timer(20, running.kill)
        watch.start()
        while _stored(cli.database) < 2_000:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
        watch.cancel()
    assert (running.returncode, out) == (130, "")
    assert err.strip() == "Interrupted."
    with sqlite3.connect(cli.database) as connection:
        (row,) = connection.execute("SELECT kind, state, message, stored FROM runs").fetchall()
    connection.close()
    assert row[:3] == (
        "import",
        "failed",
        "slow.csv (generic_csv): the import did not reach the end of the file",
    )
    assert row[3] == 2_000


@on_a_file
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C of another process is POSIX")
def test_ctrl_c_in_a_refresh_closes_the_run(cli: Cli) -> None:
    cli.connected()
    running = process(cli, "refresh", TOY_SLOW="60")
    watch = threading.Timer(20, running.kill)
    watch.start()
    # The posts are listed before the first of them is read, and reading takes a minute.
    while _count(cli.database, "posts") < 2:
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    watch.cancel()
    assert (running.returncode, out, err.strip()) == (130, "", "Interrupted.")
    assert _count(cli.database, "runs WHERE state = 'failed'") == 1


def _stored(database: Path) -> int:
    return _count(database, "run_items")


def _count(database: Path, what: str) -> int:
    if not database.exists():
        return 0
    connection = sqlite3.connect(database, timeout=5)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])
    except sqlite3.Error:
        return 0
    finally:
        connection.close()


def test_a_reader_that_has_seen_enough_is_no_error(cli: Cli) -> None:
    core = cli.open()
    core.database.close()
    running = process(cli, "dump", "--canonical")
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    err = running.stderr.read()
    running.stderr.close()
    assert running.wait(timeout=20) in (0, 1)
    assert "Traceback" not in err
