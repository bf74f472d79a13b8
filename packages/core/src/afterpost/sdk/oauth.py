"""How a person lets Afterpost read an account: OAuth as data, so that `connect` is one for all."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from afterpost.sdk.credentials import Secret


class OAuthScope(Struct, frozen=True):
    """One permission that is asked for: the platform's `name` of it and, for people, what it is for.

    Which metrics it gives is said by the metrics themselves (`MetricSpec.scopes`).
    """

    name: str
    title: str
    required: bool = True


class OAuth(Struct, frozen=True, kw_only=True):
    """The platform's authorisation code flow (RFC 6749, with PKCE S256 of RFC 7636 where `pkce`).

    The app's id and secret are the credential fields `client_id` and `client_secret` (those with
    `of_app=True`); the code is exchanged by `Provider.exchange_code`.
    """

    authorize_url: str
    scopes: tuple[OAuthScope, ...]
    pkce: bool = True
    client_id: str = "client_id"
    """The credential field with the app's public id."""
    client_parameter: str = "client_id"
    """What the authorize URL calls it (TikTok: `client_key`)."""
    separator: str = " "
    """Between scopes in the authorize URL."""
    parameters: Mapping[str, str] = {}
    """Further query parameters, such as `access_type=offline`."""
    challenge: Literal["base64url", "hex"] = "base64url"
    """How the SHA-256 of the verifier is written; everyone follows RFC 7636 but TikTok's desktop flow."""
    loopback: bool = True
    """Whether the platform lets an app answer at http://127.0.0.1; else the command line asks for the
    address that the browser ended at."""


class CodeGrant(Struct, frozen=True, kw_only=True):
    """What the platform sent a person back with. `verifier` is None without PKCE; `redirect_uri` is the
    one the code was asked for with, which token endpoints compare."""

    code: Secret
    verifier: Secret | None
    redirect_uri: str
