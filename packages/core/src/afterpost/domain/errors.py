"""Every error a user can meet, each with a stable code and a next step.

`AfterpostError` is what doors translate: over HTTP into problem+json, over the command line into a
sentence and an exit code. `ProviderError` is what a provider plugin raises; its `kind` decides what
core does next (wait, refresh the token, stop the account), never the HTTP status.
"""

from datetime import datetime
from enum import StrEnum
from typing import Literal


class AfterpostError(Exception):
    """An expected failure: a stable `code`, a sentence, and what to do about it (`hint`)."""

    code = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(AfterpostError):
    """The caller's input is wrong; nothing was changed."""

    code = "invalid_input"


class TooLarge(AfterpostError):
    """The caller sent more than is taken at once; nothing was changed."""

    code = "too_large"


class InvalidWindow(InvalidInput):
    """A date window that is reversed or longer than the limit."""

    code = "invalid_window"


class InvalidAsOf(InvalidInput):
    """An instant of knowledge that is not over yet, so that an answer could still change."""

    code = "invalid_as_of"


class NotFound(AfterpostError):
    """No such thing within the caller's scope. The same answer whether it is missing or foreign."""

    code = "not_found"


class Conflict(AfterpostError):
    """The request contradicts what is stored already."""

    code = "conflict"


class Unauthenticated(AfterpostError):
    """No valid API key was given."""

    code = "unauthenticated"


class Forbidden(AfterpostError):
    """The access policy said no, or failed; a failing policy denies."""

    code = "forbidden"


class PolicyUnavailable(Forbidden):
    """A policy, guard or unit of work failed, so nothing was allowed; trying again may help."""

    code = "policy_unavailable"


class Denied(Forbidden):
    """A guard said no; `retry_at`: when asking again may help."""

    code = "denied"

    def __init__(self, message: str, *, retry_at: datetime | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_at = retry_at


class Held(Forbidden):
    """A guard holds the act until somebody lifts what stands in the way."""

    code = "held"


class TooSoon(AfterpostError):
    """Asked again before the waiting time was over; `retry_at` is the first instant that is allowed."""

    code = "too_soon"

    def __init__(self, message: str, *, retry_at: datetime, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_at = retry_at


class RefreshFailed(AfterpostError):
    """A refresh that was asked for could not be done; what was stored before stands."""

    code = "refresh_failed"


class StorageUnavailable(AfterpostError):
    """The database can't do it now: it is not reached, shuts down, can't use its files, is busy or full.
    Nothing half-done was kept. `retry_in`: seconds until to try again."""

    code = "storage_unavailable"
    retry_in = 10
    says = "The database can't be reached, or can't read or write its files."
    next_step = "Look whether it runs; the log and `afterpost doctor` say more."

    def __init__(self) -> None:
        super().__init__(self.says, hint=self.next_step)


class StorageBusy(StorageUnavailable):
    """Somebody else holds what is needed, for longer than was waited."""

    code = "storage_busy"
    retry_in = 5
    says = "The database is busy: something else holds it for longer than was waited."
    next_step = "Try again; if it stays so, another process is writing to it all the time."


class StorageFull(StorageUnavailable):
    """No room is left for what is to be written; what is there can be read."""

    code = "storage_full"
    retry_in = 60
    says = "The database has no room left, so nothing was stored."
    next_step = "Make room on its disk; nothing half-done was kept."


class Misconfigured(AfterpostError):
    """A setting, plugin or database is not usable as it is; Afterpost does not start."""

    code = "misconfigured"


class PluginError(Misconfigured):
    """A plugin that cannot be used: names the plugin, its version and the cause."""

    code = "plugin_error"


class ErrorKind(StrEnum):
    """What went wrong at a provider. Core acts on this alone."""

    RATE_LIMITED = "rate_limited"
    """Too many calls; wait until `retry_at`."""
    QUOTA_EXHAUSTED = "quota_exhausted"
    """A quota is used up until it resets at `retry_at`."""
    BUDGET_EXHAUSTED = "budget_exhausted"
    """Money or calls that were paid for are used up until `retry_at`; the platform says it, or our budget."""
    TOKEN_EXPIRED = "token_expired"
    """The access token is over; refresh once, then ask again."""
    CREDENTIAL_REVOKED = "credential_revoked"
    """The credential is dead; only connecting again helps."""
    PERMISSION_MISSING = "permission_missing"
    """The credential lacks a scope (`scopes`)."""
    ACCOUNT_BLOCKED = "account_blocked"
    """The platform suspended or closed the account."""
    NOT_FOUND = "not_found"
    """The post or account is gone or not visible."""
    METRIC_UNAVAILABLE = "metric_unavailable"
    """A metric is not to be had, any more or yet."""
    BAD_REQUEST = "bad_request"
    """The provider refuses the request itself."""
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    """5xx, maintenance: passes by itself."""
    UPSTREAM_MALFORMED = "upstream_malformed"
    """HTML, truncated or oversized answers; never read as zero."""
    NETWORK = "network"
    """No connection, time-out, reset."""
    BUG = "bug"
    """The plugin or core failed; the item is kept as failed, the run goes on."""


TRANSIENT = frozenset({ErrorKind.UPSTREAM_UNAVAILABLE, ErrorKind.UPSTREAM_MALFORMED, ErrorKind.NETWORK})
"""Kinds that pass by themselves: tried again with back-off."""

WAITING = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.QUOTA_EXHAUSTED, ErrorKind.BUDGET_EXHAUSTED})
"""Kinds after which nobody is let through before `retry_at`."""

STOPPING = frozenset({ErrorKind.CREDENTIAL_REVOKED, ErrorKind.PERMISSION_MISSING, ErrorKind.ACCOUNT_BLOCKED})
"""Kinds that only a person can mend: the account stops and says why."""


class ProviderError(AfterpostError):
    """What a provider plugin raises (or puts into an outcome) for a failed call.

    `native` keeps the platform's own code, `request_id` its trace id; `retry_at` is absolute (aware
    UTC), whatever form the platform used; `scope` says whether only this account has to wait for it, or
    every account of the same app (as in `RateLimit`); `scopes` names permissions that are missing.
    """

    code = "provider_error"

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        native: str | None = None,
        request_id: str | None = None,
        retry_at: datetime | None = None,
        scope: Literal["account", "app"] = "account",
        scopes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.native = native
        self.request_id = request_id
        self.retry_at = retry_at
        self.scope = scope
        self.scopes = scopes
