"""What a dialect is given: requests, tokens that end, a world's accounts."""

from datetime import timedelta

import pytest

from afterpost.emulator import Fault, Request, Response, Tokens
from packages.core.tests.emulator.toy import NOW, ToyDialect, ToyWorld


def request(**parts: object) -> Request:
    return Request(**({"host": "api.toy.example", "method": "GET", "path": "/"} | parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
    ],
)
def test_the_bearer_token(header: str, token: str | None) -> None:
    assert request(headers={"authorization": header}).bearer == token


@pytest.mark.parametrize("body", [b"", b"{", b'"\xff"', b"[" * 100_000])
def test_a_body_that_is_no_json(body: bytes) -> None:
    assert request(body=body).json() is None


def test_a_form_that_is_none() -> None:
    assert request(body=b"\xff\xfe").form == {}


def test_the_account_of_a_request() -> None:
    dialect = ToyDialect(ToyWorld())
    assert dialect.account_of(request(headers={"authorization": "Bearer t-bob"}), NOW) == "bob"
    assert dialect.account_of(request(headers={"authorization": "Bearer x"}), NOW) is None
    assert dialect.account_of(request(), NOW) is None


def test_what_connects_an_account() -> None:
    world = ToyWorld()
    assert ToyDialect(world).credential(world.accounts()[1]) == {"access_token": "t-bob"}


def test_shaping_leaves_alone_what_is_no_json_or_has_no_such_thing() -> None:
    dialect = ToyDialect(ToyWorld())
    for fault in (Fault("absent_field"), Fault("missing_id")):
        for body in (
            b"",
            b"<html>",
            b'"\xff"',
            b"[" * 100_000,
            b"3",
            b'{"posts": []}',
            b'[[["a"]]]',
            b"[{}]",
        ):
            assert dialect.shape(fault, request(), Response(200, body)) is None


def test_shaping_reaches_nested_lists() -> None:
    dialect = ToyDialect(ToyWorld())
    answer = Response.json({"a": [{"items": [{"id": "p1"}, {"id": "p2"}]}], "b": [{"id": "p1"}]})
    shaped = dialect.shape(Fault("missing_id", ids=("p1",)), request(), answer)
    assert shaped is not None
    assert shaped.body == b'{"a":[{"items":[{"id":"p2"}]}],"b":[]}'


def test_issued_tokens_end_and_open_one_account() -> None:
    world = ToyWorld()
    tokens = Tokens(world, lifetime=timedelta(hours=2), prefix="toy")
    bob = world.account("bob")
    assert bob is not None
    token = tokens.issue(bob, NOW)
    assert token != tokens.issue(bob, NOW + timedelta(seconds=1))
    assert tokens.account(token, NOW + timedelta(minutes=119)) == bob
    assert tokens.account(token, NOW + timedelta(hours=2)) is None
    assert Tokens(ToyWorld(), prefix="toy").account(token, NOW) == bob
    assert Tokens(world, prefix="other").account(token, NOW) is None
    for wrong in ("", "toy", "toy.x.y.z", token[:-1], token.replace("626f62", "616461")):
        assert tokens.account(wrong, NOW) is None


def test_endless_tokens() -> None:
    world = ToyWorld()
    account = Tokens(world).account("t-ada", NOW + timedelta(days=9_999))
    assert account is not None
    assert account.id == "ada"
    assert world.account_for_refresh_token("r-bob") == world.account("bob")
    assert world.account_for_refresh_token("t-bob") is world.account("eve") is None
