"""What joins every transaction of core: row security first, the audit rows last."""

from collections.abc import Sequence

from afterpost.sdk import Event, Transaction, UnitOfWork
from afterpost_ee import audit, row_security


class EnterpriseWork(UnitOfWork):
    """Row security and audit. Its first transaction refuses a database that would keep nobody apart."""

    def __init__(self) -> None:
        self._looked = False

    def begin(self, tx: Transaction) -> None:
        """Tell row security whose rows these are."""
        if not row_security.there(tx):
            return
        if not self._looked:
            row_security.refuse_without(tx)
            self._looked = True
        row_security.enter(tx)

    def before_commit(self, tx: Transaction, facts: Sequence[Event]) -> None:
        """Note the facts in the same commit."""
        audit.write(tx, facts)
