"""The database: one writer, a few readers, each on threads of their own beside the event loop.

Storage is synchronous (docs/adr/0002): a small query costs less than an async driver's hop per row, and the
writer's work is Python anyway. The loop hands whole functions to these threads.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa

from afterpost.storage import versions
from afterpost.storage.dialect import counter_of, open_aside, open_engines

Connection = sa.Connection
"""What storage functions take; services pass it on and never look inside."""

READERS = 2

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """An open database. `read()` gives a read-only connection; writes go through `transaction`."""

    def __init__(self, url: str) -> None:
        self.writer, self.reader = open_engines(url, READERS)
        versions.watch(self.writer)
        # For answers about an earlier instant (storage/past.py).
        self.aside = open_aside(self.writer.url)
        # Where the database is, for people: a file, or a URL without its password.
        self.path = Path(self.writer.url.database or "") if self.backend == "sqlite" else None
        self.where = str(self.path or self.writer.url.render_as_string(hide_password=True))
        self._counter: sqlite3.Connection | None = None
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="afterpost-writer")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="afterpost-reader")

    @property
    def backend(self) -> str:
        """sqlite or postgresql."""
        return self.writer.dialect.name

    def commits(self) -> int | None:
        """A number that is another one after every commit of whoever has the database open; None where asking
        would mean waiting (PostgreSQL). SQLite keeps it in shared memory, so the loop may ask."""
        if self.backend != "sqlite":
            return None
        # Opened late: opening makes the file, and there are databases that are only looked for.
        self._counter = self._counter or counter_of(self.reader)
        found: int = self._counter.execute("PRAGMA data_version").fetchone()[0]
        return found

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only connection in one consistent snapshot of the data."""
        with self.reader.connect() as connection, connection.begin():
            yield connection

    def settle(self) -> None:
        """Make what was committed so far survive a power cut.

        SQLite in WAL mode syncs its log at checkpoints alone; PostgreSQL has synced at commit.
        """
        if self.backend == "sqlite":
            raw: Any = self.writer.raw_connection()
            try:
                raw.driver_connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                raw.close()

    async def reading(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a reading function on a reader thread."""
        return await _run(self._read_threads, function, *args, **kwargs)

    async def writing(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a writing function on the writer thread; they run one after another."""
        return await _run(self._write_thread, function, *args, **kwargs)

    def close(self) -> None:
        """Finish what runs, then close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        if self._counter is not None:
            self._counter.close()
        self.writer.dispose()
        self.reader.dispose()
        self.aside.dispose()


async def _run(pool: ThreadPoolExecutor, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **kwargs))
