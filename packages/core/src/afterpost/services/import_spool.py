"""A file's items, held until all of them are known: lines that contradict each other may lie far apart."""

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Self

from afterpost.domain.contradictions import Contradictions
from afterpost.sdk.formats import FileItem, FileRecord

CHUNK = 500
IN_MEMORY = 20
"""Chunks held as they are; those of a longer file lie in a temporary file."""


class Spool:
    """The items of a file in order, read once and given again as often as asked; and which of its lines
    contradict each other. What ends the reading early is raised where it came, each time."""

    def __init__(self) -> None:
        self.contradictions: dict[int, str] = {}
        """line -> a sentence on what another line says instead."""
        self._chunks: list[list[FileItem] | int] = []
        self._file: IO[bytes] | None = None
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def fill(
        self, items: Iterable[FileItem], counts: Callable[[FileRecord], bool], progress: Callable[[], None]
    ) -> None:
        """Read the items to their end. `counts`: whether a record takes part in contradictions; `progress` is
        called now and then."""
        known = Contradictions()
        stream = iter(items)
        while self._error is None:
            chunk: list[FileItem] = []
            try:
                while len(chunk) < CHUNK and (item := next(stream, None)) is not None:
                    chunk.append(item)
            except Exception as error:  # a format may come from a plugin, which fails in any way
                self._error = error
            for item in chunk:
                if isinstance(item, FileRecord) and counts(item):
                    known.notice((item.platform, item.external_id, item.reading))
            if not chunk:
                break
            self._keep(chunk)
            progress()
        if known.possible:
            for item in self._kept():
                if isinstance(item, FileRecord) and counts(item):
                    known.compare(item.line, (item.platform, item.external_id, item.reading))
            self.contradictions = {line: one.sentence("line") for line, one in known.found().items()}

    def __iter__(self) -> Iterator[FileItem]:
        yield from self._kept()
        if self._error is not None:
            raise self._error

    def _keep(self, chunk: list[FileItem]) -> None:
        if len(self._chunks) < IN_MEMORY:
            self._chunks.append(chunk)
            return
        try:
            written = pickle.dumps(chunk, pickle.HIGHEST_PROTOCOL)
        except Exception:  # what a plugin put into a record is its own
            self._chunks.append(chunk)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 closed by `__exit__`
        self._chunks.append(self._file.seek(0, 2))
        self._file.write(written)

    def _kept(self) -> Iterator[FileItem]:
        for chunk in self._chunks:
            if isinstance(chunk, int):
                assert self._file is not None
                self._file.seek(chunk)
                chunk = _unpacked(self._file)
            yield from chunk


def _unpacked(file: Any) -> list[FileItem]:
    found: list[FileItem] = pickle.load(file)  # written by this process, into a file that has no name
    return found
