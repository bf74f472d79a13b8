"""A question about a window: which days and which posts, and all that answering it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from afterpost.domain.errors import NotFound
from afterpost.domain.scope import Scope
from afterpost.domain.selection import Selection
from afterpost.domain.windows import DEFAULT_DAYS, Window, resolve_window
from afterpost.services.core import Core
from afterpost.services.uncollected import uncollected
from afterpost.storage import accounts, organizations
from afterpost.storage.engine import Connection
from afterpost.storage.organizations import Organization


class Question(Struct, frozen=True, kw_only=True):
    """The days [start, end], both inclusive, and only the posts of a brand, account, platform or type.

    What is None does not restrict; without days it is the 7 that end yesterday.
    """

    start: date | None = None
    end: date | None = None
    brand_id: int | None = None
    account_id: int | None = None
    platform: str | None = None
    content_type: str | None = None


DEFAULT = Question()


class Asked(NamedTuple):
    """A question being answered: one state of the facts, the narrowed scope, and the window in its zone."""

    core: Core
    connection: Connection
    scope: Scope
    selection: Selection
    organization: Organization
    window: Window


def window_of(
    core: Core,
    organization: Organization,
    start: date | None,
    end: date | None,
    days: int = DEFAULT_DAYS,
) -> Window:
    """The complete days a question is about, in the organisation's zone; `days` without a first one."""
    return resolve_window(core.now(), organization.time_zone, start, end, days)


@contextmanager
def asking(core: Core, scope: Scope, question: Question, days: int = DEFAULT_DAYS) -> Iterator[Asked]:
    """Begin to answer a question; NotFound for a brand or account that is not there.

    An unknown one must not look like one that earned nothing. `days`: so many where no first one is named.
    """
    with core.read(scope) as connection, uncollected():
        organization = core.organization(connection, scope)
        brand_id, account_id = question.brand_id, question.account_id
        if brand_id is not None and organizations.get_brand(connection, scope, brand_id) is None:
            raise NotFound(f"There is no brand {brand_id}.")
        if account_id is not None and accounts.get_account(connection, scope, account_id) is None:
            raise NotFound(f"There is no account {account_id}.")
        yield Asked(
            core,
            connection,
            scope.narrowed(brand=brand_id, account=account_id),
            Selection(question.platform, question.content_type),
            organization,
            window_of(core, organization, question.start, question.end, days),
        )
