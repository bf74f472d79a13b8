"""Who is calling, and which organisation that opens. A scope of everything is for core's own jobs alone."""

from collections.abc import Sequence

from afterpost.sdk import Actor, Caller, OwnTables, Reads, Scope, SignInOption, TenantPolicy, Unauthenticated
from afterpost_ee import keys
from afterpost_ee.keys import Key

KIND = "key"
NOBODY = 0
"""The id of no organisation: theirs begin at 1."""
MARK = "ee:"
"""How the id of an actor with a key of ours begins; the key's own id follows."""


class EnterpriseTenancy(TenantPolicy):
    """A key of ours sees its organisation; whoever core itself lets in sees the operator's.

    `default` is core's policy, `organization` the slug of the operator's organisation.
    """

    def __init__(self, default: TenantPolicy, tables: OwnTables, reads: Reads, organization: str) -> None:
        self._default = default
        self._tables = tables
        self._reads = reads
        self._organization = organization

    async def resolve(self, caller: Caller) -> tuple[Actor, Scope]:
        """The actor, and a scope of one organisation."""
        if caller.on_behalf_of is not None:
            return await self._again(caller)
        if caller.door in {"http", "mcp"} and caller.token is not None:
            token = caller.token
            key = await self._tables.reading(Scope.default(), lambda c: keys.by_token(c, token))
            if key is not None:
                return _holder(key)
        actor, scope = await self._default.resolve(caller)
        return actor, await self._operators(scope)

    async def _again(self, caller: Caller) -> tuple[Actor, Scope]:
        """Who asked for a job may have lost the key since."""
        actor, scope = await self._default.resolve(caller)
        if actor.kind == KIND and actor.id.startswith(MARK):
            key_id = int(actor.id.removeprefix(MARK))
            key = await self._tables.reading(Scope.default(), lambda c: keys.by_id(c, key_id))
            if key is None:
                raise Unauthenticated("The key that asked for this was revoked.")
            return _holder(key)
        # Core's own loop goes through the organisations one by one, each in a scope of its own.
        return (actor, scope) if actor.kind == "system" else (actor, await self._operators(scope))

    async def _operators(self, scope: Scope) -> Scope:
        known = await self._reads.organizations(Scope.default())
        # A slug that is nobody's leaves nothing to see, rather than everything.
        return scope.narrowed(organization=known.get(self._organization, NOBODY))

    def sign_in_options(self) -> Sequence[SignInOption]:
        """As without it: a key is typed in."""
        return self._default.sign_in_options()


def _holder(key: Key) -> tuple[Actor, Scope]:
    return Actor(KIND, f"{MARK}{key.id}"), Scope(organizations=frozenset({key.organization_id}))
