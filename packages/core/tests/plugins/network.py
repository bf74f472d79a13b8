"""A plugin with a network that needs no wire: it answers from a dict."""

from collections.abc import Iterable, Mapping, Sequence

from afterpost import hookimpl
from afterpost.sdk import (
    AccountProfile,
    Call,
    Capabilities,
    Gone,
    Measured,
    MetricSpec,
    Outcome,
    Page,
    PostInfo,
    Provider,
    Reading,
)


class Table(Provider):
    """Posts and their views from a dict that the test fills."""

    def __init__(self, platform: str = "table") -> None:
        self.platform = platform
        self.views: dict[str, int] = {}
        self.asked: list[tuple[str, ...]] = []
        self.error: Exception | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Views, two posts a batch."""
        return Capabilities(
            platform=self.platform,
            display_name="Table",
            metrics=(MetricSpec(name="views", native="views"),),
            batch_size=2,
        )

    async def check(self, call: Call) -> AccountProfile:
        """One account."""
        return AccountProfile(external_id="me", handle="@me", name="Me")

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """All posts on one page."""
        return Page(tuple(PostInfo(external_id=key, published_at=call.now) for key in self.views))

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The dict's numbers, or the error."""
        self.asked.append(tuple(ids))
        if self.error is not None:
            raise self.error
        return {key: self._outcome(call, key) for key in ids}

    def _outcome(self, call: Call, key: str) -> Outcome:
        if key not in self.views:
            return Gone()
        return Measured(
            reading=Reading(
                observed_at=call.now,
                values={"views": self.views[key]},
                definitions=self.capabilities.definitions(),
                published_at=call.now,
            )
        )


class NetworkPlugin:
    """The plugin, with its providers at hand."""

    def __init__(self, *providers: Provider) -> None:
        self._providers = providers

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """The given providers."""
        return self._providers
