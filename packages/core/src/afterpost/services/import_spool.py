"""Lines of a file held against each other before any is stored: one that contradicts another fails with it.

They may lie far apart, so a file is read to its end first. From a pipe, which may have no end, lines are held
against those that come with them.
"""

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, TypeAlias

from afterpost.domain.contradictions import Contradictions
from afterpost.sdk.formats import FileItem, FileRecord

CHUNK = 500
"""Items that are held against each other where the whole is not."""
IN_MEMORY = 20
"""Chunks held as they are; those of a longer file lie in a temporary file."""

Counts: TypeAlias = Callable[[FileRecord], bool]
"""Whether a record takes part: one that is to fail anyway contradicts nothing."""
Compared: TypeAlias = tuple[FileItem, str]
"""An item, and a sentence on what another line says instead; "" where none does."""


@contextmanager
def compared(items: Iterable[FileItem], counts: Counts, *, whole: bool) -> Iterator[Iterator[Compared]]:
    """The items in order, each with what contradicts it. `whole`: in all of the file, which is read to its
    end first; what ended it early is raised when the items before it are taken."""
    if not whole:
        yield (pair for chunk in _chunks(items) for pair in _told(chunk, counts))
        return
    with ExitStack() as stack:
        spool = _Spool(stack)
        known, error = Contradictions(), None
        try:
            for chunk in _chunks(items):
                for record in _records(chunk, counts):
                    known.notice((record.platform, record.external_id, record.reading))
                spool.add(chunk)
        except Exception as raised:  # a format may come from a plugin, which fails in any way
            error = raised
        if known.possible:
            for chunk in spool:
                _compare(known, chunk, counts)
        yield _again(spool, _sentences(known), error)


def _told(chunk: list[FileItem], counts: Counts) -> Iterator[Compared]:
    known = Contradictions()
    for record in _records(chunk, counts):
        known.notice((record.platform, record.external_id, record.reading))
    if known.possible:
        _compare(known, chunk, counts)
    return _with(chunk, _sentences(known))


def _again(
    chunks: Iterable[list[FileItem]], said: dict[int, str], error: Exception | None
) -> Iterator[Compared]:
    for chunk in chunks:
        yield from _with(chunk, said)
    if error is not None:
        raise error


def _with(chunk: list[FileItem], said: dict[int, str]) -> Iterator[Compared]:
    return ((item, said.get(item.line, "")) for item in chunk)


def _sentences(known: Contradictions) -> dict[int, str]:
    return {line: one.sentence("line") for line, one in known.found().items()}


def _compare(known: Contradictions, chunk: list[FileItem], counts: Counts) -> None:
    for record in _records(chunk, counts):
        known.compare(record.line, (record.platform, record.external_id, record.reading))


def _records(chunk: list[FileItem], counts: Counts) -> Iterator[FileRecord]:
    return (item for item in chunk if isinstance(item, FileRecord) and counts(item))


def _chunks(items: Iterable[FileItem]) -> Iterator[list[FileItem]]:
    """The items some at a time; those before an error come before it."""
    chunk: list[FileItem] = []
    try:
        for item in items:
            chunk.append(item)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


class _Spool:
    """Chunks that are given again as often as asked."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._chunks: list[list[FileItem] | int] = []
        self._file: IO[bytes] | None = None

    def add(self, chunk: list[FileItem]) -> None:
        """One more chunk."""
        if len(self._chunks) < IN_MEMORY:
            self._chunks.append(chunk)
            return
        try:
            written = pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL)
        except Exception:  # what a plugin put into a record is its own
            self._chunks.append(chunk)
            return
        if self._file is None:
            self._file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._chunks.append(self._file.seek(0, 2))
        self._file.write(written)

    def __iter__(self) -> Iterator[list[FileItem]]:
        for chunk in self._chunks:
            if isinstance(chunk, int):
                assert self._file is not None
                self._file.seek(chunk)
                yield pickle.load(self._file)  # written by this process, into a file without a name
            else:
                yield chunk
