"""For one organisation nothing changes: the same answers to the byte, on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient

from afterpost.api import build_plugins, create_app, open_core
from packages.core.tests.databases import server_url
from packages.core.tests.house import Clock, at, settings_in, synced, tell, told
from packages.ee.tests.place import EE

READS = (
    "/v1/analytics/overview",
    "/v1/analytics/timeseries",
    "/v1/analytics/platforms",
    "/v1/analytics/brands/leaderboard",
    "/v1/analytics/organizations/leaderboard",
    "/v1/brands/1/analytics",
    "/v1/brands",
    "/v1/posts",
    "/v1/posts/1/analytics",
    "/v1/posts/1/observations",
    "/v1/runs/1",
    "/v1/content-performance/summary/weekly?start_date=2026-11-16&end_date=2026-11-21",
    "/v1/content-performance/analytics-sync/status",
)


def answers(folder: Path, installed: Sequence[EntryPoint], engine: str) -> dict[str, bytes]:
    """What is said of the same few posts, by HTTP with the operator's key."""
    name = f"with {len(installed)}"
    url = f"sqlite:///{folder / name}.db" if engine == "sqlite" else server_url(folder, name)
    settings = msgspec.structs.replace(settings_in(folder, name), database_url=url, collect=False)
    core = open_core(settings, build_plugins(settings, {}, installed=installed), clock=Clock())
    for day, views in (("2026-11-16", 5), ("2026-11-18", 9), ("2026-11-20", 30)):
        tell(core, told("a", at(day), {"views": views, "likes": 1}, title="First"), brand="Rye")
        tell(core, told("b", at(day), {"views": views * 2}))
    synced(core)
    key = {"Authorization": f"Bearer {settings.api_key}"}
    post = {"platform": "tube", "external_id": "n", "metrics": {"views": 1}}
    with TestClient(create_app(core)) as client:
        said = {path: client.get(path, headers=key) for path in READS}
        said["ingest"] = client.post("/v1/ingest", headers=key, json={"posts": [post]})
        said["wrong key"] = client.get("/v1/posts", headers={"Authorization": "Bearer apk_no"})
        said["no post"] = client.get("/v1/posts/9", headers=key)
    assert [answer.status_code for answer in said.values()] == [200] * len(READS) + [200, 401, 404]
    return {path: answer.content for path, answer in said.items()}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_single_tenant_is_answered_the_same_with_it(tmp_path: Path, engine: str) -> None:
    alone = answers(tmp_path, [], engine)
    assert answers(tmp_path, [EE], engine) == alone
    assert b"First" in alone["/v1/posts"]
    assert b"30" in alone["/v1/posts/1/analytics"]
