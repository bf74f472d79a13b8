"""Core's own plugin for whoever operates it: what was collected, as a billing report."""

from collections.abc import Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import BillingReport, Column, PluginContext, Reads, Scope, Window


class CollectionUsage(BillingReport):
    """How many posts were read, by day and platform, and how each read ended."""

    id = "collection-usage"
    title = "Collection usage"
    columns: Sequence[Column] = (
        Column("date", "day the run began, in the organisation's zone"),
        Column("platform", "platform slug"),
        Column("stored", "posts with a number that changed"),
        Column("unchanged", "posts read with no number changed"),
        Column("skipped", "posts not read, or confirmed gone"),
        Column("failed", "posts that could not be read"),
    )

    async def run(
        self, reads: Reads, scope: Scope, window: Window
    ) -> Sequence[Mapping[str, str | int | float | None]]:
        """One row a day and platform that had a run; days without one are absent."""
        return await reads.collection_usage(scope, window)


@hookimpl
def register_billing_reports(context: PluginContext) -> list[BillingReport]:
    """One report, `collection-usage`; it needs no settings."""
    return [CollectionUsage()]
