"""Settings: what the environment and the file say, what is made, what is refused with a name."""

import base64
import stat
from pathlib import Path

import pytest

from afterpost.domain.errors import Misconfigured
from afterpost.settings import load_settings

KEY = base64.b64encode(b"k" * 32).decode()


def load(folder: Path, **env: str) -> object:
    return load_settings({"AFTERPOST_DATA_DIR": str(folder), **env})


def test_keys_are_made_once_for_this_user_alone(tmp_path: Path) -> None:
    first = load_settings({"AFTERPOST_DATA_DIR": str(tmp_path / "new")})
    again = load_settings({"AFTERPOST_DATA_DIR": str(tmp_path / "new")})
    assert (first.api_key, first.secret_key) == (again.api_key, again.secret_key)
    assert len(first.sealing_key()) == 32
    for name in ("api_key", "secret_key"):
        assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o600


def test_a_key_that_is_given_is_not_made(tmp_path: Path) -> None:
    load(tmp_path, AFTERPOST_API_KEY="k" * 20, AFTERPOST_SECRET_KEY=KEY)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "afterpost.toml").write_text(
        'port = 1000\ntime_zone = "Europe/Berlin"\n[plugins.youtube]\nx = "1"\n'
    )
    settings = load_settings(
        {
            "AFTERPOST_DATA_DIR": str(tmp_path),
            "AFTERPOST_PORT": "2000",
            "AFTERPOST_PLUGIN_YOUTUBE__Y": "2",
            "AFTERPOST_BLOCK": "a, b",
            "AFTERPOST_COLLECT": "off",
        }
    )
    assert (settings.port, settings.time_zone, settings.block) == (2000, "Europe/Berlin", ("a", "b"))
    assert settings.section("youtube") == {"x": "1", "y": "2"}
    assert settings.collect is False


def test_a_printed_setting_does_not_give_the_keys_away(tmp_path: Path) -> None:
    settings = load_settings({"AFTERPOST_DATA_DIR": str(tmp_path)})
    assert settings.api_key not in repr(settings)
    assert settings.secret_key not in repr(settings)


def test_what_connect_reads_from_the_environment_is_no_setting(tmp_path: Path) -> None:
    load(tmp_path, AFTERPOST_CONNECT_ACCESS_TOKEN="secret")


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"AFTERPOST_TIMEZONE": "UTC"}, "AFTERPOST_TIMEZONE"),
        ({"AFTERPOST_TIME_ZONE": "Mars/Base"}, "Mars/Base"),
        ({"AFTERPOST_PORT": "many"}, "port"),
        ({"AFTERPOST_PORT": "70000"}, "AFTERPOST_PORT"),
        ({"AFTERPOST_COLLECT": "maybe"}, "AFTERPOST_COLLECT"),
        ({"AFTERPOST_API_KEY": "short"}, "AFTERPOST_API_KEY"),
        ({"AFTERPOST_SECRET_KEY": "not base64!"}, "AFTERPOST_SECRET_KEY"),
        ({"AFTERPOST_SECRET_KEY": "c2hvcnQ="}, "AFTERPOST_SECRET_KEY"),
        ({"AFTERPOST_LOG_LEVEL": "LOUD"}, "AFTERPOST_LOG_LEVEL"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named(tmp_path: Path, env: dict[str, str], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        load(tmp_path, **env)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "afterpost.toml").write_text("port = = 3")
    with pytest.raises(Misconfigured, match=r"afterpost\.toml"):
        load(tmp_path)
