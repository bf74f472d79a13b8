"""The version of an organisation's data moves with what an answer may show, and with nothing else."""

from datetime import timedelta

from afterpost.domain.scope import Scope
from afterpost.services.catalogue import add_brand
from afterpost.services.core import Core
from afterpost.storage import organizations, spending, versions
from packages.core.tests.house import ACTOR, EVERYTHING, at, tell, told


def numbers(core: Core, scope: Scope = EVERYTHING) -> list[int]:
    """The versions of the scope's organisations."""
    with core.read(scope) as connection:
        return [each.number for each in versions.current(connection, scope)]


def test_each_commit_of_what_answers_show_moves_it(core: Core) -> None:
    add_brand(core, EVERYTHING, ACTOR, "Nord", None)
    (before,) = numbers(core)
    tell(core, told("p", at("2026-11-20"), {"views": 1}))
    assert numbers(core)[0] > before


def test_a_call_that_is_booked_does_not(core: Core) -> None:
    add_brand(core, EVERYTHING, ACTOR, "Nord", None)
    before = numbers(core)
    with core.transaction(EVERYTHING, ACTOR) as tx:
        period = (tx.now, tx.now + timedelta(days=1))
        spending.book(tx.connection, tx.scope, "app youtube units", period, 5, tx.now)
    assert numbers(core) == before


def test_only_the_versions_of_the_scope_move_and_one_that_has_none_begins(core: Core) -> None:
    with core.transaction(EVERYTHING, ACTOR) as tx:
        first = organizations.ensure_default(tx.connection, EVERYTHING, "UTC", tx.now).id
        second = organizations.add_organization(tx.connection, EVERYTHING, "other", "Other", "UTC", tx.now)
    before = numbers(core)
    assert second is not None
    mine = Scope(organizations=frozenset({second.id}))
    add_brand(core, mine, ACTOR, "Sud", None)
    assert numbers(core, Scope(organizations=frozenset({first}))) == before[:1]
    assert numbers(core, mine) == [before[1] + 1]
    with core.transaction(Scope(organizations=frozenset({99})), ACTOR) as tx:
        spending.book(tx.connection, tx.scope, "nobody", (tx.now, tx.now), 1, tx.now)
        tx.connection.exec_driver_sql("UPDATE posts SET title = title")
    assert len(numbers(core)) == 2
