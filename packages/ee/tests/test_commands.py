"""`afterpost ee …` as an operator runs it: the real command, on a real PostgreSQL server and on SQLite."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from afterpost_ee.commands import ee
from packages.core.tests.databases import server_url
from tests.running import ROOT, environment

Ran = subprocess.CompletedProcess[str]
Run = Callable[..., Ran]


def runner(folder: Path, url: str) -> Run:
    """Runs `afterpost WORDS` on that database; `env`: further settings."""

    def run(*words: str, **env: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "afterpost", *words],
            env=environment(folder) | {"AFTERPOST_DATABASE_URL": url} | env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command line on PostgreSQL."""
    return runner(tmp_path, server_url(tmp_path, "commands"))


def said(ran: Ran) -> Any:
    """The JSON of a command that ended well."""
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def refused(ran: Ran) -> str:
    """The sentence of a command that failed as expected."""
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_from_nothing_to_two_organisations_with_keys_and_quotas(run: Run) -> None:
    assert said(run("ee", "organization", "add", "North Ltd", "--json"))["slug"] == "north-ltd"
    assert "already" in refused(run("ee", "organization", "add", "North Ltd"))
    assert [o["slug"] for o in said(run("ee", "organization", "list", "--json"))] == ["default", "north-ltd"]

    made = said(run("ee", "key", "add", "--organization", "north-ltd", "dashboard", "--json"))
    assert made["token"].startswith("apk_")
    assert "There are: default, north-ltd" in refused(run("ee", "key", "add", "--organization", "south", "x"))
    listed = run("ee", "key", "list")
    assert "north-ltd" in listed.stdout
    assert made["token"] not in listed.stdout + run("ee", "key", "list", "--json").stdout

    assert run("ee", "quota", "set", "north-ltd", "1000").returncode == 0
    (usage,) = said(run("ee", "quota", "list", "--json"))
    assert (usage["used"], usage["posts_per_month"]) == (0, 1000)

    assert run("ee", "key", "revoke", str(made["id"])).returncode == 0
    assert "There is no key 99" in refused(run("ee", "key", "revoke", "99"))
    assert said(run("ee", "key", "list", "--json"))[0]["revoked_at"] is not None
    trail = said(run("ee", "audit", "--json"))
    acts = ["ee_key_revoked.v1", "ee_quota_set.v1", "ee_key_added.v1", "organization_created.v1"]
    assert [entry["fact"] for entry in trail] == acts
    assert {entry["actor"] for entry in trail} == {"cli:local"}
    assert made["token"] not in str(trail)


def test_leaving_is_rehearsed_then_done_and_core_says_what_is_left(run: Run) -> None:
    run("ee", "organization", "add", "North")
    rehearsed = said(run("ee", "detach", "--json"))
    assert (rehearsed["done"], rehearsed["organizations"]) == (False, 2)
    assert any("DROP POLICY" in statement for statement in rehearsed["statements"])
    blocked = {"AFTERPOST_BLOCK": "ee"}
    assert "post_analytics (policies: ee_tenant)" in refused(run("weekly", **blocked))
    examined = run("doctor", **blocked)
    assert examined.returncode == 1
    assert "post_analytics (policies: ee_tenant)" in examined.stdout

    shown = run("ee", "detach", "--yes")
    assert "Done" in shown.stdout
    assert "2 organisations are in this database" in shown.stdout
    # Gone is the wall; the organisations are still there.
    assert "2 organisations" in refused(run("weekly", **blocked))
    assert "2 organisations" in run("doctor", **blocked).stdout
    assert run("weekly", **blocked, AFTERPOST_ACCEPT="several_organizations").returncode == 0

    # With the package back the next start attaches again.
    assert run("weekly").returncode == 0
    assert "post_analytics (policies: ee_tenant)" in refused(run("weekly", **blocked))


def test_the_doctor_looks_at_the_operators_organisation(run: Run) -> None:
    run("ee", "organization", "add", "North")
    assert run("doctor", AFTERPOST_PLUGIN_EE__ORGANIZATION="north").returncode == 0
    nowhere = run("doctor", AFTERPOST_PLUGIN_EE__ORGANIZATION="nowhere")
    assert (nowhere.returncode, "may see no organisation" in nowhere.stdout) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        "organization|add|",
        "organization|add|  ",
        "organization|add|a\nb",
        "organization|add|a\x1b[31mb",
        "organization|add|\udcff",  # a byte that is no text, as Python is handed it
        "organization|add|" + "x" * 201,
        "organization|add|x|--slug|Bad Slug!",
        "organization|add|x|--slug|x\n",
        "key|add|--organization|default|",
        "key|add|--organization|default|\udcff",
        "key|add|x",
        "key|revoke|0",
        "key|revoke|99999999999999999999",
        "key|revoke|x",
        "quota|set|default|--|-1",
        "quota|set|default|99999999999999999999",
        "audit|--limit|0",
    ],
)
def test_wrong_usage_is_said_before_anything_is_opened(words: str) -> None:
    answer = CliRunner().invoke(ee, words.split("|"))
    assert answer.exit_code == 2, answer.output
    assert answer.output


def test_with_one_organisation_core_goes_on_alone_after_detaching(run: Run) -> None:
    assert run("weekly").returncode == 0
    assert run("ee", "detach", "--yes").returncode == 0
    assert run("weekly", AFTERPOST_BLOCK="ee").returncode == 0
    assert run("sync", AFTERPOST_BLOCK="ee").returncode == 0


def test_on_sqlite_there_is_one_organisation_and_nothing_to_detach(tmp_path: Path) -> None:
    run = runner(tmp_path, f"sqlite:///{tmp_path / 'one.db'}")
    assert "holds one organisation" in refused(run("ee", "organization", "add", "North"))
    assert "nothing to take off" in run("ee", "detach", "--yes").stdout
    assert (
        said(run("ee", "key", "add", "--organization", "default", "mine", "--json"))["organization"]
        == "default"
    )
    assert run("weekly", AFTERPOST_BLOCK="ee").returncode == 0
