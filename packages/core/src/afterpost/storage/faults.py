"""What a database can't do for us for a while, in three classes, whichever database and driver says it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from afterpost.domain.errors import Misconfigured, StorageBusy, StorageFull, StorageUnavailable

_SQLITE: dict[int, type[StorageUnavailable]] = {
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_BUSY: StorageBusy,
    sqlite3.SQLITE_LOCKED: StorageBusy,
    sqlite3.SQLITE_IOERR: StorageUnavailable,
    sqlite3.SQLITE_CANTOPEN: StorageUnavailable,
    sqlite3.SQLITE_CORRUPT: StorageUnavailable,
    sqlite3.SQLITE_NOTADB: StorageUnavailable,
    sqlite3.SQLITE_NOMEM: StorageUnavailable,
}
_POSTGRESQL: dict[str, type[StorageUnavailable]] = {
    "53100": StorageFull,  # disk_full
    "55P03": StorageBusy,  # lock_not_available
    "40P01": StorageBusy,  # deadlock_detected
    "40001": StorageBusy,  # serialization_failure
    "57014": StorageBusy,  # query_canceled, by a time-out of the server
    "53300": StorageBusy,  # too_many_connections
    "25006": StorageUnavailable,  # read_only_sql_transaction: a server that only follows another
}
_CLASSES: dict[str, type[StorageUnavailable]] = {
    "08": StorageUnavailable,  # connection exception
    "53": StorageUnavailable,  # insufficient resources
    "57": StorageUnavailable,  # operator intervention: it shuts down, or starts
    "58": StorageUnavailable,  # system error
    "XX": StorageUnavailable,  # it found its own files damaged
}


def fault_of(error: BaseException) -> StorageUnavailable | None:
    """The class of an error of the database or its driver; None for one that is about what was asked."""
    if isinstance(error, StorageUnavailable):
        return error
    kind = _kind(error)
    return None if kind is None else kind()


def _kind(error: BaseException) -> type[StorageUnavailable] | None:
    if isinstance(error, sa.exc.TimeoutError):  # no connection of the pool came free
        return StorageBusy
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return _kind(error.orig)
    if isinstance(error, Misconfigured) and isinstance(error.__cause__, sqlite3.Error):
        return _kind(error.__cause__)  # a connection that was opened while we run
    if isinstance(error, sqlite3.Error):
        # The low byte is the class, the rest says more.
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if type(error).__module__.split(".")[0] != "psycopg":
        return None
    state: str | None = getattr(error, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state) or _CLASSES.get(state[:2])
    # Without a state nobody answered: the connection is not to be had, or was lost.
    broken = {"OperationalError", "InterfaceError"}
    return StorageUnavailable if broken & {each.__name__ for each in type(error).__mro__} else None


@contextmanager
def told() -> Iterator[None]:
    """What fails within for a reason of the database's is raised as its class; everything else as it is."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        if fault is None or fault is error:
            raise
        raise fault from error
