"""What can be asked of a provider once an account is connected."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from afterpost.sdk.provider import Call
from afterpost.testing.conformance.lab import Lab

Act = Callable[[Call], Awaitable[object]]


def acts(lab: Lab, ids: Sequence[str]) -> dict[str, Act]:
    """Method -> a call of it, for every method that reads and that the provider has."""
    provider = lab.provider
    every: dict[str, Act] = {
        "check": provider.check,
        "list_posts": lambda call: provider.list_posts(call, None),
        "fetch_metrics": lambda call: provider.fetch_metrics(call, ids),
        "fetch_account": provider.fetch_account,
        "fetch_daily": lambda call: provider.fetch_daily(
            call,
            ids[: lab.declared.daily_batch_size],
            call.now.date() - timedelta(days=5),
            call.now.date() - timedelta(days=1),
        ),
    }
    return {name: act for name, act in every.items() if lab.overrides(name)}


def renewal(lab: Lab) -> dict[str, Act]:
    """The same for renewing a credential."""
    return {"refresh": lab.provider.refresh} if lab.overrides("refresh") else {}
