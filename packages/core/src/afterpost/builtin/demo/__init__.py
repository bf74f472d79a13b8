"""The demo: three made-up networks, so that there is something to look at without a key or a network.

They are real plugins: accounts are connected, listed and read over HTTP like any other, only that the other
end is an emulator in this process.
"""

from collections.abc import Iterable, Mapping

from afterpost import hookimpl
from afterpost.builtin.demo.network import DemoNetwork, DemoState
from afterpost.builtin.demo.provider import PLATFORMS, DemoProvider
from afterpost.sdk import Provider

__all__ = ["PLATFORMS", "DemoNetwork", "DemoState", "register_providers"]


@hookimpl
def register_providers(settings: Mapping[str, str]) -> Iterable[Provider]:
    """The demo networks: video, photo and text."""
    return [DemoProvider(kind) for kind in PLATFORMS.values()]
