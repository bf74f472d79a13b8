"""Secrets that are not told, and credentials that open in their own row alone."""

import copy
import json
import logging
import pickle
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from afterpost.domain.errors import Misconfigured
from afterpost.sdk.credentials import Credential, Secret
from afterpost.storage.credentials import Sealer
from packages.core.tests.house import NOW

KEY, OTHER_KEY = b"a key of thirty-two bytes, yes!!", b"another key of thirty-two bytes!"
ROW = (1, "youtube", "UC1234")
CREDENTIAL = Credential(
    secrets={"access_token": Secret("open sesame"), "refresh_token": Secret("réfresh ☃")},
    scopes=("read", "stats"),
    expires_at=NOW + timedelta(hours=1),
)


# --- sealed ---


def test_what_was_sealed_for_a_row_opens_there() -> None:
    sealer = Sealer(KEY)
    opened = sealer.open(sealer.seal(CREDENTIAL, ROW), ROW)
    assert opened == CREDENTIAL
    assert opened.secret("refresh_token") == "réfresh ☃"
    # Another process with the same key opens it, too.
    assert Sealer(KEY).open(sealer.seal(CREDENTIAL, ROW), ROW) == CREDENTIAL


def test_nothing_of_it_can_be_read_and_no_two_are_alike() -> None:
    sealer = Sealer(KEY)
    sealed = [sealer.seal(CREDENTIAL, ROW) for _ in range(3)]
    assert len(set(sealed)) == 3
    for one in sealed:
        assert not any(word in one for word in (b"sesame", b"token", b"stats", KEY))


@pytest.mark.parametrize("row", [(2, "youtube", "UC1234"), (1, "sample", "UC1234"), (1, "youtube", "UC9999")])
def test_a_credential_that_was_moved_to_another_row_does_not_open(row: tuple[int, str, str]) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(Misconfigured, match="damaged or belongs to another row") as caught:
        sealer.open(sealer.seal(CREDENTIAL, ROW), row)
    assert caught.value.hint == "Connect the account again."
    assert row[2] in caught.value.message


def test_rows_whose_parts_only_read_the_same_together_are_different_rows() -> None:
    sealer = Sealer(KEY)
    with pytest.raises(Misconfigured):
        sealer.open(sealer.seal(CREDENTIAL, (1, "a", 'b","c')), (1, 'a","b', "c"))


def test_a_wrong_key_is_told_from_a_damage_by_its_id() -> None:
    sealed = Sealer(KEY).seal(CREDENTIAL, ROW)
    with pytest.raises(Misconfigured) as caught:
        Sealer(OTHER_KEY).open(sealed, ROW)
    ids = {sealed[1:5].hex(), Sealer(OTHER_KEY).seal(CREDENTIAL, ROW)[1:5].hex()}
    assert len(ids) == 2
    assert all(f"key id {key}" in caught.value.message or f"has {key}" in caught.value.message for key in ids)
    assert "AFTERPOST_SECRET_KEY" in (caught.value.hint or "")
    assert KEY.hex() not in caught.value.message


@pytest.mark.parametrize("where", [0, 1, 4, 5, 16, 17, 40, -1])
def test_a_changed_byte_anywhere_is_noticed(where: int) -> None:
    sealer = Sealer(KEY)
    damaged = bytearray(sealer.seal(CREDENTIAL, ROW))
    damaged[where] ^= 1
    with pytest.raises(Misconfigured):
        sealer.open(bytes(damaged), ROW)


@pytest.mark.parametrize("length", [0, 1, 5, 12, 17, 30])
def test_a_credential_that_was_cut_off_is_damaged(length: int) -> None:
    sealer = Sealer(KEY)
    with pytest.raises(Misconfigured):
        sealer.open(sealer.seal(CREDENTIAL, ROW)[:length], ROW)


# --- secrets ---

SECRET = Secret("open sesame")


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r}",
        "{}".format(SECRET),  # noqa: UP032
        "%s %r" % (SECRET, SECRET),  # noqa: UP031
        f"{[SECRET]}",
        str({"token": SECRET}),
        repr(CREDENTIAL),
        str(msgspec.structs.asdict(CREDENTIAL)),
        ascii(SECRET),
        str(ValueError(SECRET)),
        str(vars(type(SECRET))),
        json.dumps({"token": SECRET}, default=str),
    ],
)
def test_a_secret_is_not_shown(shown: str) -> None:
    assert "sesame" not in shown
    assert "réfresh" not in shown


@pytest.mark.parametrize(
    "tell",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        vars,
        dict,
        list,
        bytes,
        lambda secret: format(secret, ">20"),
        lambda secret: "" + secret,
        lambda secret: ", ".join([secret]),
    ],
)
@pytest.mark.parametrize("what", [SECRET, {"token": SECRET}, CREDENTIAL])
def test_a_secret_is_not_written_anywhere(tell: Any, what: Any) -> None:
    try:
        told = tell(what)
    except TypeError:
        return
    # A copy of what is around it may be made; the secret is still one.
    assert "sesame" not in str(told)


@pytest.mark.parametrize(
    "tell",
    [
        pickle.dumps,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
    ],
)
def test_what_holds_a_secret_can_not_be_serialised(tell: Any) -> None:
    for what in (SECRET, [SECRET], CREDENTIAL):
        with pytest.raises(TypeError):
            tell(what)


def test_a_log_line_hides_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("token %s of %r", SECRET, CREDENTIAL)
    assert "sesame" not in caplog.text
    assert "token *** of" in caplog.text


def test_a_secret_is_equal_to_its_like_and_tells_its_value_when_asked() -> None:
    assert Secret("open sesame") == SECRET
    assert hash(SECRET) == hash(Secret("open sesame"))
    assert Secret("another") != SECRET
    assert SECRET != "open sesame"
    assert SECRET.reveal() == "open sesame"
    with pytest.raises(KeyError):
        CREDENTIAL.secret("client_secret")
