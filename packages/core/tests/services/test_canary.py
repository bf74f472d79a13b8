"""A planted secret is found nowhere: not in logs, answers, exceptions, the database's bytes, or a dump."""

import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio
from litestar.testing import AsyncTestClient

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.domain.scope import SYSTEM, Scope
from afterpost.http import build_app
from afterpost.sdk import AccountProfile, Call, CodeGrant, Credential, Secret
from afterpost.services.connect import connect, list_accounts
from afterpost.services.dump import export
from afterpost.services.exchange import Exchange, called
from afterpost.services.renewal import held
from afterpost.services.runner import Runner
from afterpost.services.sign_in import Came
from packages.core.tests.databases import on_a_file
from packages.core.tests.house import Clock, settings_in
from packages.core.tests.plugins.rotating import LIFETIME
from packages.core.tests.services.test_renewal import House

ALL = Scope.default()
CANARY = "yellow+zq7f3a/9c=bird"
TELLTALES = ("zq7f3a", "rotating-access", "rotating-refresh")
"""What no output may hold: the planted app secret, and every token that the platform gives out."""


def clear(text: str | bytes) -> None:
    """No secret is in it."""
    content = text.encode() if isinstance(text, str) else text
    for telltale in TELLTALES:
        assert telltale.encode() not in content, telltale


@pytest_asyncio.fixture
async def house(tmp_path: Path, clock: Clock) -> AsyncIterator[House]:
    made = House(tmp_path, clock)
    given = dict(made.dialect.credential(made.dialect.owner)) | {"client_secret": CANARY}
    await connect(made.one, ALL, SYSTEM, "rotating", given)
    yield made
    await made.close()


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that anybody logs, as an embedder with the root logger at DEBUG gets it."""
    with caplog.at_level(logging.DEBUG):
        for name in ("afterpost", "afterpost.exchange"):
            caplog.set_level(logging.DEBUG, name)
        yield caplog


FAILURES: Mapping[str, Callable[[Call], Exception]] = {
    "a plain exception": lambda call: RuntimeError(
        f"boom {call.credential.secrets['client_secret'].reveal()}"
    ),
    "an httpx error": lambda call: httpx.ConnectError(
        f"no way to https://x/?t={call.credential.secret('access_token')}"
    ),
    "a decoding error": lambda call: httpx.DecodingError(call.credential.secret("access_token")),
    "its own error": lambda call: ProviderError(
        ErrorKind.BAD_REQUEST,
        f"refused {call.credential.secret('access_token')}",
        native=call.credential.secret("refresh_token"),
        request_id=call.credential.secret("client_secret"),
    ),
    "a revocation": lambda call: ProviderError(
        ErrorKind.CREDENTIAL_REVOKED, f"revoked {call.credential.secret('refresh_token')}"
    ),
}


@pytest.mark.parametrize("failure", sorted(FAILURES))
async def test_whatever_a_provider_raises(
    house: House, logs: pytest.LogCaptureFixture, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(provider: object, call: Call, *rest: object) -> None:
        try:
            raise KeyError(call.credential.secret("access_token"))
        except KeyError as cause:
            raise FAILURES[failure](call) from cause

    account = list_accounts(house.one, ALL)[0]
    exchange = Exchange(house.one, ALL, SYSTEM, account)
    monkeypatch.setattr(type(exchange.provider), "check", fails)
    monkeypatch.setattr(type(exchange.provider), "list_posts", fails)
    monkeypatch.setattr(type(exchange.provider), "fetch_metrics", fails)
    monkeypatch.setattr("afterpost.services.exchange.ATTEMPTS", 1)
    with pytest.raises(ProviderError) as error:
        await exchange.ask("check", exchange.provider.check, AccountProfile)
    clear("".join(traceback.format_exception(error.value)))
    clear(repr((error.value, vars(error.value))))
    await Runner(house.one).run_due()
    clear(repr(list_accounts(house.one, ALL)))
    clear("".join(logging.Formatter("%(message)s").format(record) for record in logs.records))
    assert bool(logs.records) is (failure == "a plain exception")
    await everything_is_clear(house)


async def test_a_day_in_its_life(house: House, logs: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        await Runner(house.one).run_due()
        house.clock.advance(LIFETIME)
    clear(logs.text)
    await everything_is_clear(house)
    # The look itself can find something: that is what is stored, opened.
    stored = held(house.one, ALL, list_accounts(house.one, ALL)[0]).credential
    with pytest.raises(AssertionError):
        clear(stored.secret("refresh_token"))


async def everything_is_clear(house: House) -> None:
    """Every answer over HTTP, the dump, and reprs of what holds a secret."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        async with AsyncTestClient(build_app(house.two), raise_server_exceptions=False) as client:
            client.headers["Authorization"] = f"Bearer {house.one.settings.api_key}"
            for path in (
                *("/v1/accounts", "/v1/posts", "/v1/runs/1", "/v1/connect", "/v1/accounts/1/metrics"),
                *("/v1/connect/rotating/callback?state=zq7f3a&code=zq7f3a", "/health/ready"),
                *("/schema/openapi.json", "/v1/accounts/1", "/v1/connect/rotating/start"),
            ):
                clear((await client.get(path)).text)
        house.two = house.open()
        lines: list[bytes] = []
        await export(house.one, ALL, SYSTEM, lines.append)
        clear(b"".join(lines))
    clear(out.getvalue() + err.getvalue())
    clear(repr(house.one) + repr(house.one.settings))


def contents(folder: Path) -> list[bytes]:
    """Every file in a folder."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@on_a_file
async def test_the_bytes_of_the_database(house: House, tmp_path: Path) -> None:
    await Runner(house.one).run_due()
    files = contents(tmp_path)
    assert len(files) > 1
    for content in files:
        clear(content)


def test_nothing_that_holds_a_secret_shows_it() -> None:
    secret = Secret(CANARY)
    holders = [
        secret,
        Credential(secrets={"a": secret}),
        CodeGrant(code=secret, verifier=secret, redirect_uri="http://127.0.0.1/"),
        Came(CANARY, CANARY),
        settings_in(Path("/nowhere")),
    ]
    for holder in holders:
        clear(repr(holder) + str(holder) + f"{holder}")
    assert settings_in(Path("/nowhere")).api_key not in repr(holders[-1])
    for holder in holders[:3]:
        with pytest.raises(TypeError):
            msgspec.json.encode(holder)
        with pytest.raises(TypeError):
            pickle.dumps(holder)


async def test_an_error_without_a_secret_stays_what_it_was() -> None:
    credential = Credential(secrets={"a": Secret(CANARY)})
    call = Call(client=httpx.AsyncClient(), credential=credential, now=Clock().now)
    raised = ProviderError(ErrorKind.BAD_REQUEST, "No.", native="x")

    async def fails(call: Call) -> AccountProfile:
        raise raised

    with pytest.raises(ProviderError) as error:
        await called(fails, call, AccountProfile)
    assert error.value is raised
