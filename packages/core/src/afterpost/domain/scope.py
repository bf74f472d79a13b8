"""Who asks, and what the call may see. Both are arguments, never context variables."""

from typing import Self

from msgspec import Struct


class Actor(Struct, frozen=True):
    """Who acts: `kind` is key, cli, job or system; `id` names it in runs and events."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor("system", "afterpost")


class Scope(Struct, frozen=True):
    """The organisations, brands and accounts a call may see, as sets of ids; None means every one."""

    organizations: frozenset[int] | None = None
    brands: frozenset[int] | None = None
    accounts: frozenset[int] | None = None

    @classmethod
    def default(cls) -> Self:
        """Everything: what a single-tenant installation sees."""
        return cls()

    def is_whole(self) -> bool:
        """Whether every part is a set of ids: policies make scopes, and a struct checks nothing."""
        parts: tuple[object, ...] = (self.organizations, self.brands, self.accounts)
        return all(
            part is None or (isinstance(part, frozenset) and all(type(key) is int for key in part))
            for part in parts
        )

    def narrowed(
        self, *, organization: int | None = None, brand: int | None = None, account: int | None = None
    ) -> "Scope":
        """This scope restricted further; a value outside it leaves nothing to see."""
        return Scope(
            organizations=_narrow(self.organizations, organization),
            brands=_narrow(self.brands, brand),
            accounts=_narrow(self.accounts, account),
        )


def _narrow(allowed: frozenset[int] | None, wanted: int | None) -> frozenset[int] | None:
    if wanted is None:
        return allowed
    return frozenset({wanted}) if allowed is None else allowed & {wanted}
