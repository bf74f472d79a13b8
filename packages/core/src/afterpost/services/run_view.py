"""A run as a person reads it: counts, and each post that did not end well, with the reason."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from afterpost.domain.scope import Scope
from afterpost.services.core import Core
from afterpost.services.import_run import file_of_run, lines_of_run
from afterpost.services.standing import run_with_items
from afterpost.storage import posts, progress
from afterpost.storage.imports import ImportFile, ImportLine
from afterpost.storage.runs import Run

LISTED = 1_000
"""Posts and lines listed of one run at most."""


class Trouble(Struct, frozen=True):
    """A post that failed or was skipped. `reason`: the class of the failure, or why it was skipped;
    `detail`: the sentence; `retry_at`: when it is tried again by itself."""

    post_id: int
    platform: str
    external_id: str
    title: str
    outcome: str
    reason: str | None
    detail: str | None
    retry_at: datetime | None


class RunView(Struct, frozen=True):
    """A run, and its posts that failed or were skipped, failures first."""

    run: Run
    troubles: tuple[Trouble, ...]


class RunsPage(Struct, frozen=True):
    """Runs, newest first. `next_before`: the id that the next page lies before; None on the last."""

    runs: list[Run]
    next_before: int | None


class RunShown(Struct, frozen=True):
    """A run, its posts that failed or were skipped, the file it read, and the first of that file's lines that
    failed."""

    run: Run
    troubles: tuple[Trouble, ...]
    file: ImportFile | None
    failed_lines: list[ImportLine]


class Progress(Struct, frozen=True):
    """How far a run is: posts that ended in it, of those that are to be read."""

    done: int
    total: int


def view_run(core: Core, scope: Scope, run_id: int) -> RunView:
    """The run, or NotFound."""
    run, items = run_with_items(core, scope, run_id, LISTED)
    with core.read(scope) as connection:
        owners = posts.get_posts(connection, scope, [item.post_id for item in items])
    troubles = [
        Trouble(
            item.post_id,
            owners[item.post_id].platform,
            owners[item.post_id].external_id,
            owners[item.post_id].title,
            item.outcome,
            item.reason,
            item.detail,
            item.retry_at,
        )
        for item in sorted(items, key=lambda item: item.outcome)
    ]
    return RunView(run, tuple(troubles))


def show_run(core: Core, scope: Scope, run_id: int) -> RunShown:
    """The run with all that failed in it, posts and lines, or NotFound."""
    view = view_run(core, scope, run_id)
    lines = lines_of_run(core, scope, run_id, limit=LISTED, outcome="failed")
    return RunShown(view.run, view.troubles, file_of_run(core, scope, run_id), lines)


def progress_of(
    core: Core, scope: Scope, run_id: int, account_ids: Sequence[int], due_by: datetime | None
) -> Progress:
    """How far a refresh of those accounts is; the total grows while an account's posts are listed."""
    with core.read(scope) as connection:
        done, waiting = progress.done_and_waiting(connection, scope, run_id, account_ids, due_by)
    return Progress(done, done + waiting)
