"""Pages of a windowed answer: from a cursor to where the page before ended, and back."""

from typing import TypeVar

from afterpost.http.cursor import Cursors, Key
from afterpost.http.scope import Acting

T = TypeVar("T", bound=Key)


class Pages:
    """The cursors of one request, good only for its own question, asked as of the same instant."""

    def __init__(self, call: Acting, *question: object) -> None:
        self._cursors = Cursors(call.core.settings.sealing_key())
        self._call = call
        self._question = (*question, call.as_of)

    def after(self, cursor: str | None, kind: type[T]) -> T | None:
        """Where the page before ended; None for the first page, InvalidCursor for one that is not ours."""
        if cursor is None:
            return None
        return self._cursors.open(cursor, kind, self._call.scope, *self._question)

    def cursor(self, last: Key | None) -> str | None:
        """The cursor of the page that follows; None where none does."""
        return None if last is None else self._cursors.make(last, self._call.scope, *self._question)
