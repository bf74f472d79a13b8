"""The page for people: what it shows, what it never shows, and that nothing in it can act."""

import base64
import hashlib
import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.http.html import link, number, percent, share, text
from packages.core.tests.http.calls import READING, connect, finished, ingest, problem
from packages.core.tests.http.toy import BEARER, KEY, NOON, Clock, Network

FORBIDDEN_TAGS = {"script", "iframe", "object", "embed", "form", "img", "base", "svg"}


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Cells(HTMLParser):
    """Collects the tables' rows as text, and every tag and attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self._inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def page(client: TestClient[Litestar]) -> str:
    response = client.get("/", headers=basic("me", KEY))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text


def row(page_text: str, first: str) -> list[str]:
    return next(cells for cells in Cells(page_text).rows if cells and cells[0] == first)


@pytest.mark.parametrize("user", ["", "me", "a:b"[:1], "ü"])
def test_any_user_with_the_key_sees_it(client: TestClient[Litestar], user: str) -> None:
    assert client.get("/", headers=basic(user, KEY)).status_code == 200


def test_nobody_else_does(client: TestClient[Litestar]) -> None:
    no_colon = {"Authorization": "Basic " + base64.b64encode(KEY.encode()).decode()}
    not_base64 = {"Authorization": f"Basic {KEY}!"}
    for headers in ({}, basic("me", KEY + "x"), basic(KEY, ""), BEARER, no_colon, not_base64):
        del client.headers["authorization"]
        response = client.get("/", headers=headers)
        problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Basic realm="Afterpost", charset="UTF-8"'
        client.headers.update(BEARER)
    problem(client.get(f"/?key={KEY}", headers=basic("me", KEY)), 400, "invalid_input")


def test_an_empty_installation_shows_dashes_and_no_zero(client: TestClient[Litestar]) -> None:
    shown = page(client)
    for metric in ("Views", "Likes", "Comments", "Shares", "Saves", "Engagements"):
        assert row(shown, metric) == [metric, "–", "–", "–", "–"]
    assert "No account is connected" in shown


def test_what_is_known_is_shown_and_what_is_not_is_a_dash(client: TestClient[Litestar]) -> None:
    ingest(client, {**READING, "metrics": {"views": 123_456, "likes": 0, "saves": None}})
    shown = page(client)
    assert row(shown, "Views") == ["Views", "123,456", "–", "–", "123,456"]
    assert row(shown, "Likes") == ["Likes", "0", "–", "–", "0"]
    assert row(shown, "Saves") == ["Saves", "–", "–", "–", "–"]
    assert "2026-03-03 to 2026-03-09, complete days in UTC" in shown


def test_accounts_and_runs_tell_how_they_stand(
    client: TestClient[Litestar], network: Network, clock: Clock
) -> None:
    connect(client)
    finished(client, client.post("/v1/posts/analytics").json()["data"]["run"]["id"])
    clock.forward(hours=2)
    network.failure = ProviderError(
        ErrorKind.QUOTA_EXHAUSTED, "The quota is <used> up.", retry_at=NOON + timedelta(hours=9)
    )
    finished(client, client.post("/v1/posts/analytics").json()["data"]["run"]["id"])
    shown = page(client)
    assert row(shown, "ada") == [
        "ada",
        "toy",
        "active",
        "2026-03-10 12:00",
        "2026-03-10 21:00",
        "2026-03-10 14:00: The quota is <used> up.",
    ]
    assert row(shown, "2")[:9] == ["2", "collect", "failed", "2026-03-10 14:00", "2", "0", "0", "0", "2"]
    assert row(shown, "1")[:9] == ["1", "collect", "done", "2026-03-10 12:00", "2", "2", "0", "0", "0"]
    clock.forward(hours=10)
    assert row(page(client), "ada")[4] == "due now"


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "<!--",
    "\u202eevil",
]


def test_no_text_of_a_post_becomes_markup(client: TestClient[Litestar]) -> None:
    clean = Cells(page(client))
    posts = [
        {
            **READING,
            "external_id": f"v{n}",
            "title": attack,
            "description": attack,
            "url": f"https://example.com/{attack.replace(' ', '')}",
            "metrics": {"views": 1000 + n, "likes": 50},
        }
        for n, attack in enumerate(ATTACKS)
    ]
    for some in (posts[:4], posts[4:]):
        ingest(client, *some, brand=ATTACKS[0])
    shown = page(client)
    parsed = Cells(shown)
    assert parsed.tags - clean.tags <= {"a", "time"}
    assert not parsed.tags & FORBIDDEN_TAGS
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    for name, value in parsed.attributes:
        if name == "href":
            assert value == "data:," or (value or "").startswith("https://example.com/")
    titles = {cells[0] for cells in parsed.rows if len(cells) == 7}
    assert {"<script>alert(1)</script>", "&lt;script&gt;"} <= titles


def test_a_link_of_another_kind_is_no_link() -> None:
    assert link("a<b", "javascript:alert(1)") == "a&lt;b"
    assert link("a", "") == "a"
    assert 'href="https://a.b/?c=&quot;"' in link("a", 'https://a.b/?c="')


def test_numbers_for_people() -> None:
    assert (number(None), number(0), number(-1234567)) == ("–", "0", "−1,234,567")
    assert (percent(None), percent(0.04), percent(-12.34, signed=True)) == ("–", "0.0&nbsp;%", "−12.3&nbsp;%")
    assert percent(12.36, signed=True) == "+12.4&nbsp;%"
    assert (text(None), text(""), text(0), text("<")) == ("–", "–", "0", "&lt;")


def test_487_of_489_is_not_all_of_them() -> None:
    assert (share(487 / 489), share(0.9999), share(1)) == ("99.6&nbsp;%", "99.9&nbsp;%", "100.0&nbsp;%")


def test_the_page_shows_what_is_doubtful_before_any_number(client: TestClient[Litestar]) -> None:
    assert "Doubts" not in page(client)
    for at, views in (("2026-03-07T12:00:00Z", 90_000), ("2026-03-08T12:00:00Z", 40_000)):
        ingest(client, {**READING, "observed_at": at, "metrics": {"views": views, "likes": 5}})
    shown = page(client)
    told = client.get("/v1/quality").json()["data"][0]["sentence"]
    assert told in unescape(shown)
    assert shown.index("Doubts") < shown.index("Overview")


def test_the_page_doubts_a_publication_that_can_t_be(client: TestClient[Litestar]) -> None:
    ingest(client, {**READING, "published_at": "2027-03-07T12:00:00Z", "metrics": {"views": 9}})
    assert "A publication that can't be was told of 1 post and not taken" in unescape(page(client))


def test_one_post_is_neither_best_nor_worst(client: TestClient[Litestar]) -> None:
    ingest(client, {**READING, "metrics": {"views": 1_000, "likes": 50, "comments": 1}})
    shown = page(client)
    assert "The only post to rank" in shown
    assert "Best by" not in shown
    assert "Worst by" not in shown


def test_the_policy_lets_the_own_style_in_and_nothing_else(client: TestClient[Litestar]) -> None:
    response = client.get("/", headers=basic("me", KEY))
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";")
    )
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy
    assert "style=" not in response.text
    assert "http" not in re.sub(r'href="https://example.com[^"]*"', "", response.text)
    assert KEY not in response.text
    for name in ("cache-control", "x-content-type-options", "referrer-policy"):
        assert response.headers[name] in {"no-store", "nosniff", "no-referrer"}
