"""Taking secrets out of what a plugin says when it fails: an exception may quote a header, URL or body."""

import traceback
from urllib.parse import quote

from afterpost.domain.errors import ProviderError
from afterpost.sdk.credentials import Credential

SHORTEST = 4
"""A secret of fewer characters is in every text, and no secret."""


def redacted(text: str, credential: Credential) -> str:
    """The text with `***` for every secret of the credential, as it is or written for a URL."""
    plain = {secret.reveal() for secret in credential.secrets.values()}
    for secret in sorted((each for each in plain if len(each) >= SHORTEST), key=len, reverse=True):
        for form in (secret, quote(secret, safe="")):
            text = text.replace(form, "***")
    return text


def traceback_of(error: BaseException, credential: Credential) -> str:
    """The traceback, its causes included, without secrets."""
    return redacted("".join(traceback.format_exception(error)), credential)


def clean(error: ProviderError, credential: Credential) -> ProviderError:
    """The error itself, or where it or a cause of it quotes a secret, the same error without."""
    told = "".join(traceback.format_exception(error)) + repr((error.native, error.request_id, error.hint))
    if redacted(told, credential) == told:
        return error
    return ProviderError(
        error.kind,
        redacted(error.message, credential),
        native=None if error.native is None else redacted(error.native, credential),
        request_id=None if error.request_id is None else redacted(error.request_id, credential),
        retry_at=error.retry_at,
        scope=error.scope,
        scopes=error.scopes,
    )
