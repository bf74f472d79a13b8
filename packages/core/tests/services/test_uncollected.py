"""Keeping the cycle collector out of work over many objects."""

import gc

import pytest

from afterpost.services.uncollected import uncollected


def test_the_collector_is_off_inside_and_back_afterwards() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_back_after_a_failure_too() -> None:
    with pytest.raises(ValueError, match="broken"), uncollected():
        raise ValueError("broken")
    assert gc.isenabled()


def test_it_stays_off_where_somebody_else_keeps_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
