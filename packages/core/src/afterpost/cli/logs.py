"""Logs beside a command's output: on stderr, and for a person without tracebacks."""

import logging
import sys
from typing import TextIO

OWN = ("afterpost", "stamina")
"""Loggers of what runs in a command."""


class _Plain(logging.Formatter):
    """The message alone: a command says what failed in its own sentence, a traceback would bury it."""

    def format(self, record: logging.LogRecord) -> str:
        # By hand, for the usual way keeps what it made in the record, and other handlers would show that.
        where = " (AFTERPOST_LOG_LEVEL=DEBUG shows where)" if record.exc_info else ""
        return f"{record.levelname} {record.name}: {record.getMessage()}{where}"


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at that time, so that tests and redirections see it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


_handler = _Stderr()


def set_up_logs(level: str, *, serving: bool = False) -> None:
    """Send logs to stderr: everything from `level` on while serving or at DEBUG, else errors in one line."""
    detailed = serving or level.upper() == "DEBUG"
    _handler.setLevel(level.upper() if detailed else logging.ERROR)
    _handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s") if detailed else _Plain()
    )
    for name in OWN:
        logging.getLogger(name).handlers = [_handler]
        if detailed:
            logging.getLogger(name).setLevel(level.upper())
    if serving:
        server = logging.getLogger("uvicorn")
        server.handlers = [_handler]
        # That it starts and stops is said in better words.
        server.setLevel("WARNING" if level.upper() == "INFO" else level.upper())
