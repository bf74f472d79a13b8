"""The organisation a call is about."""

from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.storage.organizations import Organization


def organization_of(core: Core, scope: Scope) -> Organization:
    """The organisation a call of this scope is about."""
    with core.read(scope) as connection:
        return core.organization(connection, scope)
