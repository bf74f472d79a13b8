"""The database: one writer, a few readers, each on threads of their own beside the event loop.

Storage is synchronous (docs/adr/0002): a small query costs less than an async driver's hop per row, and the
writer's work is Python anyway. The loop hands whole functions to these threads.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa

from afterpost.domain.errors import StorageUnavailable
from afterpost.storage import versions
from afterpost.storage.dialect import counter_of, open_aside, open_engines
from afterpost.storage.faults import told

Connection = sa.Connection
"""What storage functions take; services pass it on and never look inside."""

READERS = 2
RECALLING = 1
"""Threads for answers about an earlier instant: each works for long, and an answer about today waits for none
of them."""

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
        self._recall_threads = ThreadPoolExecutor(RECALLING, thread_name_prefix="afterpost-recalling")
        self._fault: tuple[float, StorageUnavailable] | None = None

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
        with told():
            found: int = self._counter.execute("PRAGMA data_version").fetchone()[0]
        return found

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only connection in one consistent snapshot of the data."""
        with told(), self.reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """The writer's connection in a transaction: committed at the end, or undone by an exception."""
        try:
            with told(), self.writer.connect() as connection, connection.begin():
                yield connection
                wrote = versions.wrote(connection)
        except StorageUnavailable as fault:
            self._fault = (time.monotonic(), fault)
            raise
        if wrote:  # a transaction that found nothing to do proves nothing
            self._fault = None

    def unwritable(self) -> StorageUnavailable | None:
        """Why the last write failed, until another succeeds or trying again may help."""
        if self._fault is None:
            return None
        since, fault = self._fault
        return fault if time.monotonic() - since < fault.retry_in else None

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

    async def recalling(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a function that reads what was known at an earlier instant, on a thread for that alone."""
        return await _run(self._recall_threads, function, *args, **kwargs)

    async def writing(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a writing function on the writer thread; they run one after another."""
        return await _run(self._write_thread, function, *args, **kwargs)

    def close(self) -> None:
        """Finish what runs, then close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._recall_threads.shutdown()
        if self._counter is not None:
            self._counter.close()
        self.writer.dispose()
        self.reader.dispose()
        self.aside.dispose()


async def _run(pool: ThreadPoolExecutor, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    def work() -> R:
        with told():
            return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(pool, work)
