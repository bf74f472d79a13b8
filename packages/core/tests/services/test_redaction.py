"""Nothing secret is kept, neither the credential's own nor what is named like one; the rest stays."""

import json

import pytest

from afterpost.sdk import Credential, CredentialField, Secret
from afterpost.services.redaction import Redactor, gives_tokens, open_fields, stand_in_credential

TOKEN = "ya29.a0+AfH/6SM=x&y"
SECRETS = {"access_token": Secret(TOKEN), "client_id": Secret("nord-app"), "pin": Secret("12")}
REDACTOR = Redactor.of(Credential(secrets=SECRETS), frozenset({"client_id"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://a.invalid/v1?access_token=ya29.a0%2BAfH%2F6SM%3Dx%26y&ids=1",
        "https://a.invalid/ya29.a0%2BAfH%2F6SM%3Dx%26y/posts?ids=1",
        "https://a.invalid/v1?q=ya29.a0%2BAfH%2F6SM%3Dx%26y&ids=1",
        "https://user:ya29@a.invalid/v1?ids=1",
        "https://a.invalid/v1?key=AIzaOther&ids=1",
        "https://a.invalid/v1?ids=1&sig=AIzaOther",
    ],
)
def test_an_address_keeps_no_secret_and_the_rest_of_itself(url: str) -> None:
    shown = REDACTOR.url(url)
    assert "ya29" not in shown
    assert "AIzaOther" not in shown
    assert shown.startswith("https://a.invalid/")
    assert "ids=1" in shown
    assert REDACTOR.url(shown) == shown
    assert Redactor({}).url(shown) == shown


def test_a_cursor_of_the_same_sound_is_none_of_it() -> None:
    url = "https://a.invalid/v1?pageToken=CAUQAA&maxResults=50"
    assert REDACTOR.url(url) == url
    body = b'{"nextPageToken": "CAUQAA", "items": [{"token_count": 3}]}'
    assert REDACTOR.body(body) == body


def test_a_body_keeps_no_secret_in_any_form() -> None:
    said = {
        "echo": TOKEN,
        "next": "https://a.invalid/v1?access_token=other-token-unknown&after=5",
        "refresh_token": 'new "one" \\ unknown',
        "views": 17,
    }
    body = json.dumps(said).encode() + TOKEN.encode()
    kept = REDACTOR.body(body)
    assert b"ya29" not in kept
    assert b"unknown" not in kept
    assert b"after=5" in kept
    told = json.loads(kept[: kept.rindex(b"}") + 1])
    assert told["views"] == 17
    assert told["echo"] == "REDACTED-access-token"
    assert REDACTOR.body(kept) == kept


def test_what_is_no_secret_stays() -> None:
    body = b"\xff\x00 nord-app 12 views"
    assert REDACTOR.body(body) == body


def test_open_fields_are_those_declared_to_be_no_secret() -> None:
    fields = (CredentialField("instance", "Instance", secret=False), CredentialField("token", "Token"))
    assert open_fields(fields) == {"instance"}
    made = stand_in_credential(["instance", "token"], {"instance": "https://a.invalid"}, ["read"])
    assert made.secret("instance") == "https://a.invalid"
    assert made.secret("token") == "REDACTED-token"
    assert made.scopes == ("read",)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/token", True),
        ("/oauth/access_token", True),
        ("/oauth2/v4/token", True),
        ("/refresh_access_token", True),
        ("/v1/oauth2.php", True),
        ("/youtube/v3/videos", False),
        ("/v1/tokenised-posts", False),
        ("/v1/posts/refresh-analytics", False),
    ],
)
def test_paths_that_give_tokens(path: str, meant: bool) -> None:
    assert gives_tokens(path) is meant
