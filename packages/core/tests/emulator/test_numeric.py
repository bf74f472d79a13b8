"""Ids of digits for a world that has others."""

from afterpost.emulator import NumericIds
from packages.core.tests.emulator.toy import NOW, ToyWorld


def test_every_id_has_digits_and_leads_back() -> None:
    world = ToyWorld()
    ids = NumericIds(world)
    for account in world.accounts():
        digits = ids.of(account.id)
        assert digits.isdigit()
        assert ids.account(digits) == account
        for post in world.posts(account.id, NOW):
            digits = ids.of(post.id)
            assert digits.isdigit()
            assert len(digits) <= 18
            # Also of a restarted emulator, which has shown none yet.
            assert NumericIds(world).post(digits, NOW) == post
    assert ids.post("1", NOW) is None
    assert ids.account("1") is None


def test_digits_stay_as_they_are() -> None:
    ids = NumericIds(ToyWorld())
    assert ids.of("1346889436626259968") == "1346889436626259968"
    assert ids.of("ada") == ids.of("ada") != ids.of("bob")
    assert ids.of("٣").isascii()
