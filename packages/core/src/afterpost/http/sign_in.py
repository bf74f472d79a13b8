"""The ways in, told to whoever has no key yet."""

from litestar import Router, get
from msgspec import Struct

from afterpost.http.errors import STORAGE, problems
from afterpost.http.views import NoMeta
from afterpost.services.core import Core


class SignInView(Struct, frozen=True):
    """A way in: `url` is where it begins, null where a key is typed in."""

    id: str
    title: str
    url: str | None


class SignInAnswer(Struct, frozen=True):
    """Every way in."""

    data: list[SignInView]
    meta: NoMeta = NoMeta()


def sign_in_route(core: Core) -> Router:
    """`/v1/sign-in`, open to everyone: what a sign-in page offers."""

    @get(
        "/sign-in",
        summary="Ways to sign in",
        responses=problems("policy_unavailable", *STORAGE, keyed=False),
    )
    async def read_sign_in_options() -> SignInAnswer:
        """The ways in that the tenant policy offers."""
        return SignInAnswer([SignInView(o.id, o.title, o.url) for o in core.sign_in_options()])

    return Router("/v1", route_handlers=[read_sign_in_options])
