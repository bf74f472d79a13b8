"""From a Scope and a Selection to WHERE: the one place where they become SQL."""

from typing import Any, NamedTuple, Self

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import EVERY_POST, Selection


def within(
    scope: Scope, table: sa.FromClause, *, many: bool = False, named: bool = False
) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep a statement inside the scope, on whichever of the dimensions the table has.

    `many`: in a form for a statement that is executed with many sets of parameters, where IN can't stand.
    `named`: in a form for a statement that names the rows by id, which no index fits. SQLite would rather
    enter by that of an organisation, and go through all that it has.

    Facts have no brand or account of their own: a statement about them joins `posts` and asks for both.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    for column, allowed in zip(_columns(table), _allowed(scope), strict=True):
        if allowed is not None and column in table.c:
            ids = sorted(allowed)
            value = table.c[column] + 0 if named else table.c[column]
            one_of = sa.or_(sa.false(), *(value == key for key in ids))
            conditions.append(one_of if many else value.in_(ids))
    return conditions


def selected(selection: Selection, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep a statement to the selected posts, on a table that has their dimensions."""
    wanted = (("platform", selection.platform), ("content_type", selection.content_type))
    return [table.c[column] == value for column, value in wanted if value is not None]


def _columns(table: sa.FromClause) -> tuple[str, str, str]:
    name = getattr(table, "name", "")
    return (
        "id" if name == "organizations" else "organization_id",
        "id" if name == "brands" else "brand_id",
        "id" if name == "accounts" else "account_id",
    )


def _allowed(scope: Scope) -> tuple[frozenset[int] | None, ...]:
    return scope.organizations, scope.brands, scope.accounts


class Shape(NamedTuple):
    """Which of its parts narrow a scope and a selection. A statement of a hot read is built once for each
    shape and given the values when it runs: building it takes longer than the database takes to answer."""

    organizations: bool
    brands: bool
    accounts: bool
    platform: bool
    content_type: bool

    @classmethod
    def of(cls, scope: Scope, selection: Selection = EVERY_POST) -> Self:
        """The shape they have."""
        parts = (*_allowed(scope), selection.platform, selection.content_type)
        return cls(*(part is not None for part in parts))

    def conditions(self, table: sa.FromClause, *, named: bool = False) -> list[sa.ColumnElement[bool]]:
        """`within` and `selected`, with the values left open, on those columns that the table has."""
        columns = zip(self[:3], _columns(table), _LISTS, strict=True)
        found: list[sa.ColumnElement[bool]] = [
            (table.c[column] + 0 if named else table.c[column]).in_(sa.bindparam(name, expanding=True))
            for narrows, column, name in columns
            if narrows and column in table.c
        ]
        for narrows, column in ((self.platform, "platform"), (self.content_type, "content_type")):
            if narrows and column in table.c:
                found.append(table.c[column] == sa.bindparam(f"of_{column}"))
        return found


_LISTS = ("of_organizations", "of_brands", "of_accounts")


def values_of(scope: Scope, selection: Selection = EVERY_POST) -> dict[str, Any]:
    """The values that `Shape.conditions` leaves open."""
    texts = {"of_platform": selection.platform, "of_content_type": selection.content_type}
    lists = {name: sorted(ids) for name, ids in zip(_LISTS, _allowed(scope), strict=True) if ids is not None}
    return lists | {name: text for name, text in texts.items() if text is not None}
