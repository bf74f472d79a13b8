"""Rotating the key that seals credentials: nothing is lost, whatever it is cut off by."""

import base64
import dataclasses
from pathlib import Path

import msgspec
import pytest

from afterpost.domain.errors import Misconfigured
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.services.connect import connect, list_accounts
from afterpost.services.core import Core
from afterpost.services.keys import KeyState, key_states, rotate
from afterpost.services.renewal import held
from afterpost.settings import KEY, OLD_KEYS, load_settings, new_key_in
from afterpost.storage.credentials import Sealer, key_id
from packages.core.tests.house import MakeCore
from packages.core.tests.plugins.network import NetworkPlugin
from packages.core.tests.services.test_waiting import Metered, joined

ALL = Scope.default()


def core_in(make_core: MakeCore, folder: Path) -> Core:
    """A core whose settings are those of that folder."""
    core = make_core(plugins={"network": NetworkPlugin(Metered())})
    settings = load_settings({"AFTERPOST_DATA_DIR": str(folder)})
    sealer = Sealer(settings.sealing_key(), settings.old_sealing_keys())
    kept = msgspec.structs.replace(settings, database_url=core.settings.database_url)
    return dataclasses.replace(core, settings=kept, sealer=sealer)


def opens(core: Core) -> list[str]:
    """The names in all credentials, opened."""
    return [held(core, ALL, account).credential.secret("name") for account in list_accounts(core, ALL)]


async def test_rotating_seals_everything_with_a_new_key(make_core: MakeCore, tmp_path: Path) -> None:
    core = core_in(make_core, tmp_path)
    await joined(core, "a", "b")
    before = core.sealer.key_id
    done = rotate(core, ALL, SYSTEM)
    assert (done.made, done.credentials) == (True, 2)
    assert done.key_id != before.hex()
    after = core_in(make_core, tmp_path)
    assert after.sealer.key_id.hex() == done.key_id
    assert opens(after) == ["a", "b"]
    assert key_states(after, ALL) == [
        KeyState(done.key_id, True, True, 2),
        KeyState(before.hex(), False, True, 0),
    ]
    # Without the old key as well.
    (tmp_path / OLD_KEYS).unlink()
    assert opens(core_in(make_core, tmp_path)) == ["a", "b"]
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600


async def test_a_rotation_that_was_cut_off_is_ended_by_the_next(make_core: MakeCore, tmp_path: Path) -> None:
    core = core_in(make_core, tmp_path)
    await joined(core, "a", "b")
    new_key_in(core.settings)  # and then the power went
    after = core_in(make_core, tmp_path)
    assert opens(after) == ["a", "b"]
    done = rotate(after, ALL, SYSTEM)
    assert (done.made, done.credentials) == (False, 2)
    (tmp_path / OLD_KEYS).unlink()
    assert opens(core_in(make_core, tmp_path)) == ["a", "b"]


async def test_a_key_that_is_set_from_outside_is_moved_to(make_core: MakeCore, tmp_path: Path) -> None:
    core = core_in(make_core, tmp_path)
    await joined(core, "a")
    old, new = core.settings.secret_key, base64.b64encode(b"n" * 32).decode()
    settings = msgspec.structs.replace(core.settings, secret_key=new, old_secret_keys=(old,))
    sealer = Sealer(settings.sealing_key(), settings.old_sealing_keys())
    moved = dataclasses.replace(core, settings=settings, sealer=sealer)
    assert rotate(moved, ALL, SYSTEM).credentials == 1
    assert opens(dataclasses.replace(moved, sealer=Sealer(settings.sealing_key()))) == ["a"]
    with pytest.raises(Misconfigured, match="AFTERPOST_SECRET_KEY"):
        rotate(moved, ALL, SYSTEM)


async def test_a_credential_that_opens_with_no_key_stops_it(make_core: MakeCore, tmp_path: Path) -> None:
    core = core_in(make_core, tmp_path)
    await joined(core, "a", "b")
    with core.transaction(ALL, SYSTEM) as tx:
        tx.connection.exec_driver_sql(
            "UPDATE accounts SET credential = substr(credential, 1, 20) WHERE id = 2"
        )
    with pytest.raises(Misconfigured):
        rotate(core, ALL, SYSTEM)
    assert held(core, ALL, list_accounts(core, ALL)[0]).credential.secret("name") == "a"


def test_a_key_id_tells_nothing_of_the_key() -> None:
    key = b"k" * 32
    assert len(key_id(key)) == 4
    assert key_id(key) != key_id(b"l" * 32)
    assert key_id(key) not in key


async def test_connecting_with_an_unknown_key_says_so(make_core: MakeCore, tmp_path: Path) -> None:
    core = core_in(make_core, tmp_path)
    await connect(core, ALL, SYSTEM, "table", {"name": "a"})
    stranger = dataclasses.replace(core, sealer=Sealer(b"x" * 32))
    with pytest.raises(Exception, match="sealed with another key"):
        held(stranger, ALL, list_accounts(core, ALL)[0])
    assert [state.known for state in key_states(stranger, ALL)] == [True, False]
