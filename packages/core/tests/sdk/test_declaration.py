"""What can be read off a provider's declaration, and what the contract does where a provider says nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import httpx
import pytest

from afterpost import sdk

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHORTS = sdk.DefinitionChange(date(2025, 3, 31), "Starts count.")
DECLARED = sdk.Capabilities(
    platform="net",
    display_name="Net",
    metrics=(
        sdk.MetricSpec(name="views", native="v", definition="2025-03-31", changes=(SHORTS,)),
        sdk.MetricSpec(name="shares", native="s", kind=sdk.Kind.DAILY, day_zone="UTC", scopes=("deep",)),
        sdk.MetricSpec(name="x_net_mood", native="m", kind=sdk.Kind.GAUGE, scopes=("read", "deep")),
    ),
    account_metrics=(sdk.MetricSpec(name="followers", native="f", kind=sdk.Kind.GAUGE, scopes=("read",)),),
    costs=(sdk.Cost(operation="list_posts", call=sdk.Spend(1, 2), item=sdk.Spend(money=1_000)),),
)


class Silent(sdk.Provider):
    """Says no more than it must."""

    @property
    def capabilities(self) -> sdk.Capabilities:
        return DECLARED

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        return {}

    async def refresh(self, call: sdk.Call) -> sdk.Credential:
        return sdk.Credential(secrets={"access_token": sdk.Secret("fresh")})


def call_with(**secrets: str) -> sdk.Call:
    """A call with these secrets."""
    held = {name: sdk.Secret(value) for name, value in secrets.items()}
    return sdk.Call(client=httpx.AsyncClient(), credential=sdk.Credential(secrets=held), now=NOW)


def test_daily_metrics_belong_to_no_reading_of_totals() -> None:
    assert DECLARED.definitions() == {"views": "2025-03-31", "x_net_mood": "1"}
    assert DECLARED.kinds() == {"x_net_mood": sdk.Kind.GAUGE}


def test_cost_of_a_call() -> None:
    assert DECLARED.cost("list_posts", 50) == sdk.Spend(requests=1, units=2, money=50_000)
    assert DECLARED.cost("fetch_metrics", 50) == sdk.Spend(requests=1)


def test_what_a_grant_does_not_give() -> None:
    assert DECLARED.lacking(["read", "deep"]) == {}
    assert DECLARED.lacking(["read"]) == {"shares": ("deep",), "x_net_mood": ("deep",)}
    assert DECLARED.lacking([])["followers"] == ("read",)


@pytest.mark.parametrize("way", [1, -1])
def test_a_metric_that_is_offered_in_two_ways_is_lacking_where_neither_is_granted(way: int) -> None:
    total = sdk.MetricSpec(name="likes", native="l", scopes=("read",))
    by_day = sdk.MetricSpec(
        name="likes", native="d", kind=sdk.Kind.DAILY, day_zone="UTC", scopes=("read", "deep")
    )
    both = sdk.Capabilities(platform="net", display_name="Net", metrics=(total, by_day)[::way])
    assert both.lacking(["read"]) == {}
    assert both.lacking(["deep"]) == {"likes": ("read",)}


@pytest.mark.parametrize(
    ("start", "end", "crosses"),
    [
        ("2025-03-30", "2025-03-31", True),
        ("2025-03-31", "2025-04-02", False),
        ("2025-03-01", "2025-03-30", False),
    ],
)
def test_a_comparison_across_a_redefinition_is_told(start: str, end: str, crosses: bool) -> None:
    found = list(DECLARED.crossed(date.fromisoformat(start), date.fromisoformat(end)))
    assert found == ([("views", SHORTS)] if crosses else [])


async def test_a_refresh_token_that_was_typed_is_exchanged() -> None:
    signed_in = await Silent().sign_in(call_with(refresh_token="r"))
    assert signed_in.secret("access_token") == "fresh"
    kept = call_with(refresh_token="r", access_token="a")
    assert await Silent().sign_in(kept) is kept.credential


async def test_what_a_provider_does_not_offer_is_said_so() -> None:
    call = call_with()
    grant = sdk.CodeGrant(code=sdk.Secret("c"), verifier=None, redirect_uri="http://127.0.0.1/")
    with pytest.raises(sdk.ProviderError, match="no OAuth sign-in") as error:
        await Silent().exchange_code(call, grant)
    assert error.value.kind is sdk.ErrorKind.BAD_REQUEST
    with pytest.raises(sdk.ProviderError, match="no series by day"):
        await Silent().fetch_daily(call, ["1"], NOW.date(), NOW.date())
    assert (await Silent().fetch_account(call)).values == {}
    assert Silent().oauth is None
    assert "'c'" not in repr(grant)
