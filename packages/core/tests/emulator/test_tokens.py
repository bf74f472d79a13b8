"""Refresh tokens that rotate."""

import pytest

from afterpost.emulator import RotatingTokens
from packages.core.tests.emulator.toy import ToyWorld


def test_each_refresh_token_works_once_and_gives_the_next() -> None:
    world = ToyWorld()
    ada = world.accounts()[0]
    tokens = RotatingTokens(world)
    first, second = ada.refresh_token, tokens.rotate(ada.refresh_token)
    assert tokens.account(first) is None
    assert tokens.account(second) == ada
    third = tokens.rotate(second)
    assert [tokens.account(one) for one in (first, second, third)] == [None, None, ada]
    with pytest.raises(ValueError, match="dead"):
        tokens.rotate(second)


def test_a_restarted_emulator_knows_the_living_token_and_lets_it_rotate() -> None:
    world = ToyWorld()
    ada = world.accounts()[0]
    second = RotatingTokens(world).rotate(ada.refresh_token)
    restarted = RotatingTokens(world)
    assert restarted.account(second) == ada
    third = restarted.rotate(second)
    assert restarted.account(second) is None
    assert restarted.account(third) == ada


@pytest.mark.parametrize("token", ["", "rotating", "rotating.616461.1", "rotating.616461.1.0000", "x.y.z.w"])
def test_what_it_never_gave_out_is_nobodys(token: str) -> None:
    tokens = RotatingTokens(ToyWorld())
    assert tokens.account(token) is None
    with pytest.raises(ValueError, match="dead"):
        tokens.rotate(token)
