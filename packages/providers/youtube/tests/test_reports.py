"""Reading reports: what a row says, what it does not say, and what can't be true."""

import json
from datetime import date
from typing import Any

import httpx
import pytest

from afterpost.sdk import ErrorKind, Failed, Measured, ProviderError
from afterpost_youtube import YouTube
from afterpost_youtube.reports import KIND, METRICS, days_of, refused_metric, report_of
from packages.providers.youtube.tests.wiring import always, scripted

JUNE = date(2026, 6, 1), date(2026, 6, 30)
DAY = date(2026, 6, 2)


def table(names: list[str], *rows: object, **more: object) -> bytes:
    """A report with those columns."""
    columns = [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in names]
    return json.dumps({"kind": KIND, "columnHeaders": columns, "rows": list(rows), **more}).encode()


def read(body: bytes) -> dict[date, dict[str, int | float]]:
    report = report_of(body)
    assert report is not None
    return {day: dict(values) for day, values in days_of(report, *JUNE).items()}


def test_columns_are_read_by_their_names_with_their_units() -> None:
    names = ["likes", "day", "estimatedMinutesWatched", "averageViewDuration", "views", "cardClicks"]
    assert read(table(names, [3, "2026-06-02", 12, 48, 15, 9])) == {
        DAY: {"likes": 3, "watch_time_seconds": 720, "avg_view_seconds": 48, "views": 15}
    }


@pytest.mark.parametrize(
    ("cell", "value"),
    [(0, 0), (7, 7), (18_552.0, 18_552), (-4, -4), (2**53 + 1, 2**53 + 1)],
)
def test_a_zero_is_a_fact_and_a_correction_can_be_negative(cell: object, value: int) -> None:
    assert read(table(["day", "likes"], ["2026-06-02", cell])) == {DAY: {"likes": value}}


@pytest.mark.parametrize("cell", [None, "7", True, [7], {"n": 7}, 1.5, 2**63, -(2**70), 10**30])
def test_a_cell_that_is_no_count_is_absent_and_the_others_stand(cell: object) -> None:
    assert read(table(["day", "likes", "comments"], ["2026-06-02", cell, 1])) == {DAY: {"comments": 1}}


@pytest.mark.parametrize(
    ("views", "average", "told"),
    [(10, 31, 31), (10, 30.5, 30.5), (10, -1, None), (0, 0, None), (None, 0, None)],
)
def test_an_average_over_no_views_is_none(views: object, average: object, told: float | None) -> None:
    found = read(table(["day", "likes", "views", "averageViewDuration"], ["2026-06-02", 1, views, average]))
    assert found[DAY].get("avg_view_seconds") == told


@pytest.mark.parametrize("minutes", ["12", None, True, -(2**70)])
def test_minutes_that_are_none_are_no_seconds(minutes: object) -> None:
    assert read(table(["day", "likes", METRICS["watch_time_seconds"]], ["2026-06-02", 1, minutes])) == {
        DAY: {"likes": 1}
    }


@pytest.mark.parametrize(
    "row",
    [
        ["yesterday", 5],
        ["20260603", 5],
        [20_260_603, 5],
        [None, 5],
        ["2026-06-03"],
        ["2026-06-03", 5, 6],
        ["2026-06-03", None],
        ["2026-05-31", 5],
        ["2026-07-01", 5],
        {"day": "2026-06-03"},
        "2026-06-03",
        None,
    ],
)
def test_a_row_that_can_not_be_relied_on_is_no_day_and_the_others_stand(row: object) -> None:
    assert read(table(["day", "likes"], row, ["2026-06-02", 4])) == {DAY: {"likes": 4}}


async def test_without_rows_there_is_no_data_and_no_zero() -> None:
    bare: dict[str, Any] = {"kind": KIND, "columnHeaders": [{"name": "day"}]}
    for answer in (bare, bare | {"rows": []}):
        outcomes = await YouTube().fetch_daily(always(200, json.dumps(answer).encode()), ["a"], *JUNE)
        outcome = outcomes["a"]
        assert isinstance(outcome, Measured)
        assert outcome.reading.daily == {}


async def test_what_has_no_column_is_named() -> None:
    names = ["day", *(native for native in METRICS.values() if native != "shares")]
    outcomes = await YouTube().fetch_daily(always(200, table(names)), ["a"], *JUNE)
    outcome = outcomes["a"]
    assert isinstance(outcome, Measured)
    assert outcome.partial == ("shares",)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"null",
        b"[" * 200_000,
        table(["likes"], [4]),
        table(["day"], errors={"code": "FORBIDDEN"}),
        table(["day"]).replace(b"resultTable", b"other"),
        table(["day"]).replace(b'"rows": []', b'"rows": {}'),
        table(["day"]).replace(b'"day"', b"5"),
        json.dumps({"kind": KIND, "rows": []}).encode(),
    ],
)
async def test_what_is_no_report_is_never_read_as_no_data(body: bytes) -> None:
    with pytest.raises(ProviderError) as raised:
        await YouTube().fetch_daily(always(200, body), ["a"], *JUNE)
    assert raised.value.kind is ErrorKind.UPSTREAM_MALFORMED


def unknown(name: str) -> bytes:
    """The refusal of a metric, as the API words it."""
    message = f"Unknown identifier ({name}) given in field parameters.metrics."
    return json.dumps(
        {"error": {"code": 400, "message": message, "errors": [{"reason": "invalid"}]}}
    ).encode()


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (unknown("likes"), "likes"),
        (unknown("shares"), None),
        (unknown("li\nkes"), None),
        (unknown("likes").replace(b"metrics", b"filters"), None),
        (b'{"error": "Unknown identifier (likes) given in field parameters.metrics"}', None),
        (b'{"error": {"message": 5}}', None),
        (b"[]", None),
        (b"[" * 200_000, None),
        (b"<html>", None),
    ],
)
def test_only_a_metric_that_was_asked_for_can_be_refused(body: bytes, name: str | None) -> None:
    assert refused_metric(body, ["views", "likes"]) == name


async def test_a_refusal_that_repeats_itself_is_told_after_two_calls() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        names = request.url.params["metrics"].split(",")
        asked.append(names[0])
        return httpx.Response(400, content=unknown(names[0]))

    outcome = (await YouTube().fetch_daily(scripted(answer), ["a"], *JUNE))["a"]
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.BAD_REQUEST
    assert asked == list(METRICS.values())[:2]
