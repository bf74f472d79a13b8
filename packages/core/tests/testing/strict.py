"""A sound provider on a network that takes a grant back once a refresh token of it comes a second time."""

from datetime import datetime

from afterpost.emulator import Dialect, Request, Response, World
from packages.core.tests.testing.sound import Plugin, Sound
from packages.core.tests.testing.sound_wire import SoundDialect, refusal


class StrictDialect(SoundDialect):
    """As RFC 9700 wants it: who of the two has stolen the token can't be told."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._taken_back = False

    def answer(self, request: Request, now: datetime) -> Response:
        answer = super().answer(request, now)
        if request.path == "/token" and answer.status != 200:
            self._taken_back = True
        return refusal("unauthorized") if self._taken_back and request.path != "/token" else answer


class Strict(Sound):
    """The sound provider, before it."""

    def emulate(self, world: World) -> Dialect | None:
        return StrictDialect(world)


plugin = Plugin(Strict)
