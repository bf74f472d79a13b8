"""Panels: a chart that a plugin adds to a page, as data and no HTML."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct, json

Slot = Literal["overview", "brand", "post"]


class Panel(Struct, frozen=True, kw_only=True):
    """A Vega-Lite chart. `id` is unique over all plugins; `slot` is the page it belongs to.

    `spec` is a Vega-Lite specification without data. `data_url` gives the data: a path of this server under
    /v1/, asked with the reader's own key.
    """

    id: str
    title: str
    slot: Slot
    spec: Mapping[str, Any]
    data_url: str

    def __post_init__(self) -> None:
        """ValueError for a panel that would bring in data from elsewhere, or markup."""
        if not self.data_url.startswith("/v1/"):
            raise ValueError(f"the data of panel {self.id!r} must come from a path under /v1/")
        if self.slot not in get_args(Slot):
            raise ValueError(f"panel {self.id!r} has no slot {self.slot!r}")
        if "data" in self.spec or b'"url"' in json.encode(self.spec):
            raise ValueError(f"the spec of panel {self.id!r} must name no data and no URL")
