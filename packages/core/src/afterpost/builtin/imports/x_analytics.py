"""X's exports of posts: today's analytics of content, and the tweet activity of before."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar
from zoneinfo import ZoneInfo

from afterpost.builtin.imports.cells import CellError, as_linked, post_id, shown
from afterpost.builtin.imports.columns import Column, counter
from afterpost.builtin.imports.post_export import Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import Published, english_day, publication
from afterpost.sdk import FileContext

_ID = re.compile(r"[0-9]{1,19}")
_HANDLE = re.compile(r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/([^/?#\s]+)/status/.*")
_SPACED_OFFSET = re.compile(r" ([+-][0-9]{2}:?[0-9]{2})$")


class _XFormat(PostExport):
    """What both have in common; the names of their columns differ."""

    platform = "x"
    _id: ClassVar[str]
    _link: ClassVar[str]
    _text: ClassVar[str]
    _time: ClassVar[str]

    @abstractmethod
    def published(self, cell: str, zone: ZoneInfo | None) -> Published:
        """When a post was published."""

    def described(self, row: Row, context: FileContext) -> Described:
        post = row.text(self._id, _numeric)
        if not row.cell(self._id):
            row.problems.append(f"{self._id}: the id is missing")
        link = row.cell(self._link).strip()
        # A spreadsheet keeps fifteen digits of a number, and zeros for the rest.
        if post:
            row.text(self._id, lambda _: as_linked(post, self.platform, link, self._link))
        handle = _HANDLE.fullmatch(link)
        return Described(
            external_id=post,
            published=row.published(self._time, lambda cell: self.published(cell, context.time_zone)),
            description=row.cell(self._text),
            url=link,
            account=handle[1] if handle else None,
        )


class XContent(_XFormat):
    """Account analytics, the table of content."""

    name = "x_content"
    title = "X account analytics, content"
    note = (
        "Counters are stored as lifetime totals when the file was downloaded: choose the longest period that "
        "X offers."
    )
    needed = ("Post id", "Post text", "Impressions")
    columns: ClassVar[Mapping[str, Column]] = {
        "Impressions": counter("impressions"),
        "Likes": counter("likes"),
        "Replies": counter("comments"),
        "Reposts": counter("shares"),
        "Bookmarks": counter("saves"),
        "New follows": counter("follows"),
        "Profile visits": counter("clicks_profile"),
        "Detail Expands": counter("clicks_post"),
        "URL Clicks": counter("clicks_link"),
        "Hashtag Clicks": counter("x_x_hashtag_clicks"),
        "Permalink Clicks": counter("x_x_permalink_clicks"),
        "Shares": counter("x_x_share_button"),
        "Engagements": counter("x_x_engagements"),
    }
    describing = ("Post id", "Date", "Post text", "Post Link")
    _id, _link, _text, _time = "Post id", "Post Link", "Post text", "Date"

    def published(self, cell: str, zone: ZoneInfo | None) -> Published:
        return publication(cell, zone=zone, read_day=english_day)


class XTweetActivity(_XFormat):
    """Tweet activity, as Twitter exported it by month."""

    name = "x_tweet_activity"
    title = "X tweet activity (legacy)"
    note = "Counters are stored as lifetime totals when the file was downloaded; promoted ones are left out."
    needed = ("Tweet id", "Tweet text", "time", "impressions")
    columns: ClassVar[Mapping[str, Column]] = {
        "impressions": counter("impressions"),
        "likes": counter("likes"),
        "favorites": counter("likes"),
        "replies": counter("comments"),
        "retweets": counter("shares"),
        "follows": counter("follows"),
        "user profile clicks": counter("clicks_profile"),
        "detail expands": counter("clicks_post"),
        "url clicks": counter("clicks_link"),
        "hashtag clicks": counter("x_x_hashtag_clicks"),
        "permalink clicks": counter("x_x_permalink_clicks"),
        "engagements": counter("x_x_engagements"),
        "media views": counter("x_x_media_views"),
        "media engagements": counter("x_x_media_engagements"),
    }
    _own = ("engagement rate", "app opens", "app installs", "email tweet", "dial phone")
    describing = (
        *("Tweet id", "Tweet permalink", "Tweet text", "time", *_own),
        # What advertising paid for is no part of a post's own numbers.
        *(f"promoted {name}" for name in columns),
        *("promoted engagement rate", "promoted app opens", "promoted app installs"),
        *("promoted email tweet", "promoted dial phone"),
    )
    _id, _link, _text, _time = "Tweet id", "Tweet permalink", "Tweet text", "time"

    def published(self, cell: str, zone: ZoneInfo | None) -> Published:
        return publication(_SPACED_OFFSET.sub(r"\1", cell.strip()), zone=zone)


def _numeric(cell: str) -> str:
    written = post_id(cell.strip())
    if not _ID.fullmatch(written):
        raise CellError(f"{shown(cell)} is no id: up to nineteen digits")
    return written
