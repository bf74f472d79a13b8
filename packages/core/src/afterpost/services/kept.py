"""What was worked out and still holds: the same question of the same data has the same answer."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST = 1_000
"""Things a `Kept` holds; the one not asked for the longest goes first."""


class Kept(Generic[T]):
    """Things by key, each with the mark of what it was made from; for any other mark it is not there.

    Marks are compared, never trusted to be news: whoever makes one sees to it that it differs wherever the
    thing may. Threads may share it.
    """

    def __init__(self, most: int = MOST, bytes_in: Callable[[T], int] = lambda _: 0, room: int = 0) -> None:
        self._most, self._bytes_in, self._room = most, bytes_in, room
        self._things: OrderedDict[Hashable, tuple[Any, T]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def get(self, key: Hashable, mark: object) -> T | None:
        """The thing, if it was made from what is there now."""
        with self._lock:
            found = self._things.get(key)
            if found is None or found[0] != mark:
                return None
            self._things.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, mark: object, thing: T) -> None:
        """Keep it, in place of what was made from earlier data."""
        with self._lock:
            self._drop(self._things.pop(key, None))
            self._things[key] = (mark, thing)
            self._size += self._bytes_in(thing)
            while len(self._things) > self._most or self._size > self._room:
                self._drop(self._things.popitem(last=False)[1])

    def _drop(self, gone: tuple[Any, T] | None) -> None:
        if gone is not None:
            self._size -= self._bytes_in(gone[1])
