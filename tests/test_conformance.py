"""Every provider of this house passes the conformance kit, as installed; and so it does under pytest."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from afterpost.testing.conformance import CHECKS, run
from tests.running import ROOT, environment

PROVIDERS = sorted(path.parent.name for path in ROOT.glob("packages/providers/*/pyproject.toml"))
WAIVED = {"instagram": ["C10"]}
"""Provider -> the checks that its network can't meet, with the reason in its package."""


def test_every_provider_is_installed() -> None:
    assert {"bluesky", "instagram", "pinterest", "sample", "tiktok", "x", "youtube"} <= set(PROVIDERS)
    assert set(PROVIDERS) <= {point.name for point in entry_points(group="afterpost.plugins")}


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_passes_the_kit(name: str) -> None:
    certificate = run(name)
    failed = [result for result in certificate.results if result.status == "failed"]
    assert failed == [], certificate.table()
    waived = [result.id for result in certificate.results if result.status == "waived"]
    assert waived == WAIVED.get(name, [])
    # A kit that does not apply proves nothing.
    assert certificate.counts["passed"] > 0.75 * len(CHECKS)
    assert certificate.dist == f"afterpost-{name}"
    assert certificate.platform == name


def pytest_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest somewhere else, as an author of a provider would start it."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rxsf", *options]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_under_pytest_each_check_is_a_test(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "--provider", "instagram", "-v")
    assert done.returncode == 0, done.stdout
    for id in CHECKS:
        assert f"provider[instagram]::{id} " in done.stdout
    assert "waived: C10, Meta renews a token" in done.stdout
    assert "1 xfailed" in done.stdout
    assert "not applicable: Its refresh tokens stay the same." in done.stdout


def test_under_pytest_a_failed_check_says_what_was_seen_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text('[waivers]\nA3 = "This one is not needed."\n', "utf-8")
    done = pytest_in(tmp_path, "--provider", "sample", "--waivers", str(file), "-k", "A3 or B5")
    assert done.returncode == 1, done.stdout
    assert "seen: It is waived, and it passes." in done.stdout
    assert "do: Take the waiver off." in done.stdout
    assert "1 failed, 1 skipped" in done.stdout


def test_under_pytest_what_another_check_failed_for_is_not_told_again(tmp_path: Path) -> None:
    file = tmp_path / "waivers.toml"
    file.write_text('[waivers]\nA3 = "This one is not needed."\nA5 = "Nor is this one."\n', "utf-8")
    done = pytest_in(tmp_path, "--provider", "sample", "--waivers", str(file), "-k", "A3 or A5")
    assert done.stdout.count("do: Take the waiver off.") == 1
    assert done.stdout.count("seen and to do: the same as A3") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--provider", "nobody"], "No installed plugin is called nobody"),
        (["--provider", "sample", "--waivers", "nowhere.toml"], "nowhere.toml can't be read as waivers"),
    ],
)
def test_under_pytest_a_wrong_name_is_said_at_once(options: list[str], says: str, tmp_path: Path) -> None:
    done = pytest_in(tmp_path, *options)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_unused_the_pytest_plugin_loads_nothing_of_afterpost(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n    assert 'afterpost_pytest' in sys.modules\n"
        "    assert 'afterpost' not in sys.modules\n",
        "utf-8",
    )
    done = pytest_in(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
