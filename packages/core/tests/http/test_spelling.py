"""One spelling of a path and of a number, and the host that a request is for."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.http import build_app
from afterpost.services.core import Core
from packages.core.tests.http.calls import READING, ingest, problem
from packages.core.tests.http.toy import BEARER


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ("http://testserver//v1/posts", 404, "not_found"),
        ("/v1//posts", 404, "not_found"),
        ("/v1%2Fposts", 404, "not_found"),
        ("/v1/posts/0_1", 404, "not_found"),
        ("/v1/posts/01", 404, "not_found"),
        ("/v1/posts/%D9%A1", 404, "not_found"),
        ("/v1/posts?limit=1e2", 400, "invalid_input"),
        ("/v1/posts?limit=10.0", 400, "invalid_input"),
        ("/v1/posts?limit=1_0", 400, "invalid_input"),
    ],
)
def test_a_path_and_a_number_have_one_spelling(
    client: TestClient[Litestar], asked: str, status: int, code: str
) -> None:
    ingest(client, READING)
    assert client.get("/v1/posts/1").status_code == 200
    assert client.get("/v1/posts?limit=100").status_code == 200
    problem(client.get(asked), status, code)


def test_head_answers_wherever_get_does(client: TestClient[Litestar]) -> None:
    for path, status in (("/v1/posts", 200), ("/health/live", 200), ("/v1/posts/9", 404)):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (status, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


def test_the_host_is_checked_where_there_is_a_public_url(open_here: Callable[..., Core]) -> None:
    core = open_here()
    public = msgspec.structs.replace(core.settings, public_url="https://numbers.example.com/")
    with TestClient(build_app(replace(core, settings=public))) as client:
        client.headers.update(BEARER)
        for host in (
            "numbers.example.com",
            "Numbers.Example.com:443",
            "127.0.0.1:8480",
            "localhost",
            "[::1]:1",
        ):
            assert client.get("/v1/posts", headers={"Host": host}).status_code == 200
        for host in ("evil.example", "numbers.example.com.evil.example", "10.0.0.1", ""):
            problem(client.get("/v1/posts", headers={"Host": host}), 400, "invalid_input")
            assert client.get("/health/live", headers={"Host": host}).status_code == 200
