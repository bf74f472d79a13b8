"""What every cage has in common: a plugin that answers one hook with something, and a good one beside it."""

from collections.abc import Callable
from typing import Any

from afterpost import hookimpl
from afterpost.domain.scope import SYSTEM
from afterpost.services.connect import connect
from afterpost.services.core import Core
from afterpost.services.post_summary import post_analytics
from afterpost.services.runner import Runner
from afterpost.storage import posts
from packages.core.tests.house import EVERYTHING
from packages.core.tests.plugins.network import Table

GOOD = {"g1": 11, "g2": 22, "g3": 33}
"""The posts of the well-behaved network, with their views."""


def plugin(hook: str, answer: Callable[[], Any]) -> object:
    """A plugin that implements one hook, and answers with what `answer` returns when it is asked."""

    @hookimpl
    def implementation() -> Any:
        return answer()

    return with_hook(hook, implementation)


def with_hook(hook: str, implementation: Callable[..., Any]) -> object:
    """A plugin object with that function as its hook."""
    return type("Plugin", (), {hook: staticmethod(implementation)})()


def raising(error: BaseException) -> Callable[..., Any]:
    """Something that raises, however it is called."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def good_network() -> Table:
    """A network that does nothing wrong."""
    table = Table("good")
    table.views = dict(GOOD)
    return table


async def collected(core: Core, *platforms: str) -> None:
    """Connect an account on each platform, and let the loop run once."""
    for platform in platforms:
        await connect(core, EVERYTHING, SYSTEM, platform, {})
    await Runner(core).run_due()


def views(core: Core, platform: str = "good") -> dict[str, int | float | None]:
    """External id -> the views that are shown of it; None where nothing is known."""
    with core.read(EVERYTHING) as connection:
        found = posts.find_posts(connection, EVERYTHING, 1, platform, [*GOOD, "bad", "b1", "b2"])
    return {
        key: post_analytics(core, EVERYTHING, post.id)[0].summary.metrics.get("views")
        for key, post in found.items()
    }
