"""From a Scope and a Selection to WHERE: the one place where they become SQL."""

import sqlalchemy as sa

from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection


def within(scope: Scope, table: sa.FromClause, *, many: bool = False) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep a statement inside the scope, on whichever of the dimensions the table has.

    `many`: in a form for a statement that is executed with many sets of parameters, where IN can't stand.

    Facts have no brand or account of their own: a statement about them joins `posts` and asks for both.
    """
    name = getattr(table, "name", "")
    conditions: list[sa.ColumnElement[bool]] = []
    for column, allowed in (
        ("id" if name == "organizations" else "organization_id", scope.organizations),
        ("id" if name == "brands" else "brand_id", scope.brands),
        ("id" if name == "accounts" else "account_id", scope.accounts),
    ):
        if allowed is not None and column in table.c:
            ids = sorted(allowed)
            one_of = sa.or_(sa.false(), *(table.c[column] == key for key in ids))
            conditions.append(one_of if many else table.c[column].in_(ids))
    return conditions


def selected(selection: Selection, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep a statement to the selected posts, on a table that has their dimensions."""
    wanted = (("platform", selection.platform), ("content_type", selection.content_type))
    return [table.c[column] == value for column, value in wanted if value is not None]
