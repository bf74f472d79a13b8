"""Plugins of one file, the package `provider new` writes, and what `provider check` says of it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from packages.core.tests.cli.kit import Cli

ROOT = Path(__file__).parents[4]
SAMPLE = ROOT / "packages" / "providers" / "sample"
TEMPLATE = ROOT / "packages" / "core" / "src" / "afterpost" / "cli" / "template"
PLUGIN = """
from afterpost import hookimpl

@hookimpl
def register_providers(settings):
    return []
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plugins; what naming it does to this process is undone."""
    monkeypatch.setenv("AFTERPOST_PLUGINS_DIR", "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    made = tmp_path / "plugins"
    made.mkdir()
    return made


def test_each_file_is_a_plugin_of_its_name(cli: Cli, folder: Path) -> None:
    (folder / "filed_one.py").write_text(PLUGIN + "from _filed_helper import NOTHING\n")
    (folder / "_filed_helper.py").write_text("NOTHING = None\n")
    found = cli.done("--plugins-dir", str(folder), "plugins", "--json").json["plugins"]
    (row,) = (row for row in found if "filed" in row["name"])
    assert row["dist"] == str(folder / "filed_one.py")
    assert (row["name"], row["status"], row["hooks"]) == ("filed_one", "loaded", ["register_providers"])
    assert str(folder / "filed_one.py") in cli.run("--plugins-dir", str(folder), "doctor").out


@pytest.mark.parametrize("blocking", [{"AFTERPOST_PLUGINS": "off"}, {"AFTERPOST_BLOCK": "filed_bomb"}])
def test_a_blocked_file_is_never_imported(cli: Cli, folder: Path, blocking: dict[str, str]) -> None:
    (folder / "filed_bomb.py").write_text("raise RuntimeError\n")
    cli.env |= {"AFTERPOST_PLUGINS_DIR": str(folder), **blocking}
    found = cli.done("plugins", "--json").json["plugins"]
    assert [row["status"] for row in found if row["name"] == "filed_bomb"] == ["blocked"]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (
            "filed_bad.py",
            "import nothing_like_it",
            "filed_bad.py one file) can't be imported: ModuleNotFound",
        ),
        ("filed_asks.py", PLUGIN.replace("settings", "other"), "does not fit this version of Afterpost"),
        ("toy.py", PLUGIN, "The plugin name 'toy' is claimed by afterpost and by"),
        ("json.py", PLUGIN, "there is another module json"),
        ("Filed-Name.py", PLUGIN, "the name of its file is lower-case letters"),
    ],
)
def test_a_file_that_can_not_be_one_is_named(
    cli: Cli, folder: Path, name: str, text: str, sentence: str
) -> None:
    (folder / name).write_text(text)
    ran = cli.run("--plugins-dir", str(folder), "plugins")
    assert ran.code == 1
    assert sentence in ran.err
    assert str(folder / name) in ran.err


def test_a_folder_that_is_not_there_is_named(cli: Cli, folder: Path) -> None:
    ran = cli.run("--plugins-dir", str(folder / "none"), "plugins")
    assert ran.code == 1
    assert f"There is no folder {folder / 'none'}, which AFTERPOST_PLUGINS_DIR names." in ran.err


# --- a new provider ---


def test_the_template_is_the_sample_to_the_letter() -> None:
    sources = [*(SAMPLE / "src").rglob("*.py"), *(SAMPLE / "tests").glob("*.py")]
    expected = {path.relative_to(SAMPLE): path.read_text("utf-8") for path in sources}
    del expected[Path("tests/test_page.py")]
    found = {
        path.relative_to(TEMPLATE).with_suffix(""): path.read_text("utf-8")
        for path in TEMPLATE.rglob("*.py.txt")
    }
    assert found == expected


@pytest.mark.parametrize("name", ["Acme", "my-net", "1st", "", "provider", "a" * 31, "../up"])
def test_a_name_that_would_not_work_is_refused(cli: Cli, tmp_path: Path, name: str) -> None:
    ran = cli.run("provider", "new", name, "--into", str(tmp_path))
    assert ran.code == 1
    assert "can't be the name of a provider" in ran.err
    assert not list(tmp_path.glob("afterpost-*"))


def test_a_folder_that_exists_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "afterpost-acme").mkdir()
    ran = cli.run("provider", "new", "acme", "--into", str(tmp_path))
    assert ran.code == 1
    assert "exists already" in ran.err
    assert list((tmp_path / "afterpost-acme").iterdir()) == []


def test_a_new_provider_passes_its_tests_the_kit_and_every_tool(cli: Cli, tmp_path: Path) -> None:
    cli.done("provider", "new", "acmenet", "--into", str(tmp_path))
    folder, site = tmp_path / "afterpost-acmenet", tmp_path / "site"

    def run(*words: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERPOST_")}
        env = {**inherited, "PYTHONPATH": str(site), "AFTERPOST_DATA_DIR": str(tmp_path / "data")}
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("hatchling", "build", "-t", "wheel")
    (wheel,) = (folder / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)  # a wheel without scripts is installed by unpacking it

    assert "provider[acmenet]::" in run("pytest", "-v", "-p", "no:cacheprovider")
    assert " 0 FAILED" in run("afterpost", "provider", "check", "acmenet")
    run("ruff", "check", "src", "tests")
    run("ruff", "format", "--check", "src", "tests")
    run("mypy", "src", "tests")


def test_a_check_that_fails_ends_with_1_and_says_so(cli: Cli, folder: Path) -> None:
    (folder / "filed_empty.py").write_text(PLUGIN)
    ran = cli.run("--plugins-dir", str(folder), "provider", "check", "filed_empty", "--json")
    assert ran.code == 1
    assert [row["id"] for row in ran.json["results"] if row["status"] == "failed"] == ["A4"]


def test_a_plugin_that_is_not_there_and_waivers_that_can_not_be_read(cli: Cli, tmp_path: Path) -> None:
    ran = cli.run("provider", "check", "nobody")
    assert ran.code == 1
    assert "No installed plugin is called nobody" in ran.err
    ran = cli.run("provider", "check", "nobody", "--waivers", str(tmp_path / "none"))
    assert ran.code == 1
    assert "can't be read as waivers" in ran.err
