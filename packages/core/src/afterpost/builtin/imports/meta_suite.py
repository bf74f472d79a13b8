"""Meta Business Suite's exports of content: the posts of an Instagram account, or of a Facebook page."""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from afterpost.builtin.imports.cells import CellError, account, post_id, shown
from afterpost.builtin.imports.columns import Column, counter, money, seconds
from afterpost.builtin.imports.post_export import Described, PostExport, type_in
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import american_publication
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.sdk import FileContext, LineError, LineSkipped
from afterpost.sdk.formats import FileItem

COMMENTS = 20
"""Different comments of Meta on its data that become notes."""
_DIGITS = re.compile(r"[0-9]{1,32}(?:_[0-9]{1,32})?")


class _MetaFormat(PostExport):
    """What both have in common: totals for a post's life, publication by the clocks of the account."""

    note = (
        "Counters are lifetime totals when the file was downloaded. Impressions of older files stay "
        "impressions."
    )
    _types: ClassVar[dict[str, str]]

    def require(self, context: FileContext) -> None:
        if context.time_zone is None:
            raise InvalidInput(
                "Publish times in this file are those of the account's own time zone, and the file does not "
                "say which that is.",
                hint="Say it, for example Europe/Berlin (`--time-zone`, over HTTP `time_zone`).",
            )

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileItem]:
        commented: dict[str, int] = {}
        column = next((n for n, name in enumerate(header) if plain_name(name) == "Data comment"), None)

        def noticed() -> Iterator[tuple[int, Sequence[str]]]:
            for line, cells in rows:
                said = cells[column].strip() if column is not None and column < len(cells) else ""
                if said and len(commented) < COMMENTS:
                    commented.setdefault(said, line)
                yield line, cells

        items = super().read(header, noticed(), context)

        def followed() -> Iterator[FileItem]:
            yield from items
            for said, line in commented.items():
                yield LineError(1, f"Meta's comment on the data of line {line}: {said[:500]}")

        return followed()

    def skip(self, row: Row) -> LineSkipped | None:
        """Lines of single days: one day's numbers are no totals."""
        period = row.cell("Date").strip()
        if period.casefold() in ("lifetime", ""):
            return None
        return LineSkipped(
            row.line, "not_lifetime", f"Its numbers are those of {shown(period)}: export with Lifetime."
        )

    def described(self, row: Row, context: FileContext) -> Described:
        zone = context.time_zone
        if zone is None:
            raise TypeError("`require` was not asked")
        post = row.text("Post ID", _numeric)
        if not row.cell("Post ID"):
            row.problems.append("Post ID: the id is missing")
        return self.told(
            row,
            Described(
                external_id=post,
                published=row.published("Publish time", lambda cell: american_publication(cell, zone)),
                description=row.cell("Description"),
                url=row.cell("Permalink"),
                content_type=type_in(row.cell("Post type"), self._types),
            ),
        )

    @abstractmethod
    def told(self, row: Row, post: Described) -> Described:
        """With what only one of the two says."""


class InstagramPosts(_MetaFormat):
    """Posts of an Instagram account."""

    name = "meta_instagram_posts"
    title = "Meta Business Suite, Instagram posts"
    platform = "instagram"
    needed = ("Post ID", "Account ID", "Publish time")
    columns: ClassVar[Mapping[str, Column]] = {
        "Views": counter("views"),
        "Impressions": counter("impressions"),
        "Reach": counter("reach"),
        "Likes": counter("likes"),
        "Shares": counter("shares"),
        "Follows": counter("follows"),
        "Comments": counter("comments"),
        "Saves": counter("saves"),
    }
    describing = (
        *("Post ID", "Account ID", "Account username", "Account name", "Description", "Duration (sec)"),
        *("Publish time", "Permalink", "Post type", "Data comment", "Date"),
    )
    _types: ClassVar[dict[str, str]] = {
        "ig image": "image",
        "ig carousel": "carousel",
        "ig reel": "reel",
        "ig video": "video",
        "ig story": "story",
    }

    def told(self, row: Row, post: Described) -> Described:
        return post._replace(account=row.described("Account username", account))


class FacebookPosts(_MetaFormat):
    """Posts of a Facebook page."""

    name = "meta_facebook_posts"
    title = "Meta Business Suite, Facebook posts"
    platform = "facebook"
    needed = ("Post ID", "Page ID", "Publish time")
    columns: ClassVar[Mapping[str, Column]] = {
        "Views": counter("views"),
        "Impressions": counter("impressions"),
        "Reach": counter("reach"),
        "Reactions": counter("likes"),
        "Comments": counter("comments"),
        "Shares": counter("shares"),
        "Link Clicks": counter("clicks_link"),
        "Other Clicks": counter("clicks_post"),
        "Total clicks": counter("x_facebook_total_clicks"),
        "Seconds viewed": seconds("watch_time_seconds", total=True),
        "Average Seconds viewed": seconds("avg_view_seconds"),
        "Estimated earnings (USD)": money("x_facebook_estimated_earnings_micros"),
    }
    describing = (
        *("Post ID", "Page ID", "Page name", "Title", "Description", "Duration (sec)", "Publish time"),
        *("Caption type", "Permalink", "Is crosspost", "Is share", "Post type", "Languages", "Custom labels"),
        *("Funded content status", "Data comment", "Date", "Reactions, Comments and Shares"),
    )
    _types: ClassVar[dict[str, str]] = {
        "photos": "image",
        "videos": "video",
        "reels": "reel",
        "stories": "story",
        "links": "link",
        "text": "text",
    }

    def told(self, row: Row, post: Described) -> Described:
        return post._replace(title=row.cell("Title"), account=row.described("Page name", account))


def _numeric(cell: str) -> str:
    written = post_id(cell.strip())
    if not _DIGITS.fullmatch(written):
        raise CellError(f"{shown(cell)} is no id: digits alone")
    return written
