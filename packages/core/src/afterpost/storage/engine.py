"""The database: one writer, a few readers, each on threads of their own beside the event loop.

Storage is synchronous (docs/adr/0002): a small query costs less than an async driver's hop per row, and the
writer's work is Python anyway. The loop hands whole functions to these threads.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from afterpost.domain.errors import Misconfigured
from afterpost.storage.dialect import sqlite_engine

Connection = sa.Connection
"""What storage functions take; services pass it on and never look inside."""

READERS = 2

P = ParamSpec("P")
R = TypeVar("R")


class Database:
    """An open database. `read()` gives a read-only connection; writes go through `transaction`."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
            raise Misconfigured(
                f"AFTERPOST_DATABASE_URL {parsed.render_as_string(hide_password=True)!r} is not usable.",
                hint="Use sqlite:////absolute/path/to/afterpost.db, or leave it out.",
            )
        self.path = Path(parsed.database)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.writer = sqlite_engine(parsed.database, writes=True, pool_size=1)
        self.reader = sqlite_engine(parsed.database, writes=False, pool_size=READERS + 1)
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="afterpost-writer")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="afterpost-reader")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A read-only connection in one consistent snapshot of the data."""
        with self.reader.connect() as connection, connection.begin():
            yield connection

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
        self.writer.dispose()
        self.reader.dispose()


async def _run(pool: ThreadPoolExecutor, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **kwargs))
