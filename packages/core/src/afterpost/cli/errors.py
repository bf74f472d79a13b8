"""From errors to sentences and exit codes, in one place for every command."""

import errno
from typing import Any

import rich_click as click
from click.exceptions import Exit

from afterpost.cli.output import complain, note
from afterpost.services.doctor import explained

FAILED = 1
INTERRUPTED = 130


class Guarded(click.RichGroup):
    """A group whose commands end with a sentence and a hint where the failure is an expected one.

    Anything else is a bug and keeps its traceback, for whoever reports it.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; 1 for an expected failure, 130 for Ctrl-C."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            note("Interrupted.")
            ctx.exit(INTERRUPTED)
        except (Exit, click.ClickException):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of a pipe has seen enough; click ends in silence
                raise
            where = f" ({error.filename})" if error.filename else ""
            complain(f"{error.strerror or error}{where}.", "Check the path and its permissions.")
            ctx.exit(FAILED)
        except Exception as error:
            known = explained(error)
            if known is None:
                raise
            complain(known.message, known.hint)
            ctx.exit(FAILED)
