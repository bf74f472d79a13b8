"""A client that others wrote, `python-facebook-api`, pointed at the emulator: what it reads is Graph API."""

from typing import Any

import pytest

from afterpost.emulator import Emulator
from packages.providers.instagram.tests.conftest import POSTS

pyfacebook = pytest.importorskip("pyfacebook", reason="python-facebook-api is not installed")


@pytest.fixture
def graph(emulator: Emulator) -> Any:
    client = pyfacebook.GraphAPI(
        access_token="token-ada-s3cret", version="v18.0", base_url=f"{emulator.url}/"
    )
    # It knows no version as new as ours.
    client.version = "v24.0"
    client.session.trust_env = False
    client.session.headers["Host"] = "graph.instagram.com"
    return client


def test_it_reads_the_account_and_every_page_of_posts(graph: Any) -> None:
    assert graph.get_object(object_id="me", fields="user_id,username")["user_id"] == "ig-ada"
    listed = graph.get_full_connections(
        object_id="me", connection="media", count=POSTS + 5, limit=100, fields="id,caption,timestamp"
    )["data"]
    assert len({media["id"] for media in listed}) == len(listed) == POSTS


def test_it_reads_insights(graph: Any) -> None:
    told = graph.get_connection(object_id="p001", connection="insights", metric="views,reach")["data"]
    assert [(metric["name"], metric["values"][0]["value"]) for metric in told] == [
        ("views", 1_000),
        ("reach", 700),
    ]


@pytest.mark.parametrize(
    ("object_id", "connection", "asked", "code", "subcode"),
    [
        ("p001", "insights", {"metric": "views,plays"}, 100, None),
        ("nobody", "insights", {"metric": "views"}, 100, 33),
    ],
)
def test_it_reads_refusals(
    object_id: str, connection: str, asked: dict[str, str], code: int, subcode: int | None, graph: Any
) -> None:
    with pytest.raises(pyfacebook.FacebookError) as raised:
        graph.get_connection(object_id=object_id, connection=connection, **asked)
    assert (raised.value.code, getattr(raised.value, "error_subcode", None)) == (code, subcode)
