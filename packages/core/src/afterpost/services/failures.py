"""Failures told without secrets: an exception of a plugin may quote a header, an address or a body."""

import traceback

from afterpost.domain.errors import ProviderError
from afterpost.sdk.credentials import Credential
from afterpost.services.redaction import Redactor

_NO_FIELDS: frozenset[str] = frozenset()


def traceback_of(error: BaseException, credential: Credential) -> str:
    """The traceback, its causes included, without secrets."""
    return _redactor(credential).text("".join(traceback.format_exception(error)))


def clean(error: ProviderError, credential: Credential) -> ProviderError:
    """The error itself, or where it or a cause of it quotes a secret, the same error without."""
    redactor = _redactor(credential)
    told = "".join(traceback.format_exception(error)) + repr((error.native, error.request_id))
    if redactor.text(told) == told:
        return error
    return ProviderError(
        error.kind,
        redactor.text(error.message),
        native=None if error.native is None else redactor.text(error.native),
        request_id=None if error.request_id is None else redactor.text(error.request_id),
        retry_at=error.retry_at,
        scope=error.scope,
        scopes=error.scopes,
    )


def _redactor(credential: Credential) -> Redactor:
    return Redactor.of(credential, _NO_FIELDS)
