"""Taking secrets out of what is kept: the credential's own, and whatever is named like one.

What stands in a secret's place depends on the secret's name alone, so the same request gives the same text
with any credential. Redacting twice changes nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from afterpost.sdk.credentials import Credential, CredentialField, Secret

STAND_IN = "REDACTED"
SHORTEST = 4
"""Characters of a secret from which on it is looked for: a shorter one is in every text by chance."""

_NAMES = (
    r"[a-z_]*access_?token|[a-z_]*refresh_?token|id_token|auth_token|bearer_token|session_?token|oauth_token|"
    r"client_secret|app_?secret|appsecret_proof|password|passwd|api_?key|private_key|authorization"
)
_IN_JSON = re.compile(rf'("(?:{_NAMES}|secret)"\s*:\s*")((?:[^"\\]|\\.)*)(")', re.IGNORECASE)
_IN_QUERY = re.compile(rf"((?:[?&]|\\u0026|&amp;)(?:{_NAMES})=)[^&\s\"'<>\\#]+", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    rf"([?&](?:{_NAMES}|key|token|secret|code|sig|signature|hmac|auth|oauth_signature)=)[^&#]+", re.IGNORECASE
)
_USER = re.compile(r"(?<=://)[^/@?#]+@")
_TOKEN_PATH = re.compile(
    r"/(?:oauth\d*|tokens?|[a-z_]*access_?token|[a-z_]*refresh_?token|refresh|authorize|revoke)(?:[/.]|$)",
    re.IGNORECASE,
)


def gives_tokens(path: str) -> bool:
    """Whether a path is one where credentials are handed out; what it answers is never kept."""
    return _TOKEN_PATH.search(path) is not None


def stand_in(name: str) -> str:
    """What stands where the secret of that name stood; safe in an address."""
    return f"{STAND_IN}-{re.sub('[^A-Za-z0-9]', '-', name)}"


def open_fields(fields: Iterable[CredentialField]) -> frozenset[str]:
    """The names of credential fields that are declared to be no secret."""
    return frozenset(field.name for field in fields if not field.secret)


class Redactor:
    """Takes the given secrets (name -> value) out of addresses and bodies."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {
            form: stand_in(name)
            for name, value in secrets.items()
            if len(value) >= SHORTEST
            for form in (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
        }
        # The longest first: one secret may be a part of another.
        self._texts = sorted(forms.items(), key=lambda pair: (-len(pair[0]), pair[0]))
        self._bytes = [(form.encode(), name.encode()) for form, name in self._texts]

    @classmethod
    def of(cls, credential: Credential, open_names: frozenset[str]) -> "Redactor":
        """For a credential; the fields in `open_names` are no secrets."""
        return cls({n: s.reveal() for n, s in credential.secrets.items() if n not in open_names})

    def text(self, text: str) -> str:
        """A text without the secrets themselves."""
        for form, name in self._texts:
            text = text.replace(form, name)
        return _IN_QUERY.sub(rf"\1{STAND_IN}", text)

    def url(self, url: str) -> str:
        """An address without secrets, and without the value of any parameter that is named like one."""
        return _IN_ADDRESS.sub(rf"\1{STAND_IN}", _USER.sub("", self.text(url)))

    def body(self, body: bytes) -> bytes:
        """A body without secrets, and without what stands in JSON or links under the name of one."""
        for form, name in self._bytes:
            body = body.replace(form, name)
        # Byte by byte as letters: a body in no encoding we know is searched too, and is given back whole.
        if not _suspect(body):
            return body
        text = _IN_JSON.sub(rf"\1{STAND_IN}\3", body.decode("latin-1"))
        return _IN_QUERY.sub(rf"\1{STAND_IN}", text).encode("latin-1")


def _suspect(body: bytes) -> bool:
    """Whether any of the names can be in it; most bodies hold none, and the patterns cost more than this."""
    lowered = body.lower()
    return any(word in lowered for word in _WORDS)


_WORDS = (b"token", b"secret", b"passw", b"api_key", b"apikey", b"private_key", b"authorization")


def stand_in_credential(names: Iterable[str], known: Mapping[str, str], scopes: Iterable[str]) -> Credential:
    """A credential of the same shape, whose secrets are their stand-ins; `known` are the open fields."""
    secrets = {name: Secret(known.get(name, stand_in(name))) for name in names}
    return Credential(secrets=secrets, scopes=tuple(scopes))
