"""Files and typed numbers over HTTP: the same formats, outcomes and refusals as at the command line."""

import hashlib
import io
import zipfile
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from afterpost.builtin.imports.generic import GenericCsv
from afterpost.http.imports import FILE_BYTES
from afterpost.http.uploads import named
from packages.core.tests.http.calls import problem
from packages.core.tests.http.toy import Clock

CSV = (
    "platform,post_id,observed_at,views,likes\n"
    "tube,a,2026-03-08T10:00:00Z,10,1\n"
    "tube,b,2026-03-08T10:00:00Z,20,\n"
)
BAD = CSV + "tube,c,2026-03-08T10:00:00Z,-1,1\n"
STUDIO = "Content,Video title,Video publish time,Views\nTotal,,,9\n2q4TS4z4Rpk,Loaf,,9\n"
PATH = "/v1/content-performance/import/csv"
MANUAL = "/v1/content-performance/import/manual"


def sent(client: TestClient[Litestar], data: str | bytes, **params: Any) -> dict[str, Any]:
    """The data of an import's answer."""
    response = client.post(PATH, content=data, params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()["data"]
    return answer


def counts(answer: dict[str, Any]) -> list[int]:
    return [answer[name] for name in ("lines", "new", "stored", "unchanged", "skipped", "failed")]


def test_a_raw_body_is_a_file(client: TestClient[Litestar]) -> None:
    answer = sent(client, CSV, name="posts.csv", brand="Nord")
    assert counts(answer) == [2, 2, 2, 0, 0, 0]
    assert (answer["file"], answer["format"], answer["run_id"]) == ("posts.csv", "generic_csv", 1)
    assert client.get("/v1/brands").json()["data"][0]["name"] == "Nord"
    assert counts(sent(client, CSV)) == [2, 0, 0, 2, 0, 0]


def test_a_form_brings_the_file_s_name(client: TestClient[Litestar]) -> None:
    response = client.post(PATH, files={"file": ("C:\\me\\Table data.csv", STUDIO)})
    assert response.status_code == 200, response.text
    answer = response.json()["data"]
    assert (answer["file"], answer["format"]) == ("Table data.csv", "youtube_studio_table")
    assert counts(answer) == [2, 1, 1, 0, 1, 0]


def test_an_archive_is_a_file_too(client: TestClient[Litestar]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("Table data.csv", STUDIO)
        made.writestr("Totals.csv", "Date,Views\n2026-03-01,9\n")
    answer = sent(client, file.getvalue())
    assert (answer["part"], answer["stored"]) == ("Table data.csv", 1)


def test_the_run_says_which_file_it_was_and_how_each_line_ended(client: TestClient[Litestar]) -> None:
    answer = sent(client, BAD, name="posts.csv")
    assert counts(answer) == [3, 2, 2, 0, 0, 1]
    assert answer["errors"] == [{"line": 4, "message": "views: '-1' is negative.", "reason": "invalid"}]
    detail = client.get("/v1/runs/1").json()["data"]
    assert (detail["run"]["kind"], detail["run"]["message"]) == (
        "import",
        "posts.csv (generic_csv): 1 of 3 lines failed",
    )
    assert detail["file"] == {
        "name": "posts.csv",
        "part": "",
        "format": "generic_csv",
        "sha256": answer["sha256"],
        "bytes": len(BAD),
        "observed_at": "2026-03-10T12:00:00Z",
        "stored": 2,
        "unchanged": 0,
        "skipped": 0,
        "failed": 1,
    }
    first = client.get("/v1/runs/1/lines", params={"limit": 2}).json()
    assert [(each["line"], each["outcome"], each["post_id"]) for each in first["data"]] == [
        (2, "stored", 1),
        (3, "stored", 2),
    ]
    rest = client.get("/v1/runs/1/lines", params={"after": first["meta"]["next_after"]}).json()
    assert [(each["line"], each["reason"]) for each in rest["data"]] == [(4, "invalid")]
    assert rest["meta"] == {"next_after": None}
    (observation,) = client.get("/v1/posts/2/observations").json()["data"]
    receipt = client.get(f"/v1/runs/{observation['run_id']}/lines", params={"post_id": 2}).json()["data"]
    assert [each["line"] for each in receipt] == [3]
    failed = client.get("/v1/runs/1/lines", params={"outcome": "failed"}).json()["data"]
    assert [each["detail"] for each in failed] == ["views: '-1' is negative."]


def test_a_run_without_a_file_has_no_lines(client: TestClient[Litestar]) -> None:
    client.post(MANUAL, json={"posts": [TYPED]})
    assert client.get("/v1/runs/1/lines").json()["data"] == []
    problem(client.get("/v1/runs/2/lines"), 404, "not_found")
    assert client.get("/v1/runs/1").json()["data"]["file"] is None


def test_all_or_nothing_and_a_rehearsal(client: TestClient[Litestar]) -> None:
    rehearsed = sent(client, BAD, dry_run=True)
    assert (rehearsed["run_id"], counts(rehearsed)) == (None, [3, 2, 2, 0, 0, 1])
    nothing = sent(client, BAD, all_or_nothing=True)
    assert counts(nothing) == [3, 0, 0, 0, 2, 1]
    assert client.get("/v1/posts").json()["data"] == []
    assert counts(sent(client, CSV, all_or_nothing=True)) == [2, 2, 2, 0, 0, 0]


def test_the_same_bytes_are_of_the_same_instant(client: TestClient[Litestar], clock: Clock) -> None:
    first = sent(client, STUDIO)
    clock.forward(days=2)
    again = sent(client, STUDIO)
    assert again["observed_at"] == first["observed_at"] == "2026-03-10T12:00:00Z"
    assert (first["stored"], again["stored"], again["unchanged"]) == (1, 0, 1)
    later = sent(client, STUDIO, observed_at="2026-03-11T10:00:00+01:00")
    assert later["observed_at"] == "2026-03-11T09:00:00Z"


def test_local_times_need_a_zone(client: TestClient[Litestar]) -> None:
    posts = "Post ID,Account ID,Publish time,Date,Views\n17912345678901234,1,03/01/2026 18:30,Lifetime,7\n"
    body = problem(client.post(PATH, content=posts), 400, "invalid_input")
    assert "time_zone" in body["hint"]
    assert sent(client, posts, time_zone="America/New_York")["stored"] == 1
    shown = client.get("/v1/posts/1").json()["data"]["post"]
    assert shown["published_at"] == "2026-03-01T23:30:00Z"


@pytest.mark.parametrize(
    ("data", "params", "words"),
    [
        ("", {}, "The file is empty."),
        ("a,b\n1,2\n", {}, "No known format has the columns"),
        (CSV, {"format": "nosuch"}, "no format 'nosuch'"),
        (CSV, {"time_zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        (CSV, {"observed_at": "yesterday"}, "no instant such as"),
        (CSV, {"observed_at": "2026-03-01T10:00:00"}, "no instant such as"),
        (CSV, {"observed_at": "2030-01-01T00:00:00Z"}, "in the future"),
        (CSV, {"observed_at": "1960-01-01T00:00:00Z"}, "must lie between"),
        (CSV, {"platform": "No Such"}, "platform"),
        (CSV, {"dry_run": "perhaps"}, "dry_run"),
        (CSV, {"dryrun": "true"}, "no query parameter"),
        (b"PK\x03\x04", {}, "The archive is damaged"),
    ],
)
def test_mistakes(client: TestClient[Litestar], data: Any, params: dict[str, str], words: str) -> None:
    body = problem(client.post(PATH, content=data, params=params), 400, "invalid_input")
    assert words in body["detail"] + body.get("hint", "")
    assert client.get("/v1/posts").json()["data"] == []


def test_a_body_that_is_no_file_says_what_to_send(client: TestClient[Litestar]) -> None:
    body = problem(client.post(PATH, json=[{"a": 1}]), 400, "invalid_input")
    assert "import/manual" in body["hint"]
    two = {"file": ("a.csv", CSV), "other": ("b.csv", CSV)}
    assert "one file" in problem(client.post(PATH, files=two), 400, "invalid_input")["detail"]
    field = problem(client.post(PATH, files={"file": (None, CSV)}), 400, "invalid_input")
    assert "one file" in field["detail"]
    headers = {"Content-Type": "multipart/form-data"}
    problem(client.post(PATH, content=CSV, headers=headers), 400, "invalid_input")
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(client.post(PATH, content=b"--x\r\nbroken", headers=headers), 400, "invalid_input")


def test_a_file_has_limits(client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"x" * (FILE_BYTES + 1)
    problem(client.post(PATH, content=large), 413, "too_large")
    problem(client.post(PATH, content=iter([large])), 413, "too_large")
    problem(client.post(PATH, files={"file": ("a.csv", large)}), 413, "too_large")
    monkeypatch.setattr("afterpost.http.imports.MAX_LINES", 1)
    body = problem(client.post(PATH, content=CSV), 413, "too_large")
    assert "afterpost import" in body["hint"]


def kept(client: TestClient[Litestar], body: bytes) -> dict[str, Any]:
    """What the archive holds of those bytes."""
    response = client.get(f"/v1/payloads/{hashlib.sha256(body).hexdigest()}")
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def test_the_file_is_archived_and_its_readings_lead_to_it(client: TestClient[Litestar]) -> None:
    sent(client, CSV, dry_run=True)
    assert client.get(f"/v1/payloads/{hashlib.sha256(CSV.encode()).hexdigest()}").status_code == 404
    answer = sent(client, CSV)
    found = kept(client, CSV.encode())
    assert (found["sha256"], found["body"]) == (answer["sha256"], CSV)
    assert [(use["operation"], use["run_id"]) for use in found["fetches"]] == [("import", answer["run_id"])]
    post = client.get("/v1/posts").json()["data"][0]  # on PostgreSQL the dry run took numbers with it
    (reading,) = client.get(f"/v1/posts/{post['id']}/observations").json()["data"]
    assert reading["payloads"] == [answer["sha256"]]


def test_typed_numbers_are_archived(client: TestClient[Litestar]) -> None:
    body = b'{"posts":[{"platform":"tube","external_id":"v1","date":"2026-03-08","metrics":{"views":7}}]}'
    response = client.post(MANUAL, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 200, response.text
    found = kept(client, body)
    assert (found["body"], found["fetches"][0]["operation"]) == (body.decode(), "manual")


def test_nobody_without_the_key(app: Litestar) -> None:
    with TestClient(app) as stranger:
        problem(stranger.post(PATH, content=CSV), 401, "unauthenticated")
        problem(stranger.post(MANUAL, json={"posts": [TYPED]}), 401, "unauthenticated")


def test_a_file_s_name_is_made_harmless() -> None:
    assert named("../../etc/pass\x00wd\u202e.csv") == "passwd.csv"
    assert named("a" * 500) == "a" * 200
    assert named("/") == ""


def test_a_format_that_fails_half_way_keeps_what_came_before(
    client: TestClient[Litestar], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Any, header: Any, rows: Any, context: Any) -> Any:
        yield from list(original(self, header, rows, context))[:1]
        raise ZeroDivisionError("the plugin is wrong")

    original = GenericCsv.read
    monkeypatch.setattr(GenericCsv, "read", read)
    body = problem(client.post(PATH, content=CSV), 400, "invalid_input")
    assert "ZeroDivisionError" in body["detail"]
    assert len(client.get("/v1/posts").json()["data"]) == 1
    assert client.get("/v1/runs/1").json()["data"]["run"]["state"] == "failed"


def test_the_description_says_that_a_file_is_taken(client: TestClient[Litestar]) -> None:
    operation = client.get("/schema/openapi.json").json()["paths"][PATH]["post"]
    content = operation["requestBody"]["content"]
    assert content["application/octet-stream"]["schema"] == {"type": "string", "format": "binary"}
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]
    assert "200" in operation["responses"]


TYPED = {
    "platform": "tube",
    "external_id": "v1",
    "date": "2026-03-08",
    "metrics": {"views": 12, "likes": None},
}


def test_typed_numbers_are_stored_once(client: TestClient[Litestar]) -> None:
    for outcome in ("stored", "unchanged"):
        response = client.post(MANUAL, json={"posts": [TYPED], "brand": "Nord"})
        assert response.status_code == 200, response.text
        assert response.json()["data"]["posts"][0]["outcome"] == outcome
    (observation,) = client.get("/v1/posts/1/observations").json()["data"]
    assert (observation["source"], observation["observed_at"]) == ("manual", None)
    assert observation["values"] == {"views": 12}
    assert observation["definitions"] == {"views": "manual", "likes": "manual"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"date": None}, "posts[1] must say once when"),
        ({"observed_at": "2026-03-08T10:00:00Z"}, "give observed_at, or date"),
        ({"date": "2026-03-11"}, "in the future"),
        ({"metrics": {"views": -1}}, "must lie between"),
        ({"metrics": {"revenue": 1}}, "no metric 'revenue'"),
        ({"platform": "Tube"}, "platform"),
        ({"measuredAt": "2026-03-08"}, "measuredAt"),
    ],
)
def test_a_typed_row_that_is_wrong_stores_nothing(
    client: TestClient[Litestar], change: dict[str, Any], words: str
) -> None:
    rows = [TYPED, {**TYPED, "external_id": "v2", **change}]
    body = problem(client.post(MANUAL, json={"posts": rows}), 400, "invalid_input")
    assert words in body["detail"]
    assert client.get("/v1/posts").json()["data"] == []
