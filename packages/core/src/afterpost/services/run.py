"""The beginning and the end of a run; the end is an event."""

from afterpost.domain.events import RunEnded
from afterpost.domain.scope import Actor, Scope
from afterpost.services.core import Core
from afterpost.storage import runs
from afterpost.storage.transaction import Tx


def begin_run(core: Core, scope: Scope, actor: Actor, kind: str) -> int:
    """Open a run of the caller's organisation; returns its id."""
    with core.transaction(scope, actor) as tx:
        organization = core.organization(tx.connection, tx.scope)
        return runs.start_run(tx.connection, tx.scope, organization.id, kind, str(actor), tx.now)


def end_run(
    core: Core, scope: Scope, actor: Actor, run_id: int, state: str, message: str | None = None
) -> None:
    """Close a run with its counts."""
    with core.transaction(scope, actor) as tx:
        close_run(tx, run_id, state, message)


def close_run(tx: Tx, run_id: int, state: str, message: str | None = None) -> None:
    """Close a run with its counts inside an open transaction."""
    runs.end_run(tx.connection, tx.scope, run_id, state, tx.now, message)
    run = runs.get_run(tx.connection, tx.scope, run_id)
    if run is not None:
        tx.emit(
            RunEnded(
                organization_id=run.organization_id,
                run_id=run.id,
                kind=run.kind,
                state=run.state,
                stored=run.stored,
                unchanged=run.unchanged,
                skipped=run.skipped,
                failed=run.failed,
            )
        )
