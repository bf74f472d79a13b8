"""Requests made up from the API's own description: none is answered 5xx, and most are no mistakes.

Of what is made up to fit the description, ids of posts, brands, accounts and runs are replaced by ones that
are there, or everything would be 404; a third of the requests is made up not to fit.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from tests.running import API_KEY, post, serving

REQUESTS = int(os.environ.get("AFTERPOST_FUZZ_REQUESTS", "5000"))
IDS = ("post_id", "brand_id", "account_id", "run_id")
HEADERS = {"Authorization": f"Bearer {API_KEY}"}
READING = {
    "platform": "tube",
    "external_id": "v1",
    "published_at": "2026-01-05T09:00:00Z",
    "observed_at": "2026-01-06T10:00:00Z",
    "metrics": {"views": 1000, "likes": 50, "comments": 5, "shares": 2},
    "title": "How to begin",
}


def with_what_is_there(case: Any) -> Any:
    """The request, about the post, brand, account and run that there are."""
    for where in (case.path_parameters, case.query):
        for name in set(IDS) & set(where or ()):
            where[name] = 1
    if case.path_parameters and "platform" in case.path_parameters:
        case.path_parameters["platform"] = "tube"
    # No cursor can be made up, and windows are made up within reason by whoever asks.
    for name in ("cursor", "start_date", "end_date", "before", "as_of"):
        (case.query or {}).pop(name, None)
    return case


def test_thousands_of_requests_and_no_failure(tmp_path: Path) -> None:
    answers: dict[str, Counter[int]] = {"fits": Counter(), "does not": Counter()}
    failed: list[str] = []
    with serving(tmp_path) as client:
        post(client, "/v1/ingest", {"posts": [READING], "brand": "North"})
        base = str(client.base_url).rstrip("/")
        schema = schemathesis.openapi.from_url(f"{base}/schema/openapi.json")
        found = list(schema.get_all_operations())
        operations = [each.ok() for each in found if isinstance(each, Ok)]
        assert len(operations) == len(found)
        assert len(operations) > 40
        # Not everything can be asked wrongly: what is missing for that is asked as it fits.
        for mode, asked in (("does not", REQUESTS // 3), ("fits", REQUESTS)):
            each = -(-(asked - answers["does not"].total()) // len(operations))
            for operation in operations:
                _ask(operation, mode, each, base, answers[mode], failed)
    told = {mode: dict(sorted(counted.items())) for mode, counted in answers.items()}
    print(f"\n{sum(map(Counter.total, answers.values()))} requests: {told}")
    assert failed == [], "\n".join(failed[:10])
    assert sum(map(Counter.total, answers.values())) >= REQUESTS
    good = sum(n for status, n in answers["fits"].items() if status < 400)
    assert good > answers["fits"].total() / 2


def _ask(
    operation: Any, mode: str, examples: int, base: str, answers: Counter[int], failed: list[str]
) -> None:
    """So many requests of one operation."""
    modes = schemathesis.GenerationMode
    wanted = modes.POSITIVE if mode == "fits" else modes.NEGATIVE
    made = 0

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.data())
    def ask(data: st.DataObject) -> None:
        nonlocal made
        case = data.draw(operation.as_strategy(generation_mode=wanted))
        if mode == "fits":
            case = with_what_is_there(case)
        answer = case.call(base_url=base, headers=HEADERS, timeout=30)
        made += 1
        answers[answer.status_code] += 1
        if answer.status_code >= 500 and answer.status_code != 502:  # 502: a platform could not be read
            failed.append(f"{case.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}")

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        return  # an operation that takes nothing can't be asked wrongly
    # Few different requests can be made of an operation without parameters: it is asked the same again.
    while made < examples and made and mode == "fits":
        ask()
