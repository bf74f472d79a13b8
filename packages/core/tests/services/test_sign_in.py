"""Signing in by browser: PKCE, a state that works once, and what was granted."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from afterpost.domain.errors import InvalidInput, RefreshFailed
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.sdk import OAuth, OAuthScope
from afterpost.services.connect import connectable, list_accounts
from afterpost.services.sign_in import GOOD_FOR, Begun, Came, app_fields, begin, finish, whose
from afterpost.services.standing import accounts_standing
from packages.core.tests.house import Clock
from packages.core.tests.services.test_renewal import House

ALL = Scope.default()
BACK = "http://127.0.0.1:1/"


@pytest_asyncio.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    made = House(tmp_path, clock)
    yield made
    await made.close()


def began(house: House, redirect: str = BACK) -> Begun:
    """A sign-in of this installation's app."""
    return begin(house.one, ALL, SYSTEM, "rotating", {"client_id": "app-1", "client_secret": "s"}, redirect)


def allowed(house: House, begun: Begun, code: str = "a-code") -> Came:
    """A person allows it; the platform remembers the challenge, as it does."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    house.dialect.grants.challenges[code] = (query["code_challenge"], query["redirect_uri"])
    return Came(query["state"], code)


def test_the_address_asks_for_what_the_platform_declares(house: House) -> None:
    begun = began(house)
    parts = urlsplit(begun.url)
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "api.rotating.invalid", "/authorize")
    assert query["scope"] == ["posts.read account.read insights"]
    assert query["client_id"] == ["app-1"]
    assert query["code_challenge_method"] == ["S256"]
    assert "client_secret" not in query
    assert {scope.name: scope.metrics for scope in begun.scopes} == {
        "posts.read": ("views", "likes"),
        "account.read": ("followers",),
        "insights": ("likes",),
    }


async def test_a_sign_in_connects_and_says_what_is_missing(house: House) -> None:
    begun = began(house)
    account = await finish(house.one, ALL, SYSTEM, "rotating", allowed(house, begun))
    (standing,) = accounts_standing(house.one, ALL)
    assert standing.account == account
    assert standing.scopes == ("posts.read", "account.read")
    assert standing.missing(house.one) == {"likes": ("insights",)}
    assert account.app != ""


async def test_a_state_works_once_even_for_two_at_a_time(house: House) -> None:
    came = allowed(house, began(house))
    found = await asyncio.gather(
        *(finish(core, ALL, SYSTEM, "rotating", came) for core in (house.one, house.two)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in found) == ["Account", "InvalidInput"]
    assert len(list_accounts(house.one, ALL)) == 1


async def test_a_state_nobody_gave_is_refused(house: House) -> None:
    began(house)
    for state in ("", "x", "é" * 100):
        with pytest.raises(InvalidInput, match="not known"):
            await finish(house.one, ALL, SYSTEM, "rotating", Came(state, "a-code"))
    assert whose(house.one, ALL, "x") is None


async def test_a_state_is_over_after_ten_minutes(house: House) -> None:
    came = allowed(house, began(house))
    assert whose(house.one, ALL, came.state) == SYSTEM
    house.clock.advance(GOOD_FOR)
    assert whose(house.one, ALL, came.state) is None
    with pytest.raises(InvalidInput, match="took too long"):
        await finish(house.one, ALL, SYSTEM, "rotating", came)


async def test_a_state_of_one_platform_is_none_of_another(house: House) -> None:
    came = allowed(house, began(house))
    with pytest.raises(InvalidInput):
        await finish(house.one, ALL, SYSTEM, "other", came)


async def test_a_code_without_its_verifier_opens_nothing(house: House) -> None:
    """Whoever catches another person's code can't use it: it belongs to that person's challenge."""
    stolen = allowed(house, began(house), "stolen")
    mine = began(house)
    state = parse_qs(urlsplit(mine.url).query)["state"][0]
    assert stolen.code is not None
    with pytest.raises(RefreshFailed, match="refused the sign-in"):
        await finish(house.one, ALL, SYSTEM, "rotating", Came(state, stolen.code))
    assert list_accounts(house.one, ALL) == []


@pytest.mark.parametrize(
    ("error", "said"), [("access_denied", "access_denied"), ("<script>", "no reason"), (None, "no reason")]
)
async def test_a_person_who_says_no_is_understood(house: House, error: str | None, said: str) -> None:
    state = parse_qs(urlsplit(began(house).url).query)["state"][0]
    with pytest.raises(RefreshFailed, match=said):
        await finish(house.one, ALL, SYSTEM, "rotating", Came(state, error=error))


def test_a_sign_in_needs_the_app(house: House) -> None:
    with pytest.raises(InvalidInput, match="client_id is missing"):
        begin(house.one, ALL, SYSTEM, "rotating", {}, BACK)
    with pytest.raises(InvalidInput, match="refresh_token does not belong"):
        begin(house.one, ALL, SYSTEM, "rotating", {"client_id": "a", "refresh_token": "r"}, BACK)
    with pytest.raises(InvalidInput, match="no sign-in by browser"):
        begin(house.one, ALL, SYSTEM, "nowhere", {}, BACK)


def test_the_dialects_of_oauth(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = connectable(house.one)["rotating"]
    odd = OAuth(
        authorize_url="https://api.rotating.invalid/authorize?v=2",
        scopes=(OAuthScope("a", "A"), OAuthScope("b", "B")),
        client_parameter="client_key",
        separator=",",
        parameters={"access_type": "offline"},
        challenge="hex",
    )
    monkeypatch.setattr(type(provider), "oauth", property(lambda _: odd))
    query = {name: values[0] for name, values in parse_qs(urlsplit(began(house).url).query).items()}
    assert (query["v"], query["client_key"], query["scope"]) == ("2", "app-1", "a,b")
    assert query["access_type"] == "offline"
    assert len(bytes.fromhex(query["code_challenge"])) == 32
    plain = OAuth(authorize_url="https://api.rotating.invalid/authorize", scopes=(), pkce=False)
    monkeypatch.setattr(type(provider), "oauth", property(lambda _: plain))
    assert "code_challenge" not in began(house).url


def test_the_app_may_be_a_setting(house: House) -> None:
    provider = connectable(house.one)["rotating"]
    assert app_fields(house.one, provider, {"client_id": "given"}) == {"client_id": "given"}


def test_neither_verifier_nor_secret_is_legible_in_the_database(house: House) -> None:
    begun = began(house)
    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    challenge = parse_qs(urlsplit(begun.url).query)["code_challenge"][0]
    with house.one.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT state, sealed FROM sign_ins").fetchall()
    everything = b"".join(bytes(part) for row in rows for part in row)
    assert rows
    assert state.encode() not in everything
    assert challenge.encode() not in everything
    assert hashlib.sha256(state.encode()).digest() in everything
    assert base64.b64encode(b"app-1") not in everything
    assert state not in repr(begun)


async def test_what_is_over_leaves(house: House) -> None:
    began(house)
    house.clock.advance(GOOD_FOR + timedelta(seconds=1))
    began(house)
    with house.one.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sign_ins").scalar() == 1
